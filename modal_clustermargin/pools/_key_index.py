"""A dictionary from keys of rows to numbers, and ids made from keys."""

import numba
import numpy as np


class KeyIndex:
    """A dictionary from uint64 keys to nonnegative numbers, for whole arrays."""

    def __init__(self):
        self._keys = np.empty(0, np.uint64)  # ascending
        self._numbers = np.empty(0, np.intp)

    @classmethod
    def of_first(cls, keys):
        """An index from each key to the first of its positions."""
        keys, positions = np.unique(keys, return_index=True)
        index = cls()
        index.add(keys, positions)
        return index

    def __len__(self):
        return len(self._keys)

    def find(self, keys):
        """Number of each key, intp; -1 for an unknown key."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        position = np.searchsorted(self._keys, keys)
        position[position == len(self._keys)] = 0
        return np.where(self._keys[position] == keys, self._numbers[position], -1)

    def add(self, keys, numbers):
        """Add distinct new keys and their numbers."""
        keys = np.concatenate([self._keys, keys])
        order = np.argsort(keys)
        self._keys = keys[order]
        self._numbers = np.concatenate([self._numbers, numbers])[order]


def lasting_ids(keys):
    """A distinct id for each row, int64, also for equal rows.

    A row keeps its id when rows with other content are removed.
    """
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    is_first = np.ones(len(keys), bool)
    is_first[1:] = ascending[1:] != ascending[:-1]
    starts = np.flatnonzero(is_first)
    turns = np.arange(len(keys)) - starts[np.cumsum(is_first) - 1]
    ids = keys.copy()
    # Multiples of a large odd number, so that equal rows get different ids.
    ids[order] += turns.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return ids.view(np.int64)


def rows_of_subsequence(keys, earlier):
    """Positions in `earlier` of keys that are in it in the same order, or None.

    After the deletion of rows, this is much faster than a search for each key. Of equal
    keys in `earlier`, the first ones are meant.
    """
    if len(keys) > len(earlier):
        return None
    positions = np.empty(len(keys), np.intp)
    n_found = _walk(keys, earlier, positions)
    return positions if n_found == len(keys) else None


@numba.njit(cache=True, nogil=True)
def _walk(keys, earlier, positions):  # positions: OUT
    n_found = 0
    for i in range(earlier.shape[0]):
        if n_found == keys.shape[0]:
            break
        if earlier[i] == keys[n_found]:
            positions[n_found] = i
            n_found += 1
    return n_found
