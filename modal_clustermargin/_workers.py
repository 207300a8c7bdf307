"""Calls of functions on the workers of a Dask cluster, whatever becomes of a worker.

dask and distributed are imported by this file and by `pools._chunked_rows`, and only
when there is something to call.
"""

import os
import time
from contextlib import contextmanager
from functools import cached_property

# Workers may die so often during one call, before it is what they die of.
_MOST_ATTEMPTS = 5
_MISSED_AFTER = 0.5  # seconds


@contextmanager
def dask_workers(who):
    """The workers of the current Dask client.

    If there is none, one worker in this process, for as long as it takes: what runs
    on all cores then are the loops, not the calls.

    Parameters
    ----------
    who : str
        Name to give in error messages.

    Yields
    ------
    workers : Workers

    Raises
    ------
    ImportError
        If distributed is not installed.

    ValueError
        If the current client is closed, or an asynchronous one.
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
            yield Workers(client, n_loop_threads=os.cpu_count())
        return
    if client.status != "running":
        raise ValueError(
            f"{who} needs a Dask client that is running; the current one is"
            f" {client.status}. Make a new distributed.Client, or none at all for a"
            " worker in this process."
        )
    if client.asynchronous:
        raise ValueError(
            f"{who} cannot wait for a Dask client that is asynchronous. Make one with"
            " asynchronous=False."
        )
    yield Workers(client)


class Workers:
    """Whom to ask to call functions.

    Parameters
    ----------
    client : distributed.Client

    n_loop_threads : int, default=None
        Threads of a compiled loop on a worker. None: as many as the worker has.
    """

    def __init__(self, client, n_loop_threads=None):
        self.client = client
        self.n_loop_threads = n_loop_threads

    # What depends on these is to be the same if one dies, so they are looked up once.

    @cached_property
    def n_workers(self):
        """How many there are; one at least."""
        return max(1, len(self.client.nthreads()))

    @cached_property
    def n_threads(self):
        """Threads of all workers; one at least."""
        return max(1, sum(self.client.nthreads().values()))

    @cached_property
    def memory(self):
        """Bytes that a worker may hold, at the least; 4 GiB if nobody has said."""
        told = self.client.scheduler_info()["workers"].values()  # of some, at least
        limits = [worker["memory_limit"] for worker in told]
        return min(filter(None, limits), default=2**32)

    def check(self, function, *arguments):
        """Call a function on every worker, for what it raises."""
        self.client.run(function, *arguments)

    def each(self, function, calls, n_ahead):
        """Call a function for one tuple of arguments after another.

        Parameters
        ----------
        function : callable
            To be found on the workers by its name. Its arguments are not to be changed.

        calls : iterable of tuple
            Arguments, looked at when it is their turn. A `Shared` stands for its
            value, and a ``dask.delayed.Delayed`` for what it computes to.

        n_ahead : int
            Calls that are under way at a time.

        Yields
        ------
        number : int
            Which call, from 0.

        result :
            What it returned. In any order.

        Raises
        ------
        RuntimeError
            If one call after another loses its worker. What a function raises comes
            as it is.
        """
        from distributed import CancelledError, KilledWorker, as_completed

        calls = iter(enumerate(calls))
        under_way = {}
        completed = as_completed(loop=self.client.loop)

        def start(number, arguments, n_attempts=1):
            future = self._submit(function, arguments)
            under_way[future.key] = number, arguments, n_attempts
            completed.add(future)

        try:
            for _, call in zip(range(n_ahead), calls, strict=False):
                start(*call)
            for future in completed:
                number, arguments, n_attempts = under_way.pop(future.key)
                try:
                    result = future.result()
                except (CancelledError, KilledWorker) as error:
                    # A worker took with it what this call needed, or was killed.
                    if n_attempts == _MOST_ATTEMPTS:
                        raise RuntimeError(
                            f"{n_attempts} workers in a row were lost during a call of"
                            f" {function.__name__}. If their memory was full (their"
                            " logs tell), give them more, or smaller chunks."
                        ) from error
                    start(number, arguments, n_attempts + 1)
                    continue
                del future
                yield number, result
                for call in calls:
                    start(*call)
                    break
        finally:
            completed.clear()

    def _submit(self, function, arguments):
        from dask.delayed import Delayed

        sent = []
        for argument in arguments:
            if isinstance(argument, Shared):
                argument = argument.sent_by(self.client)
            elif isinstance(argument, Delayed):
                argument = self.client.compute(argument)
            sent.append(argument)
        return self.client.submit(
            _call, function, self.n_loop_threads, *sent, pure=False
        )


class Shared:
    """A value kept here, and sent to a worker when the first call needs it.

    Workers pass it on to one another. If all that had it are gone, it is sent again.
    """

    def __init__(self, value):
        self.value = value
        self._future = None

    def sent_by(self, client):
        """A future for it."""
        if self._future is None or self._future.status not in ("pending", "finished"):
            self._future = self._send(client)
        return self._future

    def _send(self, client):
        from distributed import TimeoutError

        for attempt in range(_MOST_ATTEMPTS):
            try:
                # In a list, since a tuple would be sent in parts.
                return client.scatter([self.value], hash=False)[0]
            except TimeoutError as error:
                raise RuntimeError(
                    "The Dask cluster has no workers to send data to. Start some, or"
                    " close the client to have the work done in this process."
                ) from error
            except OSError:
                # The worker that was to have it has died, and is not missed yet.
                if client.status != "running" or attempt + 1 == _MOST_ATTEMPTS:
                    raise
                time.sleep(_MISSED_AFTER)


def _call(function, n_loop_threads, *arguments):
    """On a worker: no more threads in its loops than it has."""
    from distributed import get_worker

    from modal_clustermargin._threads import loop_threads

    with loop_threads(n_loop_threads or get_worker().state.nthreads):
        return function(*arguments)
