"""A pool of processes that end with their parent."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def process_pool(n_jobs):
    """Open a pool of processes; an error or Ctrl-C cancels all waiting tasks.

    Parameters
    ----------
    n_jobs : int

    Yields
    ------
    pool : ProcessPoolExecutor
    """
    # OpenMP's threads do not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_jobs, spawn, initializer=_end_with_parent) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _end_with_parent():
    """Exit when the parent process is killed, instead of continuing to write."""

    def wait():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
