"""The clusters of a first pool, found again in the pools left of it.

A user of modAL deletes queried rows, so a strategy sees a smaller pool each
round and no row numbers. Rows are known by a key: a fingerprint of their
content, or of an id that the user gives.
"""

import numpy as np

from modal_clustermargin.pools._key_index import KeyIndex


class PoolClusters:
    """Clusters of rows, looked up by key.

    Parameters
    ----------
    keys : ndarray of shape (n_rows,), dtype=uint64
        Key of every row of the first pool. Of rows with equal keys, the first
        decides.

    labels : ndarray of shape (n_rows,), dtype=intp
        Cluster of every row. Where it is -1, the row starts a cluster of its
        own, which it shares with the rows of equal key.
    """

    def __init__(self, keys, labels):
        self._index = KeyIndex()
        self._n_used = 0
        self.add(keys, labels)
        self._first_keys = keys
        self._first_labels = self._index.find(keys)

    def find(self, keys):
        """Cluster of each key: ndarray of shape (n_keys,); -1 if never seen."""
        if np.array_equal(keys, self._first_keys):
            return self._first_labels.copy()
        return self._index.find(keys)

    def add(self, keys, labels):
        """Remember rows that `find` did not know, as at the start."""
        keys, first = np.unique(keys, return_index=True)
        labels = labels[first]
        alone = labels < 0
        self._n_used = max(self._n_used, 1 + labels.max())
        labels[alone] = self._n_used + np.arange(np.count_nonzero(alone))
        self._n_used += np.count_nonzero(alone)
        self._index.add(keys, labels)
