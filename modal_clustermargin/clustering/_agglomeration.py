"""Exact average linkage: the lowest merge first, without a distance matrix.

This is Müllner's generic algorithm ("Modern hierarchical, agglomerative
clustering algorithms", 2011, arXiv:1109.2378): a queue of clusters by what
their nearest neighbour is at least away, where the first is either merged or
measured anew. What is added is the certified list of neighbours (`_kernels`) in
the place of the matrix, and a search for those whose list has run out.
"""

import numpy as np

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.clustering import _kernels
from modal_clustermargin.clustering._neighbors import Base, Points

_N_LISTED = 16

# Clusters that a search is worth sharing with, at the most and at the least.
_SHARED_BY = 256
_SHARED_FROM = 16

# Merges between two looks at the progress bar, and for a Ctrl-C.
_AT_A_TIME = 20_000


def agglomerate(rows, weight, search, *, n_merges, sq_threshold=np.inf, verbose=False):
    """Make the lowest merges of average linkage.

    Parameters
    ----------
    rows : ndarray of shape (n_leaves, n_features), float32 or float64
        The leaves; overwritten.

    weight : ndarray of shape (n_leaves,), float64
        Number of samples that each leaf stands for; overwritten.

    search : NeighborSearch
        How to look for neighbours. The merges are exact if it is.

    n_merges : int
        Most merges to make, n_leaves - 1 at the most; all that tie with the
        last in height are made, too.

    sq_threshold : float, default=infinity
        Largest mean squared distance at which two clusters merge.

    verbose : bool, default=False
        Whether to show progress bars.

    Returns
    -------
    children : ndarray of shape (n_made, 2), dtype=int64
        The two nodes of each merge. Nodes below n_leaves are leaves; merge i
        makes node ``n_leaves + i``.

    heights : ndarray of shape (n_made,)
        Mean squared distance between the two. A merge may be lower than the
        one before by the rounding of the rows, but not than those it is made
        of.

    Notes
    -----
    Memory O(n_leaves (n_features + 16)). Time is that of one search for the
    nearest neighbours of all leaves and of searches again for the clusters
    whose lists run out; a merge itself costs 16**2 comparisons and a few
    distances, on any data.
    """
    agglomeration = _Agglomeration(rows, weight, search, sq_threshold)
    n_expected = n_merges if sq_threshold == np.inf else None
    with progress_bar("merges", " merges", n_expected, verbose) as show:
        agglomeration.merge(n_merges, sq_threshold, show)
        if agglomeration.n_merges == n_merges > 0:
            tied = agglomeration.heights[:n_merges].max()
            agglomeration.merge(len(rows) - 1, tied, show)
    n_made = agglomeration.n_merges
    return agglomeration.children[:n_made], agglomeration.heights[:n_made]


class _Agglomeration:
    """Clusters being merged, and the merges made."""

    def __init__(self, rows, weight, search, sq_threshold):
        n_leaves = len(rows)
        self.search = search
        # A list cut at the threshold leaves room for a distance equal to it.
        self.cap = np.nextafter(sq_threshold, np.inf)
        n_listed = max(1, min(_N_LISTED, n_leaves - 1))
        self.clusters = _kernels.start(rows, weight, n_listed)
        self.children = np.empty((n_leaves - 1, 2), np.int64)
        self.heights = np.empty(n_leaves - 1)
        self.n_merges = 0
        self.n_merged_then = 0  # when lists were last searched for
        self.n_searched = 0  # clusters, since the last search for all
        self.n_merges_at_all = -1  # when all were last searched for

    def merge(self, n_merges, limit, show):
        """Merge until there are so many merges, or none is within `limit`."""
        while self.n_merges < n_merges:
            n_wanted = min(n_merges, self.n_merges + _AT_A_TIME)
            self.n_merges = _kernels.merge_lowest(
                self.clusters,
                self.children,
                self.heights,
                self.n_merges,
                n_wanted,
                limit,
            )
            show(self.n_merges)
            if self.n_merges < n_wanted:
                first = self.clusters.winner[1]
                if self.clusters.key[first] > limit:
                    break
                self._search_again(limit)

    def _search_again(self, limit):
        """New lists for the clusters whose list has run out, or for all.

        With them ask those whose bound is the lowest, whose lists will run out
        next; half as many as merges were made since the last search, so that one
        cluster that swallows all others searches alone. Which else will run out
        is not known, so it is rent or buy: searches for some go on until they
        have cost as much as a search for all.
        """
        clusters = self.clusters
        live = np.flatnonzero(clusters.alive)
        base = Base(clusters.mean, clusters.spread, clusters.node, live)
        n_listed = clusters.neighbors.shape[1]
        is_out = (clusters.n_neighbors[live] == 0) & (clusters.bound[live] <= limit)
        exhausted = live[is_out]
        if not len(exhausted):
            raise RuntimeError(
                f"average linkage stopped at {self.n_merges} merges, with nothing to"
                " merge and nothing to search. This is a bug in modal_clustermargin;"
                " please report it with the data."
            )
        n_shared = min((self.n_merges - self.n_merged_then) // 2, _SHARED_BY, len(live))
        self.n_merged_then = self.n_merges
        asking = exhausted
        if n_shared >= max(len(exhausted), _SHARED_FROM):
            next_out = np.argpartition(clusters.bound[live], n_shared - 1)[:n_shared]
            asking = np.union1d(exhausted, live[next_out])
        self.n_searched += len(asking)
        if self.n_searched > self.search.share_of_single * len(live):
            if self.n_merges == self.n_merges_at_all:
                self.search.recall = None  # most neighbours were no help
            self.n_merges_at_all = self.n_merges
            found = self.search.nearest_of_each(base, n_listed, self.cap)
            _kernels.set_lists(clusters, live, *found, self.cap)
            self.n_searched = 0
        else:
            points = Points(clusters.mean[asking], clusters.spread[asking], asking)
            found = self.search.nearest(points, base, n_listed)
            _kernels.set_lists(clusters, asking, *found, self.cap)
