"""Whether the user pressed Ctrl-C."""

import signal
import threading
from contextlib import contextmanager


class Interrupts:
    """Remembers that there was one: callbacks raise KeyboardInterrupt too."""

    happened = False


@contextmanager
def noticed_interrupts():
    """Notice Ctrl-C within, and let it do what it does.

    Yields
    ------
    interrupts : Interrupts
        In other threads than the main one, which gets no signals, nothing happens.
    """
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(
        before
    ):
        yield interrupts
        return

    def notice(number, frame):
        interrupts.happened = True
        before(number, frame)

    signal.signal(signal.SIGINT, notice)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
