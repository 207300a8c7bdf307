"""A dictionary from keys of rows to numbers, and ids made from keys."""

import numba
import numpy as np


class KeyIndex:
    """A dictionary from uint64 keys to nonnegative numbers, for whole arrays.

    Pools shrink from query to query, and their rows stay in order. So keys are first
    looked for among those of the last `find`, in one pass over both.
    """

    def __init__(self):
        self._keys = np.empty(0, np.uint64)  # ascending
        self._numbers = np.empty(0, np.intp)
        # Keys and numbers of the last `find`: one tuple, which threads read at once.
        self._last = self._keys, self._numbers

    @classmethod
    def of_first(cls, keys):
        """An index from each key to the first of its positions."""
        return cls.of_names([keys], np.arange(len(keys)))

    @classmethod
    def of_names(cls, names, numbers):
        """An index from several arrays of keys for the same numbers.

        Of equal keys, the first one counts.
        """
        keys, first = np.unique(np.concatenate(names), return_index=True)
        index = cls()
        index.add(keys, numbers[first % len(numbers)])
        return index

    def __len__(self):
        return len(self._keys)

    def find(self, keys):
        """Number of each key, intp; -1 for an unknown key."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        last_keys, last_numbers = self._last
        places = _places_in_order(keys, last_keys)
        if len(places) == len(keys):
            numbers = last_numbers[places]
        else:
            position = np.searchsorted(self._keys, keys)
            position[position == len(self._keys)] = 0
            is_known = self._keys[position] == keys
            numbers = np.where(is_known, self._numbers[position], -1)
        self._last = keys, numbers
        return numbers.copy()

    def add(self, keys, numbers):
        """Add distinct new keys and their numbers."""
        keys = np.concatenate([self._keys, keys])
        order = np.argsort(keys)
        self._keys = keys[order]
        self._numbers = np.concatenate([self._numbers, numbers])[order]
        self._last = self._keys, self._numbers


@numba.njit(cache=True, nogil=True)
def _places_in_order(keys, known):
    """Ascending places of `keys` in `known`, up to the first that is missing."""
    places = np.empty(len(keys), np.intp)
    place = 0
    for i in range(len(keys)):
        while place < len(known) and known[place] != keys[i]:
            place += 1
        if place == len(known):
            return places[:i]
        places[i] = place
        place += 1
    return places


def lasting_ids(keys):
    """A distinct id for each row, int64, also for equal rows.

    A row keeps its id when rows with other content are removed.
    """
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    turns = np.arange(len(keys)) - np.searchsorted(ascending, ascending)
    ids = keys.copy()
    # Multiples of a large odd number, so that equal rows get different ids.
    ids[order] += turns.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return ids.view(np.int64)
