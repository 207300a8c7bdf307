"""The cluster nearest to a new row by average linkage.

The mean squared distance from a row to the members of a cluster is the squared distance
to their mean plus the mean squared distance of the members to their mean (the spread).
So a mean and a spread represent each cluster. The Euclidean distance has no such
formula and needs all members.
"""

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist, pdist

from modal_clustermargin.clustering._neighbor_search import Queries, References
from modal_clustermargin.clustering._rows import SQ_DISTS_PER_UNIT, prepare_block
from modal_clustermargin.pools import row_blocks

# Number of clusters that a search finds, to detect ties with the nearest.
_N_LISTED = 4


def nearest_clusters(X, labels, metric):
    """An object whose method `find` gives the cluster nearest to each row.

    `labels` are the clusters of the rows of `X`, numbered from 0 without gaps. The
    attribute `mean_distance` is the mean distance over all pairs of rows of `X`.
    """
    of = _ByMembers if metric == "euclidean" else _ByMeans
    return of(X, labels, metric)


class _ByMeans:
    def __init__(self, X, labels, metric):
        self.metric = metric
        sizes = np.bincount(labels).astype(float)
        n_features = prepare_block(X[:1], metric).shape[1]
        means = np.zeros((len(sizes), n_features))
        for block in row_blocks(X):
            rows = prepare_block(X[block], metric)
            # A block has rows of few clusters.
            there, number = np.unique(labels[block], return_inverse=True)
            means[there] += _members(number, len(there)) @ rows
        center = means.sum(axis=0) / len(X)
        means /= sizes[:, np.newaxis]
        spreads = np.zeros(len(sizes))
        for block in row_blocks(X):
            gaps = prepare_block(X[block], metric) - means[labels[block]]
            sq_gaps = np.einsum("ij,ij->i", gaps, gaps)
            there, number = np.unique(labels[block], return_inverse=True)
            spreads[there] += np.bincount(number, sq_gaps)
        sq_gaps = np.einsum("ij,ij->i", means - center, means - center)
        # Twice the mean squared distance to the mean, over the pairs of different rows.
        sq_dist = 2 * (spreads.sum() + sizes @ sq_gaps) / max(1, len(X) - 1)
        self.mean_distance = float(sq_dist / SQ_DISTS_PER_UNIT[metric])
        self.means = means.astype(rows.dtype)
        self.spreads = spreads / sizes

    def find(self, X, search):
        """Nearest cluster of each row, and its distance in units of the metric.

        Ties go to the lowest number.
        """
        rows = prepare_block(X, self.metric)
        n_clusters = len(self.spreads)
        queries = Queries(rows, np.zeros(len(rows)), np.full(len(rows), -1))
        numbers = np.arange(n_clusters)
        references = References(self.means, self.spreads, numbers, numbers)
        slots, sq_dists, _ = search.nearest(queries, references, _N_LISTED)
        tied = sq_dists == sq_dists[:, :1]
        nearest = np.where(tied, slots, n_clusters).min(axis=1)
        return nearest, sq_dists[:, 0] / SQ_DISTS_PER_UNIT[self.metric]


class _ByMembers:
    def __init__(self, X, labels, metric):
        self.metric = metric
        self.rows = X
        self.sizes = np.bincount(labels)
        self.members = _members(labels, len(self.sizes))
        self.mean_distance = float(pdist(X).mean()) if len(X) > 1 else 0.0

    def find(self, X, search):
        """`_ByMeans.find` from the distances to all members."""
        distances = (self.members @ cdist(self.rows, X, self.metric)).T / self.sizes
        nearest = distances.argmin(axis=1)
        return nearest, distances[np.arange(len(X)), nearest]


def _members(labels, n_clusters):
    """Sparse matrix of shape (n_clusters, n_rows): 1 where a row is a member."""
    n_rows = len(labels)
    return sparse.csr_array(
        (np.ones(n_rows), (labels, np.arange(n_rows))), shape=(n_clusters, n_rows)
    )
