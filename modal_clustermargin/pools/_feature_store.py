"""Features of rows by key, in memory or in a folder.

In a folder, keys and features are appended to two plain files, and a third file says
how many rows are valid. A process that is killed loses only the block that it was
writing.
"""

import json
import os
from pathlib import Path

import numpy as np

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.pools._key_index import KeyIndex


class FeatureStore:
    """Rows of features by key, an array of uint64; in memory."""

    def __init__(self):
        self.n_rows = 0
        self.n_features = None  # before the first row
        self._index = KeyIndex()
        self._table = None

    def find(self, keys):
        """Position of each key; -1 if the store has no features for it."""
        return self._index.find(keys)

    def extend(self, keys, blocks):
        """Add features of distinct new keys, from an iterable of blocks of rows.

        Blocks that were added stay if a later block fails. Raises ValueError if a block
        has another number of columns than the rows before, NaN or infinity.
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
        """Features of keys in the store, as `StoredRows`."""
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
    """Rows of features by key, in a folder, where a later process finds them."""

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._path("head.json").exists():
            head = json.loads(self._path("head.json").read_bytes())
            self.n_rows, self.n_features = head["n_rows"], head["n_features"]
            self._dtype = np.dtype(head["dtype"])
            keys = np.fromfile(self._path("keys"), np.uint64, self.n_rows)
            self._index.add(keys, np.arange(self.n_rows))

    def _append(self, keys, block, n_expected):
        self._put("features", block, self.n_rows * self.n_features)
        self._put("keys", keys, self.n_rows)
        head = {
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
