"""Exact average linkage by merging all reciprocal nearest neighbours at once.

Average linkage is reducible: a merge never brings a third cluster nearer than
the nearer of the two halves was. So every pair of clusters that are each
other's nearest neighbour may merge in the same round, in any order, and the
result is that of one merge at a time (Sumengen et al., "Scaling Hierarchical
Agglomerative Clustering to Billion-sized Datasets", arXiv:2105.11653). What is
added here is the neighbour list with a bound (`_kernels`), which makes a round
cheap without a graph or a matrix of distances.
"""

import numpy as np

from modal_clustermargin._threads import threads_for
from modal_clustermargin.clustering._kernels import (
    Clusters,
    merge_pairs,
    reciprocal_pairs,
    set_lists,
    update_lists,
)
from modal_clustermargin.clustering._neighbors import (
    Points,
    nearest_clusters,
    nearest_of_each,
)

_N_LISTED = 16


def merge_up_to(rows, weight, sq_threshold):
    """Make every merge of average linkage no higher than a threshold.

    Parameters
    ----------
    rows : ndarray of shape (n_leaves, n_features), float32 or float64
        The leaves; overwritten.

    weight : ndarray of shape (n_leaves,)
        Number of samples that each leaf stands for; overwritten.

    sq_threshold : float
        Largest mean squared distance at which two clusters merge; may be
        infinite.

    Returns
    -------
    children : ndarray of shape (n_merges, 2), dtype=int64
        The two nodes of each merge. Nodes below n_leaves are leaves; merge i
        makes node ``n_leaves + i``. In the order made: every merge after
        those it is made of, but not sorted by height.

    heights : ndarray of shape (n_merges,)
        Mean squared distance between the two.

    Notes
    -----
    Memory O(n_leaves (n_features + 16)). Time is that of one search for the
    nearest neighbours of all leaves, and of searches again for the clusters
    whose lists run out. A round reads every list once; their number grows with
    the logarithm of n_leaves on ordinary data, and with n_leaves on a line of
    points with growing gaps.
    """
    # A list cut at the threshold must leave room for a distance equal to it.
    agglomeration = _Agglomeration(rows, weight, cap=np.nextafter(sq_threshold, np.inf))
    agglomeration.merge(sq_threshold)
    return agglomeration.merges()


def merge_down_to(rows, weight, n_merges):
    """Make the lowest `n_merges` merges of average linkage, and maybe more.

    Parameters and returns are those of `merge_up_to`. The lowest `n_merges` of
    the merges made, by height, are those that average linkage makes first.
    """
    agglomeration = _Agglomeration(rows, weight, cap=np.inf)
    while agglomeration.n_merges < n_merges:
        missing = n_merges - agglomeration.n_merges
        agglomeration.merge(agglomeration.next_limit(missing))
    return agglomeration.merges()


class _Agglomeration:
    """Clusters being merged; the limit on heights may be raised in between."""

    def __init__(self, rows, weight, *, cap):
        n_leaves = len(rows)
        n_listed = max(1, min(_N_LISTED, n_leaves - 1))
        self.cap = cap
        self.clusters = Clusters(
            mean=rows,
            spread=np.zeros(n_leaves),
            weight=weight,
            height=np.zeros(n_leaves),
            node=np.arange(n_leaves),
            alive=np.ones(n_leaves, bool),
            neighbors=np.empty((n_leaves, n_listed), np.int32),
            sq_dists=np.empty((n_leaves, n_listed)),
            n_neighbors=np.zeros(n_leaves, np.int32),
            bound=np.zeros(n_leaves),
        )
        self.live = np.arange(n_leaves)
        self.n_merges = 0
        self._children = [np.empty((0, 2), np.int64)]
        self._heights = [np.empty(0)]
        self._nearest = np.empty(n_leaves)
        self._best = np.empty(n_leaves, np.uint64)

    def merges(self):
        return np.concatenate(self._children), np.concatenate(self._heights)

    def merge(self, limit):
        """Merge until no two clusters are within `limit`."""
        clusters = self.clusters
        while len(self.live) > 1:
            listed = clusters.n_neighbors[self.live] > 0
            exhausted = self.live[~listed & (clusters.bound[self.live] <= limit)]
            if len(exhausted):
                self._search(exhausted)
            left, right = reciprocal_pairs(
                clusters, self.live, limit, self._nearest, self._best
            )
            if not len(left):
                break
            self._merge_pairs(left, right)
        if len(self.live) > 1 and self._nearest_certain().min() <= limit:
            raise RuntimeError(
                "average linkage stopped early: two clusters are within"
                f" {limit:.6g} of each other, and no pair was merged. This is a"
                " bug in modal_clustermargin; please report it with the data."
            )

    def next_limit(self, n_merges):
        """A higher limit, at which between half and all of `n_merges` follow.

        Every cluster whose nearest neighbour is within the limit takes part in
        a merge, so letting `n_merges` clusters in is seldom far too much.
        """
        nearest = self._nearest_certain()
        rank = min(n_merges, len(nearest)) - 1
        return np.partition(nearest, rank)[rank]

    def _nearest_certain(self):
        """What each live cluster's nearest neighbour is at least away."""
        clusters, live = self.clusters, self.live
        return np.where(
            clusters.n_neighbors[live] > 0,
            clusters.sq_dists[live, 0],
            clusters.bound[live],
        )

    def _search(self, exhausted):
        clusters = self.clusters
        where = clusters.mean, clusters.spread, self.live
        n_listed = clusters.neighbors.shape[1]
        if len(exhausted) == len(self.live):
            found = nearest_of_each(*where, n_listed, self.cap)
        else:
            points = Points(
                clusters.mean[exhausted], clusters.spread[exhausted], exhausted
            )
            found = nearest_clusters(points, *where, n_listed)
        set_lists(clusters, exhausted, *found, self.cap)

    def _merge_pairs(self, left, right):
        clusters = self.clusters
        children = np.empty((len(left), 2), np.int64)
        heights = np.empty(len(left))
        n_leaves = len(clusters.alive)
        merge_pairs(
            clusters,
            left,
            right,
            self._nearest,
            n_leaves + self.n_merges,
            heights,
            children,
        )
        self._children.append(children)
        self._heights.append(heights)
        self.n_merges += len(left)
        self.live = self.live[clusters.alive[self.live]]
        into = np.arange(n_leaves)
        into[right] = left
        partner = np.full(n_leaves, -1)
        partner[left] = right
        with threads_for(len(self.live) * clusters.neighbors.shape[1]):
            update_lists(clusters, self.live, partner, into, self.cap)
