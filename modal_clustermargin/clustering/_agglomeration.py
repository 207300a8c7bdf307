"""Exact average linkage: the lowest merge first, without a distance matrix.

This is Müllner's generic algorithm ("Modern hierarchical, agglomerative clustering
algorithms", 2011, arXiv:1109.2378): a priority queue orders clusters by a lower bound
on the distance to their nearest neighbour, and the first cluster is either merged, or
its distance is computed again. Instead of a distance matrix, each cluster has a
certified list of neighbours (`_kernels`), and a search renews the lists that have
become empty.
"""

import numpy as np

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.clustering import _kernels
from modal_clustermargin.clustering._neighbor_search import Queries, References

_N_LISTED = 16

# Largest and smallest number of clusters that join a search with a list left.
_MOST_JOINING = 256
_FEWEST_JOINING = 16

# Merges between two updates of the progress bar, and between two checks for Ctrl-C.
_AT_A_TIME = 20_000


def agglomerate(
    rows,
    weight,
    search,
    *,
    n_merges,
    sq_threshold=np.inf,
    first_lists=None,
    verbose=False,
):
    """Make the lowest merges of average linkage, exactly if the search is exact.

    `rows` are the leaves, and `weight` is the number of samples in each leaf; both are
    overwritten. Further merges that tie with number `n_merges` are made, too. No two
    clusters merge at a mean squared distance above `sq_threshold`. `first_lists` are
    what ``search.nearest_of_each`` finds for the leaves; None starts with a search.

    Returns ``(children, heights)``: the two nodes of each merge, int64, and their mean
    squared distance. Nodes below n_leaves are leaves; merge i makes node
    ``n_leaves + i``. Due to the rounding of the rows, a merge may be lower than the
    merge before it, but never lower than the merges that made its nodes.

    Most of the time is one search for the neighbours of all leaves, and searches for
    the clusters whose lists become empty; a merge itself costs 16**2 comparisons and a
    few distances.
    """
    agglomeration = _Agglomeration(rows, weight, search, sq_threshold)
    if first_lists is not None:
        agglomeration.set_first_lists(*first_lists)
    n_expected = n_merges if sq_threshold == np.inf else None
    with progress_bar("merges", " merges", n_expected, verbose) as show:
        agglomeration.merge(n_merges, sq_threshold, show)
        if agglomeration.n_merges == n_merges > 0:
            tied = agglomeration.heights[:n_merges].max()
            agglomeration.merge(len(rows) - 1, tied, show)
    n_made = agglomeration.n_merges
    return agglomeration.children[:n_made], agglomeration.heights[:n_made]


class _Agglomeration:
    """The clusters, and the merges made so far."""

    def __init__(self, rows, weight, search, sq_threshold):
        n_leaves = len(rows)
        self.search = search
        # Lists end just above the threshold, so that they include distances equal to
        # it.
        self.cap = np.nextafter(sq_threshold, np.inf)
        n_listed = max(1, min(_N_LISTED, n_leaves - 1))
        self.clusters = _kernels.start(rows, weight, n_listed)
        self.children = np.empty((n_leaves - 1, 2), np.int64)
        self.heights = np.empty(n_leaves - 1)
        self.n_merges = 0
        self.n_merges_at_search = 0  # at the last search
        self.n_searched = 0  # clusters, since the last search of all clusters
        self.n_merges_at_full_search = -1  # at the last search of all clusters

    def set_first_lists(self, slots, sq_dists, bounds):
        """Use lists of the leaves that are known already."""
        leaves = np.arange(len(slots))
        _kernels.set_lists(self.clusters, leaves, slots, sq_dists, bounds, self.cap)
        self.n_merges_at_full_search = 0

    def merge(self, n_merges, limit, show):
        """Merge until `n_merges` are made, or no merge is within `limit`."""
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
                first = self.clusters.tree[1]
                if self.clusters.key[first] > limit:
                    break
                self._search_again(limit)

    def _search_again(self, limit):
        """Renew the lists of the clusters whose list is empty, or of all clusters.

        The clusters with the lowest bounds join the search, because their lists are the
        next to become empty. Their number is half the number of merges since the last
        search, so that a cluster that absorbs all others searches alone. All clusters
        are searched once the searches of some clusters have cost as much as a search of
        all (rent or buy).
        """
        clusters = self.clusters
        live = np.flatnonzero(clusters.alive)
        references = References(clusters.mean, clusters.spread, clusters.node, live)
        n_listed = clusters.neighbors.shape[1]
        is_out = (clusters.n_neighbors[live] == 0) & (clusters.bound[live] <= limit)
        slots = live[is_out]
        if not len(slots):
            raise RuntimeError(
                f"AverageLinkage stopped after {self.n_merges} merges, because no"
                " cluster can be merged or searched. This is a bug in"
                " modal_clustermargin; please report it with the data."
            )
        n_new = self.n_merges - self.n_merges_at_search
        n_joining = min(n_new // 2, _MOST_JOINING, len(live))
        self.n_merges_at_search = self.n_merges
        if n_joining >= max(len(slots), _FEWEST_JOINING):
            lowest = np.argpartition(clusters.bound[live], n_joining - 1)[:n_joining]
            slots = np.union1d(slots, live[lowest])
        self.n_searched += len(slots)
        if self.n_searched > self.search.relative_cost * len(live):
            if self.n_merges == self.n_merges_at_full_search:
                self.search.recall = None  # approximate lists allowed no merge
            self.n_merges_at_full_search = self.n_merges
            found = self.search.nearest_of_each(references, n_listed, self.cap)
            _kernels.set_lists(clusters, live, *found, self.cap)
            self.n_searched = 0
        else:
            queries = Queries(clusters.mean[slots], clusters.spread[slots], slots)
            found = self.search.nearest(queries, references, n_listed)
            _kernels.set_lists(clusters, slots, *found, self.cap)
