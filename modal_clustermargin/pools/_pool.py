"""The pool of a query: rows of any kind, opened once, where the data enter."""

from contextlib import contextmanager
from importlib import import_module

import numpy as np

from modal_clustermargin.pools._fingerprints import fingerprints, id_keys
from modal_clustermargin.pools._matrices import as_matrix, check_finite
from modal_clustermargin.pools._rows import n_rows, take_rows

# The module that opens arrays of a library whose rows do not lie in this process.
_OPENED_BY = {
    "dask": "modal_clustermargin.distributed",
    "zarr": "modal_clustermargin.distributed",
}
_OPENERS = {}


class Pool:
    """Rows that lie in this process, of any kind that modAL knows.

    Subclasses hold rows that lie elsewhere and override every method.

    Parameters
    ----------
    X : ndarray, sparse matrix or array, DataFrame, list or tensor
        Rows of any rank; a memory map, too. Never changed.

    Attributes
    ----------
    X : object
        The rows, as functions of the user get them.

    shape : tuple of int
        The first is the number of rows.

    is_finite : bool
        Whether all entries of this matrix are known to be finite.

    has_workers : bool
        Whether Dask workers may compute with these rows.

    workers : Workers or None
        These workers; a cluster of one is started if there is no Dask client.

    neighbor_search : callable or None
        ``neighbor_search(recall, device, find_device, verbose)`` makes the
        `clustering.neighbors.NeighborSearch` of these workers.
    """

    has_workers = False
    workers = None
    neighbor_search = None
    is_finite = False

    def __init__(self, X):
        self.X = X

    @property
    def shape(self):
        return tuple(self.X.shape) if hasattr(self.X, "shape") else (len(self.X),)

    def __len__(self):
        return n_rows(self.X)

    def take(self, rows):
        """The rows at an integer array of positions or a slice, in this process."""
        return take_rows(self.X, rows)

    def map(self, function, *arguments):
        """Call ``function(block, start, *arguments)`` on every block of the pool.

        Parameters
        ----------
        function : callable
            `start` is the position of the block's first row. A function on workers
            must not change its arguments.

        *arguments : object

        Yields
        ------
        rows : slice
            Positions of the block's rows. Blocks may come in any order; rows that lie
            in this process are one block.

        result : object
            What the function returned.
        """
        yield slice(0, len(self)), function(self.X, 0, *arguments)

    def ask(self, function, classifier, *arguments, sent_as=None, n_tried=None):
        """Call ``function(block, start, classifier, *arguments)`` on every block.

        Parameters
        ----------
        function : callable

        classifier : object

        *arguments : object
        sent_as : callable, default=None
            What workers get instead of the classifier: ``sent_as(classifier)``.

        n_tried : int, default=None
            If the pool lies on workers, the function is first called here, on that
            many rows: it fails here, and what it notes in its arguments is sent. None
            means 1,024.

        Yields
        ------
        rows, result :
            As from `map`.
        """
        yield from self.map(function, classifier, *arguments)

    def keys(self):
        """Fingerprint of every row: ndarray of shape (n_rows,), dtype=uint64."""
        keys = np.empty(len(self), np.uint64)
        for rows, block_keys in self.map(_block_keys):
            keys[rows] = block_keys
        return keys

    def as_matrix(self, who):
        """These rows as a pool of matrix rows.

        Parameters
        ----------
        who : str
            Name of the caller, for error messages.

        Raises
        ------
        ValueError
            If the rows are not numbers, or are sparse and too large to be dense.
        """
        return Pool(as_matrix(self.X, who))

    def check_finite(self, who):
        """Raise ValueError if a row of this matrix is not finite.

        Rows that lie elsewhere are checked once they are read.
        """
        if not self.is_finite:
            check_finite(self.X, who)
            self.is_finite = True

    def gathered(self):
        """All rows, in this process."""
        return self.X

    def example(self):
        """Rows to check before all are read; every row if they lie in this process."""
        return self.X

    def with_rows(self, blocks):
        """A pool of computed rows, for the workers of this pool.

        Parameters
        ----------
        blocks : iterable of ``(rows, block)``
            As `map` yields them; each block is an ndarray with one row per row.

        Returns
        -------
        pool : Pool
        """
        [(_, rows)] = blocks
        return Pool(rows)


@contextmanager
def open_pool(X, who, name="X_pool"):
    """Open rows of any kind as a `Pool`.

    Parameters
    ----------
    X : ndarray, sparse matrix or array, DataFrame, list, tensor, dask array, Zarr \
            array or Pool
        A `Pool` passes through.

    who, name : str
        Names of the caller and of its argument, for error messages.

    Yields
    ------
    pool : Pool

    Raises
    ------
    ValueError
        If `X` is None or a string, if its number of rows is not known, or if a Zarr
        array is not complete.

    TypeError
        For collections of dask and Zarr that are not arrays.

    ImportError
        If a library is missing that reads them.
    """
    if isinstance(X, Pool):
        yield X
        return
    if X is None or isinstance(X, str):
        raise ValueError(
            f"{who} needs rows as {name}; got {X!r}. Pass the rows themselves, not the"
            " name of a file."
        )
    library = _library_of(X)
    if library is None:
        yield Pool(X)
        return
    import_module(_OPENED_BY[library])
    with _OPENERS[library](X, who, name) as pool:
        yield pool


def register_opener(library, opener):
    """Have `open_pool` open the arrays of a library.

    Parameters
    ----------
    library : str
        Top-level module of the arrays' types.

    opener : callable
        ``opener(X, who, name)`` returns a context manager that yields a `Pool`.
    """
    _OPENERS[library] = opener


def lies_elsewhere(X):
    """Whether rows do not lie in this process."""
    return _library_of(X) is not None


def pool_keys(pool, ids=None):
    """Key of every row: the fingerprint of its id or, without ids, of its content.

    Parameters
    ----------
    pool : Pool or rows of any kind

    ids : ndarray of shape (n_rows,), default=None

    Returns
    -------
    keys : ndarray of shape (n_rows,), dtype=uint64
    """
    if ids is not None:
        return id_keys(ids)
    return pool.keys() if isinstance(pool, Pool) else fingerprints(pool)


def _library_of(X):
    for kind in type(X).__mro__:
        library = kind.__module__.partition(".")[0]
        if library in _OPENED_BY:
            return library
    return None


def _block_keys(block, start):
    return fingerprints(block)
