"""How many threads a compiled loop is worth."""

import threading
from contextlib import contextmanager
from functools import cache

import numba

# Waking threads costs microseconds on an idle machine and milliseconds on a busy
# one, so a loop has to last about a millisecond to be shared out.
_WORTH_SHARING = 2_000_000

# For loops while several Python threads run, as in a Dask worker: they would share the
# same cores, and numba has a threading layer that two may not enter at a time.
one_at_a_time = threading.RLock()


@cache
def _launch():
    """Start numba's threads, once.

    Over OpenMP, whoever does it has the number of threads set for all that OpenMP
    runs in the calling thread: torch, told to use one, went on with all of them. So a
    thread is called that does nothing else.
    """
    launcher = threading.Thread(target=numba.get_num_threads)
    launcher.start()
    launcher.join()


@contextmanager
def threads_for(n_operations):
    """Within, numba's parallel loops use one thread unless the work is large.

    Parameters
    ----------
    n_operations : int
        Number of array entries that the loop reads, roughly.
    """
    _launch()
    with one_at_a_time:
        if n_operations >= _WORTH_SHARING:
            yield
        else:
            with loop_threads(1):
                yield


@contextmanager
def loop_threads(n_threads):
    """Within, numba's parallel loops use so many threads, or all there are if fewer."""
    _launch()
    n_before = numba.get_num_threads()
    numba.set_num_threads(min(n_threads, numba.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        numba.set_num_threads(n_before)
