"""Rows in chunks that lie elsewhere: a dask array, or an array in a Zarr store.

Functions are called on chunks where workers are; only what is asked for comes here.
"""

from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from scipy import sparse

from modal_clustermargin.distributed._workers import dask_workers
from modal_clustermargin.distributed._zarr_rows import check_unchanged, dask_array_of
from modal_clustermargin.pools._rows import rows_in_a_call


@contextmanager
def opened(X, who, name="X_pool"):
    """A dask or Zarr array as `ChunkedRows`, and rows of any other kind as they are.

    Parameters
    ----------
    X : dask array, Zarr array, `ChunkedRows` or any other kind of rows

    who, name : str
        Names of the caller and of its argument, to give in error messages.

    Raises
    ------
    ImportError
        If dask or distributed is not installed.

    TypeError
        For what dask and Zarr have besides arrays.

    ValueError
        If its number of rows is not known, or if it is not written to the end.
    """
    if not lie_elsewhere(X):
        yield X
        return
    if find_spec("dask") is None or find_spec("distributed") is None:
        raise ImportError(
            f"{who} has dask read {name}, a {type(X).__name__}, and dask or distributed"
            " is not installed: pip install 'modal-clustermargin[dask]'."
        )
    is_zarr = not hasattr(X, "__dask_graph__")
    array = (dask_array_of if is_zarr else _checked_dask_array)(X, who, name)
    with ExitStack() as stack:
        yield ChunkedRows(array, lambda: stack.enter_context(dask_workers(who)))
        if is_zarr:
            check_unchanged(X, who, name)


def lie_elsewhere(X):
    """Whether rows are dask's or Zarr's."""
    is_zarr = type(X).__module__.partition(".")[0] == "zarr"
    return is_zarr or hasattr(X, "__dask_graph__")


class ChunkedRows:
    """A pool whose rows are read, and looked at, by workers.

    Parameters
    ----------
    array : dask.array.Array
        Of known chunks; of one or more dimensions.

    find_workers : callable
        Returns the `Workers`; called when there is work for them.
    """

    def __init__(self, array, find_workers):
        whole = dict.fromkeys(range(1, array.ndim), -1)
        self.array = array.rechunk({0: _read_together(array), **whole})
        self.shape = self.array.shape
        self.dtype = self.array.dtype
        self.ndim = self.array.ndim
        sizes = [n_rows for n_rows in self.array.chunks[0] if n_rows]
        self._starts = np.cumsum([0, *sizes]).tolist()
        self._find_workers = find_workers
        self._workers = self._chunks = None

    @property
    def workers(self):
        if self._workers is None:
            self._workers = self._find_workers()
        return self._workers

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        """Some rows, here: a slice or an integer array of positions; ndarray."""
        from dask import delayed

        calls = [(delayed(self.array[rows]), 0)]
        [(_, found)] = self.workers.each(_dense, calls)
        return found

    def __array__(self, dtype=None, copy=None):
        return self.gathered().astype(dtype or self.dtype, copy=False)

    def map(self, function, *arguments):
        """Call a function on each chunk, on the workers.

        Parameters
        ----------
        function : callable
            Called as ``function(chunk, start, *arguments)``, where `start` is the
            position of its first row.

        *arguments :
            As they may be given to `Workers.each`.

        Yields
        ------
        rows : slice
            Positions of the chunk's rows. Chunks come in any order.

        result :
            What the function returned.
        """
        calls = (
            (chunk, start, end - start, self.workers.who, function, *arguments)
            for chunk, (start, end) in zip(
                self._read_chunks(), pairwise(self._starts), strict=True
            )
        )
        for number, result in self.workers.each(_call_on_chunk, calls):
            yield self._rows_of(number), result

    def gathered(self):
        """All rows, here: ndarray."""
        gathered = np.empty(self.shape, self.dtype)
        for rows, chunk in self.map(_dense):
            gathered[rows] = chunk
        return gathered

    def flattened(self):
        """The same as a matrix, for the same workers."""
        if self.ndim == 2:
            return self
        matrix = self.array.reshape((len(self), -1))
        return ChunkedRows(matrix, lambda: self.workers)

    def _rows_of(self, number):
        return slice(self._starts[number], self._starts[number + 1])

    def _read_chunks(self):
        """The chunks, as what computes each of them alone."""
        if self._chunks is None:
            from dask.delayed import Delayed
            from dask.optimization import cull

            delayed = self.array.to_delayed().ravel()
            graph = dict(delayed[0].dask)
            if delayed[0].key not in graph:  # chunks that workers have already
                graph = dict(self.array.dask)
            # Of the whole graph in each, every call would look at all of it.
            self._chunks = [
                Delayed(chunk.key, cull(graph, [chunk.key])[0])
                for chunk, n_rows in zip(delayed, self.array.chunks[0], strict=True)
                if n_rows
            ]
        return self._chunks


class GatheredRows:
    """Rows that are here, and the workers that may look at them.

    Parameters
    ----------
    rows : ndarray

    workers : Workers
    """

    def __init__(self, rows, workers):
        self.rows = rows
        self.workers = workers
        self.shape = rows.shape
        self.dtype = rows.dtype

    def __len__(self):
        return len(self.rows)

    def __array__(self, dtype=None, copy=None):
        return self.rows.astype(dtype or self.dtype, copy=bool(copy))

    def gathered(self):
        return self.rows

    def flattened(self):
        return self


def rows_like(rows):
    """A few rows of the same type and shape, to be checked before the others come."""
    return np.zeros((min(len(rows), 2), *rows.shape[1:]), rows.dtype)


def _read_together(array):
    """How many rows each call is to read: whole chunks, as far as they are small."""
    sizes = array.chunks[0]
    most = rows_in_a_call(sum(sizes), array.shape[1:], array.dtype)
    together = [0]
    for size in sizes:
        if together[-1] and together[-1] + size > most:
            together.append(0)
        together[-1] += size
    return tuple(together)


def _call_on_chunk(chunk, start, n_rows, who, function, *arguments):
    if chunk.shape[0] != n_rows:
        raise ValueError(
            f"{who} read a chunk of {chunk.shape[0]} rows, where the dask array says"
            f" that there are {n_rows}, from row {start} on. Make the array with the"
            " sizes of its chunks, or call compute_chunk_sizes() on it."
        )
    return function(chunk, start, *arguments)


def _dense(chunk, start):
    return chunk.toarray() if sparse.issparse(chunk) else np.asarray(chunk)


def _checked_dask_array(X, who, name):
    import dask.array

    if not isinstance(X, dask.array.Array):
        how = f"pass {name}.to_dask_array(lengths=True)"
        if not hasattr(type(X), "to_dask_array"):
            how = "make a dask.array of it"
        raise TypeError(
            f"{who} reads {name} from a dask array, and got a {type(X).__name__} of"
            f" dask; {how}."
        )
    if X.ndim == 0:
        raise ValueError(f"{who} got an {name} of no dimension, which has no rows.")
    if np.isnan(X.shape).any():
        raise ValueError(
            f"{who} needs to know how many rows each chunk of {name} has, and its"
            f" shape is {X.shape}. Call {name}.compute_chunk_sizes() first."
        )
    return X
