"""Rows in a Zarr store; a missing chunk raises an error.

Zarr itself reads a missing chunk as the fill value.
"""

import math
from collections import deque
from uuid import uuid4

from modal_clustermargin.distributed._workers import this_process

# Small chunks are read together, up to this size, but not in fewer than this number of
# calls. A call costs at least about 15 ms.
_CALL_BYTES = 2**24
_LEAST_CALLS = 64

# Arrays whose chunks this process has listed and found complete: a worker may see
# another store than the client, for instance at a relative path.
_FOUND_WHOLE = deque(maxlen=64)


def rows_in_a_call(n_rows, row_shape, dtype):
    """The most rows of small chunks that a worker reads in one call."""
    row_bytes = max(1, dtype.itemsize * math.prod(row_shape))
    return min(_CALL_BYTES // row_bytes, -(-n_rows // _LEAST_CALLS))


def array_of_store(X, who, name):
    """A dask array of a Zarr array, in blocks of whole chunks and whole rows.

    Raises TypeError for a Zarr group, and ValueError if there are no rows or a chunk is
    missing.
    """
    import dask.array
    import zarr

    if not isinstance(X, zarr.Array):
        held = ", ".join(repr(key) for key in X) or "nothing"
        raise TypeError(
            f"{who} reads {name} from an array in a Zarr store, but got a"
            f" {type(X).__name__}. Pass an array of the group, which holds {held}."
        )
    if not X.ndim:
        raise ValueError(f"{who} got {name} without dimensions, which has no rows.")
    rows = StoreRows(X, who, name)
    rows.check_written()
    most_rows = rows_in_a_call(X.shape[0], X.shape[1:], X.dtype)
    blocks = (max(1, most_rows // X.chunks[0]) * X.chunks[0], *X.shape[1:])
    return dask.array.from_array(rows, blocks, name=False, fancy=False)


class StoreRows:
    """The rows that dask slices, here or on a worker; errors name the array."""

    def __init__(self, array, who, name):
        self.array, self.who, self.name = array, who, name
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim
        self._token = uuid4()

    def __getitem__(self, index):
        if self._token not in _FOUND_WHOLE:
            self.check_written()
            _FOUND_WHOLE.append(self._token)
        try:
            return self.array[index]
        except Exception as error:  # the codec of a damaged chunk decides the type
            raise ValueError(
                f"{self.who} cannot read {self.name} from the Zarr store"
                f" {_place(self.array)} ({type(error).__name__}: {error}). Check what"
                f" {this_process()} sees there, and write the array again if it is"
                " damaged."
            ) from error

    def check_written(self):
        """Raise ValueError unless every chunk is in the store, as seen from here."""
        n_chunks, n_written = self.array.nchunks, self.array.nchunks_initialized
        if n_written >= n_chunks:
            return
        if not n_written:
            raise ValueError(
                f"{self.who} finds no chunk of {self.name} in the Zarr store"
                f" {_place(self.array)}, as {this_process()} sees it: nothing was"
                " written, or the store lies elsewhere. Open it by an absolute path or"
                " by an address that every worker can reach."
            )
        import zarr

        how = "write_empty_chunks=True"
        if int(zarr.__version__.split(".")[0]) >= 3:
            how = "config={'write_empty_chunks': True}"
        raise ValueError(
            f"{self.who} found {n_written} of the {n_chunks} chunks of {self.name}"
            f" in the Zarr store {_place(self.array)}, as {this_process()} sees it: it"
            " is being written, or the writing stopped early. Wait, or write the rest."
            " If chunks are missing because they hold only the fill value, write them"
            f" with {how}."
        )


def _place(array):
    return str(getattr(array, "store_path", getattr(array.store, "path", array.store)))
