"""Calls of functions on the workers of a Dask cluster, whatever becomes of a worker.

distributed is imported by this file alone, and dask by it and by what reads chunks in
`pools`; only when there is something to call.
"""

import os
import time
import warnings
from contextlib import contextmanager
from itertools import islice

# Calls under way for each worker: while one runs, what the next needs arrives.
_CALLS_FOR_EACH = 2

# Workers may die so often during one call, before it is what they die of.
_MOST_ATTEMPTS = 5
_MISSED_AFTER = 0.5  # seconds

# Seconds for which a cluster may be without a worker (one that adapts begins so), and
# after which that is looked at.
_MOST_ALONE = 300
_LOOKED_AFTER = 30


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
            yield Workers(client, n_loop_threads=os.cpu_count(), who=who)
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
    yield Workers(client, who=who)


class Workers:
    """Whom to ask to call functions.

    Parameters
    ----------
    client : distributed.Client

    n_loop_threads : int, default=None
        Threads of a compiled loop on a worker. None: as many as the worker has.

    who : str
        Name to give in error messages.

    Attributes
    ----------
    n_workers : int
        How many there are at the beginning; one at least. What depends on it is to be
        the same if some die.

    memory : int
        Bytes that each of them may hold; 4 GiB if nobody has said.
    """

    def __init__(self, client, n_loop_threads=None, who="modal_clustermargin"):
        self.client = client
        self.who = who
        self.n_loop_threads = n_loop_threads
        self.n_workers = max(1, len(client.nthreads()))
        told = client.scheduler_info()["workers"].values()  # of some, at least
        limits = [worker["memory_limit"] for worker in told]
        self.memory = min(filter(None, limits), default=2**32)

    def check(self, function, *arguments):
        """Call a function on every worker, for what it raises."""
        self.client.run(function, *arguments)

    def each(self, function, calls):
        """Call a function for one tuple of arguments after another.

        Parameters
        ----------
        function : callable
            To be found on the workers by its name. Its arguments are not to be changed.

        calls : iterable of tuple
            Arguments, looked at when it is their turn. A `Shared` stands for its
            value, and a ``dask.delayed.Delayed`` for what it computes to.

        Yields
        ------
        number : int
            Which call, from 0.

        result :
            What it returned. In any order.

        Raises
        ------
        RuntimeError
            If one call after another loses its worker, or none comes for long.

        ModuleNotFoundError
            If a worker lacks a module. What else a function raises comes as it is.
        """
        from distributed import CancelledError, KilledWorker, as_completed

        calls = iter(enumerate(calls))
        under_way = {}
        completed = as_completed(loop=self.client.loop)

        def start(number, arguments, n_attempts=1):
            future = self._submit(function, arguments)
            under_way[future] = number, arguments, n_attempts
            completed.add(future)

        try:
            n_ahead = _CALLS_FOR_EACH * max(1, len(self.client.nthreads()))
            for call in islice(calls, n_ahead):
                start(*call)
            while under_way:
                future = self._next(completed, under_way)
                number, arguments, n_attempts = under_way[future]
                try:
                    result = future.result()
                except (CancelledError, KilledWorker) as error:
                    # A worker took with it what this call needed, or was killed.
                    if self.client.status != "running":
                        raise
                    if n_attempts == _MOST_ATTEMPTS:
                        raise RuntimeError(
                            f"{self.who} made a call on the Dask cluster {n_attempts}"
                            " times, and each time a worker was lost. If their memory"
                            " was full (their logs tell), give them more, or smaller"
                            " chunks."
                        ) from error
                    del under_way[future]
                    start(number, arguments, n_attempts + 1)
                    continue
                except ModuleNotFoundError as error:
                    raise ModuleNotFoundError(
                        f"{self.who} made a call on a Dask worker, which lacks a module"
                        f" ({error}). Install it there, or send a file of your own with"
                        " client.upload_file.",
                        name=error.name,
                    ) from error
                del under_way[future]
                future.release()
                yield number, result
                for call in islice(calls, 1):
                    start(*call)
        finally:
            # An error that is raised holds on to them, and to what they hold.
            for future in under_way:
                future.release()

    def _next(self, completed, under_way):
        """The next future that is done; an error if nobody is there to do one."""
        from distributed import CancelledError, TimeoutError, wait

        alone_since = None
        while not completed.has_ready():
            try:
                with self.client.as_current():
                    wait([*under_way], _LOOKED_AFTER, "FIRST_COMPLETED")
                break
            except CancelledError:
                break
            except TimeoutError:
                if self.client.status != "running" or self.client.nthreads():
                    alone_since = None
                    continue
                if alone_since is None:
                    alone_since = time.monotonic() - _LOOKED_AFTER
                    warnings.warn(
                        f"{self.who} waits for workers: the Dask cluster of the current"
                        f" client has none. Another {_MOST_ALONE - _LOOKED_AFTER:.0f}"
                        " seconds without, and it gives up.",
                        stacklevel=2,
                    )
                elif time.monotonic() - alone_since >= _MOST_ALONE:
                    raise RuntimeError(_nobody_there(self.who)) from None
        return next(completed)

    def _submit(self, function, arguments):
        from dask.delayed import Delayed

        sent = []
        for argument in arguments:
            if isinstance(argument, Shared):
                argument = argument.sent_by(self.client, self.who)
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

    def sent_by(self, client, who):
        """A future for it."""
        if self._future is None or self._future.status not in ("pending", "finished"):
            self._future = self._send(client, who)
        return self._future

    def _send(self, client, who):
        from distributed import TimeoutError

        for attempt in range(_MOST_ATTEMPTS):
            try:
                # In a list, since a tuple would be sent in parts.
                return client.scatter([self.value], hash=False)[0]
            except TimeoutError as error:
                raise RuntimeError(_nobody_there(who)) from error
            except TypeError as error:
                raise TypeError(
                    f"{who} cannot send a {type(self.value).__name__} to the workers of"
                    f" the Dask cluster: {error.args[0]}. Take out of it what pickle"
                    " cannot write, or make a client with processes=False."
                ) from error
            except OSError:
                # The worker that was to have it has died, and is not missed yet.
                if client.status != "running" or attempt + 1 == _MOST_ATTEMPTS:
                    raise
                time.sleep(_MISSED_AFTER)


def this_process():
    """What a message calls the process it comes from."""
    from distributed import get_worker

    try:
        return f"the worker {get_worker().address}"
    except ValueError:
        return "this process"


def _nobody_there(who):
    return (
        f"{who} finds no workers in the Dask cluster of the current client. Start some"
        " (client.wait_for_workers waits for them), or close the client to have the"
        " work done in this process."
    )


def _call(function, n_loop_threads, *arguments):
    """On a worker: one call at a time in its process, with all its threads in loops.

    What is called may be a classifier, which need not be safe among threads.
    """
    from distributed import get_worker

    from modal_clustermargin._threads import loop_threads, one_at_a_time

    n_threads = n_loop_threads or get_worker().state.nthreads
    with one_at_a_time, loop_threads(n_threads):
        return function(*arguments)
