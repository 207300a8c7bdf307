"""Pools of dask arrays and of arrays in Zarr stores, read by workers in chunks."""

from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from scipy import sparse

from modal_clustermargin.distributed._worker_search import WorkerSearch
from modal_clustermargin.distributed._workers import Broadcast, dask_workers
from modal_clustermargin.distributed._zarr_store import (
    StoreRows,
    array_of_store,
    rows_in_a_call,
)
from modal_clustermargin.pools import Pool

# Number of first rows on which a function is called here before workers get it.
_N_TRIED = 1024


@contextmanager
def open_array(X, who, name):
    """A `DaskPool` of a dask or Zarr array; arguments and errors as in `open_pool`.

    The store of a Zarr array must have all chunks before and after its use.
    """
    if find_spec("dask") is None or find_spec("distributed") is None:
        raise ImportError(
            f"{who} reads {name}, a {type(X).__name__}, with dask and distributed,"
            " which are not installed: pip install 'modal-clustermargin[dask]'."
        )
    is_zarr = any(kind.__module__.startswith("zarr") for kind in type(X).__mro__)
    array = array_of_store(X, who, name) if is_zarr else _checked(X, who, name)
    with ExitStack() as stack:
        yield DaskPool(array, lambda: stack.enter_context(dask_workers(who)))
        if is_zarr:
            StoreRows(X, who, name).check_written()


class DaskPool(Pool):
    """A pool in chunks of rows that workers read and compute with.

    `array` is a dask array with known chunks. `find_workers` is called when the
    `Workers` are first needed, and returns them.
    """

    has_workers = True

    def __init__(self, array, find_workers):
        whole = dict.fromkeys(range(1, array.ndim), -1)
        super().__init__(array.rechunk({0: _joined_chunks(array), **whole}))
        self.dtype = array.dtype
        self.ndim = array.ndim
        sizes = [n_rows for n_rows in self.X.chunks[0] if n_rows]
        self._starts = np.cumsum([0, *sizes]).tolist()
        self._find_workers = find_workers
        self._chunks = None

    @cached_property
    def workers(self):
        return self._find_workers()

    def neighbor_search(self, recall, device, find_device, verbose):
        return WorkerSearch(self.workers, recall, device, find_device, verbose)

    def take(self, rows):
        from dask import delayed

        [(_, found)] = self.workers.map_unordered(_dense, [(delayed(self.X[rows]), 0)])
        return found

    def map(self, function, *arguments):
        who = self.workers.who
        calls = (
            (chunk, start, end - start, who, function, *arguments)
            for chunk, (start, end) in zip(
                self._read_chunks(), pairwise(self._starts), strict=True
            )
        )
        for number, result in self.workers.map_unordered(_call_on_chunk, calls):
            yield self._rows_of(number), result

    def ask(self, function, classifier, *arguments, sent_as=None, n_tried=None):
        function(self.take(slice(0, n_tried or _N_TRIED)), 0, classifier, *arguments)
        sent = classifier if sent_as is None else sent_as(classifier)
        yield from self.map(function, Broadcast(sent), *arguments)

    def as_matrix(self, who):
        if self.ndim == 2:
            return self
        return DaskPool(self.X.reshape((len(self), -1)), lambda: self.workers)

    def check_finite(self, who):
        pass

    def gathered(self):
        return self._in_one_array(self.map(_dense))

    def with_rows(self, blocks):
        return ComputedRows(self._in_one_array(blocks), self.workers)

    def example(self):
        """At most two rows of zeros, of the same dtype and shape as the rows."""
        return np.zeros((min(len(self), 2), *self.shape[1:]), self.dtype)

    def _rows_of(self, number):
        return slice(*self._starts[number : number + 2])

    def _in_one_array(self, blocks):
        whole = None
        for rows, block in blocks:
            if whole is None:
                whole = np.empty((len(self), *block.shape[1:]), block.dtype)
            whole[rows] = block
        return np.empty(self.shape, self.dtype) if whole is None else whole

    def _read_chunks(self):
        """A `Delayed` for each chunk, with the part of the graph that it needs.

        With the whole graph in each `Delayed`, every call would traverse the whole
        graph.
        """
        if self._chunks is None:
            from dask.delayed import Delayed
            from dask.optimization import cull

            delayed = self.X.to_delayed().ravel()
            graph = dict(delayed[0].dask)
            if delayed[0].key not in graph:  # chunks that workers hold already
                graph = dict(self.X.dask)
            self._chunks = [
                Delayed(chunk.key, cull(graph, [chunk.key])[0])
                for chunk, n_rows in zip(delayed, self.X.chunks[0], strict=True)
                if n_rows
            ]
        return self._chunks


class ComputedRows(Pool):
    """An ndarray of rows in this process, with which workers may compute."""

    has_workers = True
    neighbor_search = DaskPool.neighbor_search

    def __init__(self, rows, workers):
        super().__init__(rows)
        self.workers = workers
        self.dtype = rows.dtype

    def as_matrix(self, who):
        return self

    def example(self):
        """At most two of the rows."""
        return self.X[:2]


def _joined_chunks(array):
    """Sizes of chunks, after small adjacent chunks are joined for one call."""
    sizes = array.chunks[0]
    most = rows_in_a_call(sum(sizes), array.shape[1:], array.dtype)
    joined = [0]
    for size in sizes:
        if joined[-1] and joined[-1] + size > most:
            joined.append(0)
        joined[-1] += size
    return tuple(joined)


def _call_on_chunk(chunk, start, n_rows, who, function, *arguments):
    if chunk.shape[0] != n_rows:
        raise ValueError(
            f"{who} read a chunk of {chunk.shape[0]} rows, where the dask array"
            f" declares {n_rows} rows, from row {start} on. Declare the right chunk"
            " sizes, or call compute_chunk_sizes() on the array."
        )
    return function(chunk, start, *arguments)


def _dense(chunk, start):
    return chunk.toarray() if sparse.issparse(chunk) else np.asarray(chunk)


def _checked(X, who, name):
    import dask.array

    if not isinstance(X, dask.array.Array):
        how = f"pass {name}.to_dask_array(lengths=True)"
        if not hasattr(type(X), "to_dask_array"):
            how = "make a dask.array of it"
        raise TypeError(
            f"{who} reads {name} from a dask array, but got a {type(X).__name__} of"
            f" dask; {how}."
        )
    if X.ndim == 0:
        raise ValueError(f"{who} got {name} without dimensions, which has no rows.")
    if np.isnan(X.shape).any():
        raise ValueError(
            f"{who} needs to know how many rows each chunk of {name} has, but its"
            f" shape is {X.shape}. Call {name}.compute_chunk_sizes() first."
        )
    return X
