"""The pool of a query: rows of any kind, opened once at the start of the query."""

from collections.abc import Mapping
from contextlib import contextmanager
from importlib import import_module

import numpy as np

from modal_clustermargin.pools._fingerprints import fingerprints, id_keys
from modal_clustermargin.pools._matrices import as_matrix, check_finite
from modal_clustermargin.pools._rows import n_rows, take_rows

# The modules that open the arrays of libraries whose rows are not in this process, by
# a context manager ``open_array(X, who, name)`` that yields a `Pool`.
_OPENED_BY = {
    "dask": "modal_clustermargin.distributed",
    "zarr": "modal_clustermargin.distributed",
}


class Pool:
    """Rows in this process, of any kind that modAL supports.

    `X` holds the rows in the form that functions of the user get. Subclasses hold rows
    outside this process, and override every method.
    """

    has_workers = False  # whether Dask workers may compute with these rows
    workers = None  # without a Dask client, a cluster of one worker is started
    # neighbor_search(recall, device, find_device, verbose) returns a
    # clustering.neighbors.NeighborSearch on these workers.
    neighbor_search = None
    is_finite = False  # whether `check_finite` has passed

    def __init__(self, X):
        self.X = X

    @property
    def shape(self):
        return tuple(self.X.shape) if hasattr(self.X, "shape") else (len(self.X),)

    def __len__(self):
        return n_rows(self.X)

    def take(self, rows):
        """The rows at positions (an integer array or a slice), in this process."""
        return take_rows(self.X, rows)

    def map(self, function, *arguments):
        """Call ``function(block, start, *arguments)`` on every block of rows.

        `start` is the position of the block's first row. Yields ``(rows, result)``,
        where `rows` is a slice of positions; blocks may come in any order. Rows in this
        process are one block. `function` must not change its arguments.
        """
        yield slice(0, len(self)), function(self.X, 0, *arguments)

    def ask(self, function, classifier, *arguments, sent_as=None, n_tried=None):
        """`map` ``function(block, start, classifier, *arguments)``.

        If the rows are on workers, the function is first called in this process on
        `n_tried` rows (None means 1,024), so that errors are raised here and changes of
        its arguments are sent to the workers. Workers get ``sent_as(classifier)``
        instead of the classifier.
        """
        yield from self.map(function, classifier, *arguments)

    def keys(self):
        """Fingerprint of every row: ndarray of shape (n_rows,), dtype=uint64."""
        keys = np.empty(len(self), np.uint64)
        for rows, block_keys in self.map(_block_keys):
            keys[rows] = block_keys
        return keys

    def as_matrix(self, who):
        """These rows as a pool of matrix rows; ValueError if they are not numbers."""
        return Pool(as_matrix(self.X, who))

    def check_finite(self, who):
        """Raise ValueError if a row of this matrix is not finite.

        Rows outside this process are checked when they are read.
        """
        if not self.is_finite:
            check_finite(self.X, who)
            self.is_finite = True

    def gathered(self):
        """All rows, in this process."""
        return self.X

    def example(self):
        """Rows to check before all are read; all rows if they are in this process."""
        return self.X

    def with_rows(self, blocks):
        """A pool of the blocks ``(rows, block)`` that `map` or `ask` yields."""
        [(_, rows)] = blocks
        return Pool(rows)


@contextmanager
def open_pool(X, who, name="X_pool"):
    """Open rows of any kind as a `Pool`; a `Pool` is returned unchanged.

    `who` and `name` are the caller and its argument, for messages. Raises ValueError if
    `X` has no rows, or an unknown number of rows, or is a Zarr array that is not
    complete; TypeError for several inputs (a dict, a tuple, or a list of arrays),
    pyarrow tables, and collections of dask and Zarr that are not arrays; and
    ImportError if dask or distributed is missing.
    """
    if isinstance(X, Pool):
        yield X
        return
    if X is None or isinstance(X, str):
        raise ValueError(
            f"{who} needs rows as {name}; got {X!r}. Pass the rows themselves, not the"
            " name of a file."
        )
    _check_container(X, who, name)
    library = _library_of(X)
    if library is None:
        if not hasattr(X, "__len__") and not hasattr(X, "shape"):
            raise ValueError(
                f"{who} needs rows as {name}; got {X!r}. Pass an array, a list or a"
                " table of rows."
            )
        yield Pool(X)
        return
    with import_module(_OPENED_BY[library]).open_array(X, who, name) as pool:
        yield pool


def _check_container(X, who, name):
    """Raise TypeError for containers whose items are not rows."""
    kind = type(X).__module__.partition(".")[0] + " " + type(X).__name__
    if kind.startswith("pyarrow "):
        raise TypeError(
            f"{who} cannot read the rows of {name}, a {kind}. Pass {name}.to_pandas()."
        )
    # Some versions of zarr.Group are mappings; `open_pool` has a message for groups.
    is_plain = isinstance(X, Mapping) and not hasattr(X, "shape")
    is_plain = is_plain and not type(X).__module__.startswith("zarr")
    if is_plain or isinstance(X, tuple) or (isinstance(X, list) and _are_inputs(X)):
        raise TypeError(
            f"{who} needs {name} with one item for each row; got a"
            f" {type(X).__name__} of {len(X)}. Pass several inputs as"
            " skorch.helper.SliceDict(first=..., second=...), which counts their rows;"
            " pass a tuple of rows as a list, and a list of samples that are arrays of"
            " different shapes as an array of dtype object."
        )


def _are_inputs(X):
    """Whether a list holds arrays of one length, with rows of different shapes.

    A list at least as long as its arrays holds samples, such as images of one height.
    """
    shapes = [tuple(x.shape) for x in X if hasattr(x, "shape")]
    if len(shapes) < len(X) or len(set(shapes)) < 2:
        return False
    lengths = {shape[:1] for shape in shapes}
    return len(lengths) == 1 and len(X) < max(lengths)[0]


def lies_elsewhere(X):
    """Whether rows are outside this process, such as dask and Zarr arrays."""
    return _library_of(X) is not None


def pool_keys(pool, ids=None):
    """Key of every row, uint64: the fingerprint of its id or else of its content."""
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
