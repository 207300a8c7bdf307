"""Processes for independent work, that end when the one they work for does."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def process_pool(n_jobs):
    """A pool of processes; on Ctrl-C what has not begun is not begun.

    Parameters
    ----------
    n_jobs : int

    Yields
    ------
    pool : ProcessPoolExecutor
    """
    # Begun afresh: what OpenMP has running does not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_jobs, spawn, initializer=_end_with_parent) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _end_with_parent():
    """Let killed work stop: left alone, its processes would go on writing."""

    def wait():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
