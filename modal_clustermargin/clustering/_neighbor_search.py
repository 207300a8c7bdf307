"""The nearest clusters of some clusters, and lower bounds on other distances.

A search proposes neighbours in float32. One function (`_kernels._sq_dist`) computes
every distance that a result depends on, and the bound on clusters that were not
proposed allows for the rounding of the search.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from modal_clustermargin._progress import progress_bar
from modal_clustermargin._threads import threads_for
from modal_clustermargin.clustering import _kernels
from modal_clustermargin.clustering._approximate_knn import approximate_knn
from modal_clustermargin.clustering._exact_knn import exact_knn
from modal_clustermargin.clustering._float32_frame import Float32Frame, rounding

# Below this number of queries, or of products (queries x clusters x features),
# computing all distances is faster than a search.
_SCAN_BELOW_QUERIES = 8
_SCAN_BELOW = 2e6

# With few columns, a tree is faster than a matrix product, and float32 may be too
# coarse: the nearest of 100,000 numbers differ by less than the rounding of float32.
_TREE_FEATURES = 3

# The cost per cluster of a search for a few clusters, relative to an exact search of
# all clusters.
_SPEEDUP_OF_ALL = 16


class Queries(NamedTuple):
    """Clusters whose neighbours are searched for."""

    mean: np.ndarray  # (n_queries, n_features)
    spread: np.ndarray  # (n_queries,): mean squared distance to the mean
    own: np.ndarray  # (n_queries,): slot to exclude from the answer; -1 for none


class References(NamedTuple):
    """Clusters among which to search; one entry per slot, except in `slots`."""

    mean: np.ndarray  # (n_slots, n_features)
    spread: np.ndarray  # (n_slots,)
    node: np.ndarray  # (n_slots,): changes whenever a slot holds another cluster
    slots: np.ndarray  # (n_references,): the slots to search, ascending


class NeighborSearch:
    """A neighbour search, and what it has found.

    `recall` is the share of the neighbours that a search of all clusters among
    themselves must find; None means an exact search. `device` is a CUDA device for
    large exact searches, or None. With `find_device`, the search looks for a
    CUDA device if an exact search replaces an approximate one.

    An approximate search ignores neighbours that most merges do not need, unless
    `may_limit_reach` is set to False.

    `reached` is the lowest recall of the searches of all clusters, estimated on a
    sample; 1 if all were exact. `relative_cost` is the cost per cluster of the last
    search of all clusters, relative to a search for a single one.
    """

    def __init__(self, recall=None, device=None, find_device=False, verbose=False):
        self.recall = recall
        self.device = device
        self.find_device = find_device
        self.verbose = verbose
        self.may_limit_reach = True
        self.reached = 1.0
        self.relative_cost = 0.0

    def nearest(self, queries, references, n_listed):
        """Find the clusters nearest to each query, by mean squared distance.

        Returns ``(slots, sq_dists, bounds)``. The first two have shape (n_queries,
        n_listed + 1 or more): the clusters nearest to each query, nearest first and
        padded with -1, and their mean squared distances, padded with infinity. Every
        cluster that is not in the row of `slots` is at least as far away as the bound,
        which is infinite if every cluster is listed.
        """
        n_found = n_listed + 1
        n_queries = len(queries.mean)
        n_products = n_queries * len(references.slots) * references.mean.shape[1]
        if n_queries < _SCAN_BELOW_QUERIES or n_products < _SCAN_BELOW:
            return _scan(queries, references, n_found)
        propose = self._propose
        if references.mean.shape[1] <= _TREE_FEATURES:
            propose = _propose_by_tree
        # One more, since a query may find itself.
        proposed, bounds = propose(queries, references, n_found + 1)
        return _measure(queries, references, n_found, proposed, bounds)

    def nearest_of_each(self, references, n_listed, cap):
        """`nearest` for all clusters as queries, which is faster.

        Takes and returns the same as `nearest`, but clusters at distance `cap` or more
        may be missing, and no bound is higher than `cap`. With a `recall`, a few bounds
        may not hold.
        """
        n_found = n_listed + 1
        mean, spread, _, live = references
        if len(live) < len(mean):
            queries = Queries(mean[live], spread[live], live)
        else:
            queries = Queries(mean, spread, live)  # saves a copy
        if len(live) ** 2 * mean.shape[1] < _SCAN_BELOW:
            self.relative_cost = 1 / _SPEEDUP_OF_ALL
            return _scan(queries, references, n_found)
        if mean.shape[1] <= _TREE_FEATURES:
            self.relative_cost = 1.0
            found = _propose_by_tree(queries, references, n_found + 1)
        else:
            found = self._propose_to_each(references, n_found, cap)
        return _measure(queries, references, n_found, *found)

    def _propose(self, queries, references, k):
        """Positions in ``references.slots``, and a bound on all other clusters."""
        frame = Float32Frame.around(references)
        searched = frame.clusters(references.mean, references.spread, references.slots)
        # The spread of a query shifts all its distances alike; `bounds` adds it.
        every = np.arange(len(queries.mean))
        rows = frame.clusters(queries.mean, np.zeros(len(every)), every)
        k = min(k, len(searched))
        sq_found, proposed = self._knn(rows, searched, k)
        if k == len(searched):
            return proposed, np.full(len(rows), np.inf)
        return proposed, frame.bounds(queries, rows, sq_found[:, -1])

    def _propose_to_each(self, references, k, cap):
        """`_propose` for all clusters as queries, up to distance `cap`."""
        frame = Float32Frame.around(references)
        live = references.slots
        rows = frame.rows(references.mean, live)
        sq_spreads = frame.lengths(references.spread[live]).astype(np.float64) ** 2
        sq_lengths = np.einsum("ij,ij->i", rows, rows, dtype=np.float64) + sq_spreads
        half = (sq_lengths / 2).astype(np.float32)
        least_scores = frame.least_scores(cap, sq_lengths, rows.shape[1])
        with progress_bar("nearest neighbours", "%", 100, self.verbose) as show:
            proposed, scores, sq_reach = self._knn_of_all(
                rows, half, k, least_scores, show
            )
        # A list that is not full has all clusters nearer than the cap, or nearer than
        # the reach that the search chose.
        sq_reach += rounding(sq_reach, sq_lengths, rows.shape[1])
        bounds = np.minimum(sq_reach * frame.unit**2, cap)
        full = proposed[:, -1] >= 0
        sq_found = 2 * (half[full].astype(np.float64) - scores[full, -1])
        sq_found -= rounding(sq_found, sq_lengths[full], rows.shape[1])
        bounds[full] = np.minimum(sq_found * frame.unit**2, cap)
        return proposed, bounds

    def _knn(self, rows, searched, k):
        if self.device is not None:
            from modal_clustermargin.clustering import _torch_knn

            return _torch_knn.knn(rows, searched, k, self.device)
        import faiss  # takes long

        return faiss.knn(rows, searched, k)

    def _knn_of_all(self, *arguments):
        n_rows = len(arguments[0])
        if self.recall is not None:
            found = approximate_knn(*arguments, self.recall, self.may_limit_reach)
            if found is not None:
                proposed, scores, reached, work, sq_reach = found
                self.reached = min(self.reached, float(reached))
                self.relative_cost = work / (n_rows**2 / 2) / _SPEEDUP_OF_ALL
                return proposed, scores, sq_reach
            # If the search is not cheaper for all rows, it will not be for fewer
            # clusters.
            self.recall = None
            if self.find_device:
                from modal_clustermargin._devices import cuda_device

                self.device = cuda_device(None, "AverageLinkage")
        self.relative_cost = 1 / _SPEEDUP_OF_ALL
        return *self._exact_knn(*arguments), np.inf

    # A search on workers overrides the following method.

    def _exact_knn(self, *arguments):
        return exact_knn(*arguments, self.device)


def _propose_by_tree(queries, references, k):
    """`NeighborSearch._propose` by a k-d tree in float64."""
    n_references = len(references.slots)
    k = min(k, n_references)
    # The root of the spread is a further coordinate, which is 0 for the queries.
    slots = references.slots
    searched = [references.mean[slots], np.sqrt(references.spread[slots])]
    tree = KDTree(np.column_stack(searched).astype(float))
    rows = np.column_stack([queries.mean, np.zeros(len(queries.mean))]).astype(float)
    distances, proposed = tree.query(rows, np.arange(1, k + 1), workers=-1)
    proposed = np.where(proposed < n_references, proposed, -1).astype(np.int32)
    if k == n_references:
        return proposed, np.full(len(rows), np.inf)
    # Clusters that tie with the last one may be missing, so its distance is the bound.
    return proposed, distances[:, -1] ** 2 * (1 - 1e-12) + queries.spread


def _scan(queries, references, n_found):
    n_queries = len(queries.mean)
    candidates = np.broadcast_to(references.slots, (n_queries, len(references.slots)))
    slots, sq_dists = nearest_candidates(queries, references, candidates, n_found)
    return slots, sq_dists, sq_dists[:, -1].copy()


def _measure(queries, references, n_found, proposed, bounds):
    """Compute the proposed distances; scan all clusters if a bound is too low."""
    candidates = np.where(proposed < 0, -1, references.slots[proposed])
    slots, sq_dists = nearest_candidates(
        queries, references, candidates, proposed.shape[1]
    )
    # A nearest neighbour beyond the bound is not certain. This happens if the rounding
    # errors of long rows are larger than the distances.
    unsure = np.flatnonzero((sq_dists[:, 0] > bounds) & (proposed[:, -1] >= 0))
    if len(unsure):
        found = _scan(Queries(*(x[unsure] for x in queries)), references, n_found)
        slots[unsure], sq_dists[unsure] = -1, np.inf
        slots[unsure, :n_found], sq_dists[unsure, :n_found], bounds[unsure] = found
    return slots, sq_dists, bounds


def nearest_candidates(queries, references, candidates, n_listed):
    """`_kernels.nearest`, with as many threads as the work is worth."""
    mean, spread, _, _ = references
    with threads_for(candidates.size * mean.shape[1]):
        return _kernels.nearest(*queries, mean, spread, candidates, n_listed)
