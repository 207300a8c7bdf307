"""The clusters of a first pool, looked up in the smaller pools of later rounds.

A modAL loop deletes queried rows, so a strategy gets a smaller pool each round, without
row numbers. Rows are identified by a key: a fingerprint of their content, or of an id
that the user gives.
"""

import numpy as np

from modal_clustermargin.pools import KeyIndex


class PoolClusters:
    """Clusters of rows, and groups within clusters, looked up by key.

    Parameters
    ----------
    keys : ndarray of shape (n_rows,), dtype=uint64
        Key of every row of the first pool. The first of several rows with equal keys
        decides their cluster and group.

    labels, groups : ndarray of shape (n_rows,), dtype=intp
        Cluster and group of every row. A row with -1 gets a new cluster or group,
        together with the rows of equal key.
    """

    def __init__(self, keys, labels, groups):
        self._index = KeyIndex()
        self._labels = self._groups = np.empty(0, np.intp)
        self.add(keys, labels, groups)

    def find(self, keys):
        """Cluster and group of each key: two ndarrays; -1 for an unknown key."""
        places = self._index.find(keys)
        return [
            np.where(places < 0, -1, numbers[places])
            for numbers in (self._labels, self._groups)
        ]

    def add(self, keys, labels, groups):
        """Add rows that `find` does not know; parameters as in the constructor."""
        keys, first = np.unique(keys, return_index=True)
        self._index.add(keys, len(self._labels) + np.arange(len(keys)))
        self._labels = _continued(self._labels, labels[first])
        self._groups = _continued(self._groups, groups[first])


def _continued(numbers, more):
    """Concatenate two arrays, and replace each -1 in the second by a new number."""
    n_used = 1 + max(numbers.max(initial=-1), more.max(initial=-1))
    more = more.copy()
    alone = more < 0
    more[alone] = n_used + np.arange(np.count_nonzero(alone))
    return np.concatenate([numbers, more])
