"""Features of rows by key, in memory or in a folder.

In a folder, keys and features are appended to two plain files, and a third file says
how many rows are valid. A process that is killed loses only the block that it was
writing.
"""

import json
import os
import warnings
from pathlib import Path

import numpy as np

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.pools._key_index import KeyIndex

_FORMAT = 2


class FeatureStore:
    """Rows of features by key, in memory.

    Attributes
    ----------
    n_rows : int

    n_features : int or None
        None before the first row.
    """

    def __init__(self):
        self.n_rows = 0
        self.n_features = None
        self._index = KeyIndex()
        self._table = None

    def find(self, keys):
        """Position of each key; -1 if the store has no features for it."""
        return self._index.find(keys)

    def extend(self, keys, blocks):
        """Add features of new rows.

        Parameters
        ----------
        keys : ndarray of shape (n_new,), dtype=uint64
            Distinct, and not in the store.

        blocks : iterable of ndarray of shape (n_block, n_features)
            Features of the keys, in the same order. If a block fails, the blocks before
            it stay in the store.

        Raises
        ------
        ValueError
            If the number of columns of a block differs from the rows before, or if a
            block contains NaN or infinity.
        """
        n_before = self.n_rows
        try:
            for block in blocks:
                block = self._checked(block)
                n_done = self.n_rows - n_before
                block_keys = keys[n_done : n_done + len(block)]
                self._append(block_keys, block, n_before + len(keys))
                self.n_rows += len(block)
        finally:  # once for all blocks, because the index sorts all keys
            n_done = self.n_rows - n_before
            self._index.add(keys[:n_done], n_before + np.arange(n_done))

    def take(self, keys):
        """Features of rows in the store, which are read when they are indexed.

        Parameters
        ----------
        keys : ndarray of shape (n_keys,), dtype=uint64

        Returns
        -------
        rows : StoredRows of shape (n_keys, n_features)
        """
        return StoredRows(self._whole_table(), self._index.find(keys))

    def _checked(self, block):
        block = np.asarray(block)
        dtype = np.float64 if block.dtype.itemsize > 4 else np.float32
        block = np.ascontiguousarray(block, dtype)
        if self.n_features is None:
            self.n_features, self._dtype = block.shape[1], block.dtype
        if block.shape[1] != self.n_features:
            raise ValueError(
                f"The store has features of {self.n_features} columns, but got features"
                f" of {block.shape[1]} columns: a different network computed them."
            )
        with np.errstate(over="ignore"):
            block = block.astype(self._dtype, copy=False)
        if not np.isfinite(block).all():
            raise ValueError(
                "The store got features that contain NaN or infinity. Check the rows"
                " and the network that computed the features."
            )
        return block

    def _append(self, keys, block, n_expected):
        if self._table is None or len(self._table) < self.n_rows + len(block):
            table = np.empty((n_expected, self.n_features), self._dtype)
            if self._table is not None:
                table[: self.n_rows] = self._table[: self.n_rows]
            self._table = table
        self._table[self.n_rows : self.n_rows + len(block)] = block

    def _whole_table(self):
        return self._table[: self.n_rows]


class FolderStore(FeatureStore):
    """Rows of features by key, in a folder.

    Parameters
    ----------
    folder : path-like
        Created if it does not exist. Features that are already in it are used.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._read()

    def _read(self):
        try:
            head = self._path("head.json").read_bytes()
        except FileNotFoundError:
            return
        try:
            head = json.loads(head)
            if head["format"] != _FORMAT:
                raise ValueError(f"their format is {head['format']}")
            n_rows, n_features = int(head["n_rows"]), int(head["n_features"])
            dtype = np.dtype(head["dtype"])
            keys = np.fromfile(self._path("keys"), np.uint64, n_rows)
            n_bytes = self._path("features").stat().st_size
            if len(keys) < n_rows or n_bytes < n_rows * n_features * dtype.itemsize:
                raise ValueError("the files are too short")
        except (OSError, ValueError, KeyError, TypeError) as error:
            warnings.warn(
                f"The features in {self.folder} cannot be used ({error}); they will be"
                " computed again.",
                UserWarning,
                stacklevel=6,
            )
            return
        self.n_rows, self.n_features, self._dtype = n_rows, n_features, dtype
        self._index.add(keys, np.arange(n_rows))

    def _append(self, keys, block, n_expected):
        self._put("features", block, self.n_rows * self.n_features)
        self._put("keys", keys, self.n_rows)
        head = {
            "format": _FORMAT,
            "n_rows": self.n_rows + len(keys),
            "n_features": self.n_features,
            "dtype": self._dtype.name,
        }
        with written_whole(self._path("head.json")) as file:
            file.write(json.dumps(head).encode())
        self._table = None

    def _put(self, name, numbers, n_before):
        """Append to the valid numbers, over the rest that a killed process left."""
        path = self._path(name)
        with path.open("r+b" if path.exists() else "wb") as file:
            file.truncate(n_before * numbers.dtype.itemsize)
            file.seek(0, 2)
            file.write(numbers.tobytes())
            file.flush()
            os.fsync(file.fileno())

    def _whole_table(self):
        if self._table is None:
            shape = (self.n_rows, self.n_features)
            path = self._path("features")
            self._table = np.memmap(path, self._dtype, mode="r", shape=shape)
        return self._table

    def _path(self, name):
        return self.folder / name

    def __getstate__(self):
        return {**self.__dict__, "_table": None}


class StoredRows:
    """Some rows of a store, in any order, which are read when they are indexed.

    The index is a slice or an integer array.
    """

    ndim = 2

    def __init__(self, table, positions):
        self._table = table
        self._positions = positions

    @property
    def shape(self):
        """Rows and columns."""
        return len(self._positions), self._table.shape[1]

    @property
    def dtype(self):
        """float32 or float64."""
        return self._table.dtype

    def __len__(self):
        return len(self._positions)

    def __getitem__(self, rows):
        return np.asarray(self._table[self._positions[rows]])

    def __array__(self, dtype=None, copy=None):
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)
