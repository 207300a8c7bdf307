"""The dendrogram of a first pool, looked up in the smaller pools of later rounds.

A modAL loop deletes queried rows, so a strategy gets a smaller pool each round, without
row numbers. Rows are identified by a key: a fingerprint of their content, or of an id
that the user gives.
"""

import numpy as np

from modal_clustermargin.clustering._merges import clusters_of_nodes
from modal_clustermargin.pools import KeyIndex


class PoolClusters:
    """The leaf of each row in a dendrogram, and its cluster, looked up by key.

    Parameters
    ----------
    clustering : AverageLinkage
        Fitted. Rows that it was not fitted on become further leaves.

    Attributes
    ----------
    labels : ndarray of shape (n_leaves,), dtype=intp
        Cluster of each leaf: `labels_` of the clustering, then the clusters of further
        leaves.
    """

    def __init__(self, clustering):
        self._clustering = clustering
        self._index = KeyIndex()
        self._grown = None  # merges with all leaves
        self.labels = clustering.labels_

    def find(self, keys):
        """Leaf of each key, intp; -1 for an unknown key."""
        return self._index.find(keys)

    def add(self, keys, labels, leaves=None):
        """Add rows that `find` does not know.

        Parameters
        ----------
        keys : ndarray of shape (n_rows,), dtype=uint64
            Rows of equal keys have one leaf; the first decides which.

        labels : ndarray of shape (n_rows,), dtype=intp
            Cluster of each row; -1 makes a new cluster.

        leaves : ndarray of shape (n_rows,), dtype=intp, default=None
            Leaf of each row that was fitted, and -1 for others; None means -1 for all.
        """
        keys, first = np.unique(keys, return_index=True)
        labels = labels[first]
        leaves = np.full(len(keys), -1) if leaves is None else leaves[first]
        new = np.flatnonzero(leaves < 0)
        leaves[new] = len(self.labels) + np.arange(len(new))
        self._index.add(keys, leaves)
        labels = labels[new]
        alone = labels < 0
        labels[alone] = 1 + self.labels.max() + np.arange(np.count_nonzero(alone))
        self.labels = np.concatenate([self.labels, labels])
        self._grown = None

    def tree(self):
        """The merges of all leaves: ``(children, heights)``, as in AverageLinkage.

        A further leaf joins its cluster at the distance threshold of the clustering,
        the largest distance that it may have, and is a tree of its own if its cluster
        is new.
        """
        if self._grown is None:
            self._grown = _with_leaves(self._clustering, self.labels)
        return self._grown


def _with_leaves(clustering, labels):
    """Merges of a clustering and of further leaves, whose clusters are in `labels`."""
    children, heights = clustering.children_, clustering.distances_
    n_fitted, n_leaves = clustering.n_leaves_, len(labels)
    n_lower = n_fitted - clustering.n_clusters_  # merges that make the clusters
    joining = n_fitted + np.flatnonzero(labels[n_fitted:] < clustering.n_clusters_)
    if n_leaves == n_fitted:
        return children, heights
    joining = joining[np.argsort(labels[joining], kind="stable")]
    # New numbers of the nodes: further leaves come before all merges, and merges of
    # joining leaves between the lower and the upper merges.
    node = np.arange(n_fitted + len(children))
    node[n_fitted:] += n_leaves - n_fitted
    node[n_fitted + n_lower :] += len(joining)
    cluster_of_node = clusters_of_nodes(children[:n_lower], n_fitted)
    top = np.empty(clustering.n_clusters_, np.intp)
    top[cluster_of_node] = np.arange(n_fitted + n_lower)  # the last is the top
    # The leaves of a cluster join one after the other.
    made = n_leaves + n_lower + np.arange(len(joining))
    cluster = labels[joining]
    is_first = np.r_[True, cluster[1:] != cluster[:-1]][: len(joining)]
    joined = np.where(is_first, node[top[cluster]], made - 1)
    lower = node[children[:n_lower]]
    node[top[cluster]] = made  # of several, the last
    children = np.concatenate(
        [lower, np.column_stack([joined, joining]), node[children[n_lower:]]]
    )
    at = np.full(len(joining), clustering.distance_threshold_)
    return children, np.concatenate([heights[:n_lower], at, heights[n_lower:]])
