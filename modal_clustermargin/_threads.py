"""The number of threads of compiled loops."""

import threading
from contextlib import contextmanager
from functools import cache

import numba

# Waking threads takes microseconds on an idle machine and milliseconds on a busy one,
# so threads share a loop only if it takes about a millisecond.
_WORTH_SHARING = 2_000_000

# Held during loops: several Python threads, as in a Dask worker, would compete for the
# same cores, and one of numba's threading layers is not thread-safe.
one_at_a_time = threading.RLock()


@cache
def _launch():
    """Start numba's threads once, from a separate thread.

    With OpenMP, starting threads sets the number of OpenMP threads of the calling
    thread, so torch would use all cores even if it is set to use one.
    """
    launcher = threading.Thread(target=numba.get_num_threads)
    launcher.start()
    launcher.join()


@contextmanager
def threads_for(n_operations):
    """A block in which numba's parallel loops use one thread unless the work is large.

    `n_operations` is about the number of array entries that the loop reads.
    """
    _launch()
    n_threads = numba.get_num_threads() if n_operations >= _WORTH_SHARING else 1
    with one_at_a_time, loop_threads(n_threads):
        yield


@contextmanager
def loop_threads(n_threads):
    """A block in which numba's parallel loops use at most `n_threads` threads."""
    _launch()
    n_before = numba.get_num_threads()
    numba.set_num_threads(min(n_threads, numba.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        numba.set_num_threads(n_before)
