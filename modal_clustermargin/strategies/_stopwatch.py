"""Seconds of the stages of a piece of work, none counted twice."""

import time
from contextlib import contextmanager


class Stopwatch:
    """Adds up seconds by stage; a stage inside another stops the outer one.

    Parameters
    ----------
    stages : iterable of str

    Attributes
    ----------
    seconds : dict of str to float
    """

    def __init__(self, stages):
        self.seconds = dict.fromkeys(stages, 0.0)
        self._open = []
        self._since = None

    @contextmanager
    def stage(self, name):
        """Count what is done inside for this stage."""
        self._settle()
        self._open.append(name)
        try:
            yield
        finally:
            self._settle()
            self._open.pop()

    def _settle(self):
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now
