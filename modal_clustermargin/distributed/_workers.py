"""Calls of functions on the workers of a Dask cluster, repeated if a worker is lost.

No other package imports dask and distributed. They are imported when a function is
called.
"""

import os
import time
import warnings
from contextlib import contextmanager
from itertools import islice

# Calls in progress per worker: while one call runs, the data of the next call arrive.
_CALLS_PER_WORKER = 2

# Attempts before the call itself is blamed for the loss of its workers.
_MAX_ATTEMPTS = 5

# Wait this many seconds before data are sent again: the scheduler may not have noticed
# the loss of a worker yet.
_RETRY_SECONDS = 0.5

# Look every 30 s whether there are workers; give up after another 300 s without them.
# An adaptive cluster starts without workers.
_MAX_SECONDS_ALONE = 300
_POLL_SECONDS = 30


@contextmanager
def dask_workers(who):
    """The workers of the current Dask client.

    Without a client, a cluster of one worker runs in this process until the block ends.
    Its calls run one after another, and their compiled loops use all cores. Raises
    ValueError if the current client is closed or asynchronous.
    """
    from distributed import Client, LocalCluster, default_client

    try:
        client = default_client()
    except ValueError:  # there is none
        cluster = LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            dashboard_address="127.0.0.1:0",
            memory_limit=None,
        )
        with cluster, Client(cluster, set_as_default=False) as client:
            yield Workers(client, n_loop_threads=os.cpu_count(), who=who)
        return
    if client.status != "running":
        raise ValueError(
            f"{who} needs a Dask client that is running; the current one is"
            f" {client.status}. Make a new distributed.Client, or make none: then a"
            " worker in this process is used."
        )
    if client.asynchronous:
        raise ValueError(
            f"{who} cannot wait for a Dask client that is asynchronous. Make one with"
            " asynchronous=False."
        )
    yield Workers(client, who=who)


class Workers:
    """The workers of a Dask client.

    A compiled loop on a worker uses `n_loop_threads`; None stands for the threads of
    the worker. `n_workers` is their number at the start, at least one, and `memory` the
    smallest memory limit of a worker in bytes, 4 GiB if no worker has one.
    """

    def __init__(self, client, n_loop_threads=None, who="modal_clustermargin"):
        self.client = client
        self.who = who
        self.n_loop_threads = n_loop_threads
        self.n_workers = max(1, len(client.nthreads()))
        infos = client.scheduler_info()["workers"].values()  # perhaps not of all
        limits = [info["memory_limit"] for info in infos]
        self.memory = min(filter(None, limits), default=2**32)

    def map_unordered(self, function, calls):
        """Call a function on the workers, once for each tuple of arguments.

        Yields ``(number, result)`` in any order; calls are numbered from 0. Workers
        must be able to import the function, and it must not change its arguments.
        `calls` is read as workers become free. A `Broadcast` among the arguments is
        replaced by its value, and a ``dask.delayed.Delayed`` by its result.

        Raises RuntimeError if a call loses its worker five times, or if the cluster has
        no workers for 300 seconds, and ModuleNotFoundError if a worker lacks a module.
        Other errors of the function are raised unchanged.
        """
        calls = iter(enumerate(calls))
        in_progress = {}

        def start(number, arguments, n_attempts=1):
            future = self._submit(function, arguments)
            in_progress[future] = number, arguments, n_attempts

        try:
            n_ahead = _CALLS_PER_WORKER * max(1, len(self.client.nthreads()))
            for call in islice(calls, n_ahead):
                start(*call)
            while in_progress:
                for future in self._wait(in_progress):
                    number, arguments, n_attempts = in_progress[future]
                    is_lost, result = self._result(future, n_attempts)
                    del in_progress[future]
                    if is_lost:
                        start(number, arguments, n_attempts + 1)
                        continue
                    future.release()
                    yield number, result
                    for call in islice(calls, 1):
                        start(*call)
        finally:
            # Otherwise a traceback keeps the futures, and their data on the workers,
            # alive.
            for future in in_progress:
                future.release()

    def _wait(self, futures):
        """Wait until some futures are done, or until workers have been missing long."""
        from distributed import CancelledError, TimeoutError, wait

        # `wait` also returns futures whose result was lost and is computed again.
        while not (done := [future for future in futures if future.done()]):
            try:
                with self.client.as_current():
                    wait([*futures], _POLL_SECONDS, "FIRST_COMPLETED")
            except CancelledError:
                pass
            except TimeoutError:
                if self.client.status == "running" and not self.client.nthreads():
                    self._wait_for_workers()
        return done

    def _wait_for_workers(self):
        from distributed import TimeoutError

        warnings.warn(
            f"{self.who} waits for workers: the Dask cluster of the current client has"
            f" none. An error follows after {_MAX_SECONDS_ALONE:.0f} seconds without"
            " workers.",
            stacklevel=2,
        )
        try:
            self.client.wait_for_workers(1, _MAX_SECONDS_ALONE)
        except TimeoutError:
            raise RuntimeError(_no_workers_message(self.who)) from None

    def _result(self, future, n_attempts):
        """Whether a call was lost with its worker, and its result."""
        from distributed import CancelledError, KilledWorker

        try:
            return False, future.result()
        except (CancelledError, KilledWorker) as error:
            if self.client.status != "running":
                raise
            if n_attempts < _MAX_ATTEMPTS:
                return True, None
            raise RuntimeError(
                f"{self.who} made a call on the Dask cluster {n_attempts} times, and"
                " each time a worker was lost. If the logs of the workers say that"
                " their memory was full, give them more memory, or use smaller chunks."
            ) from error
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"{self.who} made a call on a Dask worker, which lacks a module"
                f" ({error}). Install it there, or send a file of your own with"
                " client.upload_file.",
                name=error.name,
            ) from error

    def _submit(self, function, arguments):
        from dask.delayed import Delayed

        sent = []
        for argument in arguments:
            if isinstance(argument, Broadcast):
                argument = argument.sent_by(self.client, self.who)
            elif isinstance(argument, Delayed):
                argument = self.client.compute(argument)
            sent.append(argument)
        return self.client.submit(
            _call, function, self.n_loop_threads, *sent, pure=False
        )


class Broadcast:
    """A value for the arguments of many calls, sent to the cluster once.

    The value is sent when the first call needs it, and workers copy it from each other.
    It is sent again if all workers that had it are lost.
    """

    def __init__(self, value):
        self.value = value
        self._future = None

    def sent_by(self, client, who):
        """A future of the value."""
        from distributed import TimeoutError

        if self._future is not None and self._future.status in ("pending", "finished"):
            return self._future
        for n_left in reversed(range(_MAX_ATTEMPTS)):
            try:
                # In a list, since scatter would send each element of a tuple.
                [self._future] = client.scatter([self.value], hash=False)
                return self._future
            except TimeoutError as error:
                raise RuntimeError(_no_workers_message(who)) from error
            except TypeError as error:
                raise TypeError(
                    f"{who} cannot send a {type(self.value).__name__} to the workers of"
                    f" the Dask cluster: {error.args[0]}. Remove the parts that cannot"
                    " be pickled, or make a client with processes=False."
                ) from error
            except OSError:
                # The scheduler has not noticed yet that the receiving worker died.
                if client.status != "running" or not n_left:
                    raise
                time.sleep(_RETRY_SECONDS)


def this_process():
    """Name of this process in messages: the address of a worker, or "this process"."""
    from distributed import get_worker

    try:
        return f"the worker {get_worker().address}"
    except ValueError:
        return "this process"


def _no_workers_message(who):
    return (
        f"{who} finds no workers in the Dask cluster of the current client. Start some"
        " (client.wait_for_workers waits for them), or close the client to do the work"
        " in this process."
    )


def _call(function, n_loop_threads, *arguments):
    """Run one call at a time in the process of a worker, with threads for loops.

    The call may use a classifier that is not thread-safe.
    """
    from distributed import get_worker

    from modal_clustermargin._threads import loop_threads, one_at_a_time

    n_threads = n_loop_threads or get_worker().state.nthreads
    with one_at_a_time, loop_threads(n_threads):
        return function(*arguments)
