"""Most of the nearest neighbours of all rows of a set, with few products.

Rows are compared within the cells of an inverted file, and then with the neighbours of
their neighbours [1]_. The recall of this search depends on the data and cannot be
predicted. So the true neighbours of a sample of rows are found first, and the search
continues until it reaches the requested recall on the sample, or until an exact search
would be as cheap.

.. [1] W. Dong, C. Moses, K. Li, "Efficient k-nearest neighbor graph construction
   for generic similarity measures", WWW 2011.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from modal_clustermargin.clustering import _knn_kernels
from modal_clustermargin.clustering._exact_knn import empty_lists
from modal_clustermargin.clustering._float32_frame import rounding

# The cost of a product of two rows that are not adjacent in memory, relative to a
# product in a matrix multiplication. Measured with 300,000 x 64 numbers.
_GATHERED_COST = 16

# The search gives up after this share of the products of an exact search.
_WORTH_TRYING = 0.25

_N_PROBES = 4  # cells that a row is compared with
_N_EXPANDED = 10  # listed and reverse neighbours whose lists a row is compared with
_LEAST_GAIN = 0.02  # smallest gain of recall for another comparison

# Rows that the sample has at least.
_FEWEST_SAMPLED = 1024

# Number of true neighbours that the sample needs for an estimate within about 0.02, and
# the minimum number of rounds if the sample has fewer.
_FEWEST_TRUE = 500
_ROUNDS_FOR_FEW = 3

# Most merges before the next search need at most this number of neighbours.
_ENOUGH_NEIGHBORS = 8

_SAMPLE_BLOCK_ROWS = 1024


def approximate_knn(rows, half, k, least_scores, show, recall, may_limit_reach=True):
    """For each row, find most of the other rows with the highest scores.

    The first five parameters are those of `exact_knn`. With `may_limit_reach`, a search
    without least scores ignores neighbours farther away than the median distance to the
    8th neighbour.

    Returns ``(proposed, scores, reached, work, sq_reach)``: the lists, as from
    `exact_knn`, but rows that are not listed may have higher scores; the recall on the
    sample, at least `recall`; the cost of the search, as a number of products in a
    matrix multiplication; and the squared distance beyond which rows were ignored,
    infinite if none were. Returns None if the search would not be much cheaper
    than an exact search.
    """
    n_rows = len(rows)
    n_cells = min(n_rows, int(np.sqrt(_N_PROBES * n_rows)))
    budget = _WORTH_TRYING * n_rows**2 / 2  # products, after which to give up
    if (_FEWEST_SAMPLED + n_cells) * n_rows > budget:
        return None
    rng = np.random.RandomState(0)
    cells = nearest_centroids(rows, draw_centroids(rows, n_cells, rng))
    # In the order of cells, near rows are also close in memory.
    order = np.argsort(cells[:, 0], kind="stable").astype(np.int32)
    rows, half, cells = rows[order], half[order], cells[order]
    proposed, scores = empty_lists(least_scores[order], k)
    with threadpool_limits(1, "blas"):  # the loops run in parallel, not BLAS

        def find(some):
            found = scores[some], proposed[some]
            _knn_kernels.search_references(rows[some], rows, half, some, *found)
            return found

        sample = RecallSample(find, n_rows, k, rng, budget)
        sq_reach = np.inf
        if may_limit_reach:
            sq_reach, limited = sample.limit_reach(
                half, least_scores[order], rows.shape[1]
            )
            scores[:] = limited[:, np.newaxis]
        work = (len(sample.rows) + n_cells) * n_rows
        reached, n_rounds, work_before = 0.0, 0, work
        while reached < recall or n_rounds < sample.least_rounds:
            if reached >= recall and 2 * work - work_before > budget:
                break
            before, work_before = reached, work
            if n_rounds:
                work += n_rows * n_cells
                cells = nearest_centroids(rows, draw_centroids(rows, n_cells, rng))
            n_rounds += 1
            work += _n_cell_products(cells, n_cells)
            if work > budget:
                return None
            _compare_cells(rows, half, cells, n_cells, scores, proposed)
            n_products = _n_first_neighbor_products(proposed)
            gain = 1.0
            while reached < recall and gain >= _LEAST_GAIN:
                if work + _GATHERED_COST * n_products > budget:
                    return None
                n_products = _compare_neighbors(rows, half, scores, proposed)
                work += _GATHERED_COST * n_products
                gain = sample.recall(proposed, scores) - reached
                reached += gain
                show(int(100 * min(reached / recall, 1)))
            if reached < recall:
                left = n_rounds_left(before, reached, recall)
                if work + left * (work - work_before) > budget:
                    return None
    _knn_kernels.clear_new_flags(proposed)
    found = np.empty_like(proposed)
    found[order] = np.where(proposed < 0, -1, order[proposed])
    found_scores = np.empty_like(scores)
    found_scores[order] = scores
    return found, found_scores, reached, work, sq_reach


def n_rounds_left(before, reached, recall):
    """The number of further rounds, if each round misses the same share of the rest."""
    missed = (1 - reached) / (1 - before)
    if missed >= 1 or recall == 1:
        return np.inf
    return np.log((1 - recall) / (1 - reached)) / np.log(missed)


def draw_centroids(rows, n_cells, rng):
    """Centroids of new cells, by two rounds of k-means on at most 32 rows per cell."""
    import faiss  # takes long

    kmeans = faiss.Kmeans(
        rows.shape[1],
        n_cells,
        niter=2,
        seed=rng.randint(2**31 - 1),
        min_points_per_centroid=1,
        max_points_per_centroid=32,
    )
    kmeans.train(rows)
    return kmeans.centroids


def nearest_centroids(rows, centroids):
    """The numbers of the cells that each row is compared with, nearest first."""
    import faiss

    n_probes = min(_N_PROBES, len(centroids))
    return faiss.knn(rows, centroids, n_probes)[1].astype(np.int32)


def _n_cell_products(cells, n_cells):
    members = np.bincount(cells[:, 0], minlength=n_cells)
    return sum(np.bincount(probed, minlength=n_cells) @ members for probed in cells.T)


def _compare_cells(rows, half, cells, n_cells, scores, proposed):
    """Compare every row with the members of the cells nearest to it."""
    members = _rows_by_cell(cells[:, 0], n_cells)
    for probed in cells.T:
        queries = _rows_by_cell(probed, n_cells)
        _knn_kernels.compare_cells(rows, half, *queries, *members, scores, proposed)


def _n_first_neighbor_products(proposed):
    """Products of the first comparison of neighbours; half of the pairs repeat."""
    n_listed = np.count_nonzero(proposed >= 0)
    return n_listed * 2 * min(_N_EXPANDED, n_listed / len(proposed)) / 2


def _rows_by_cell(cell, n_cells):
    """Rows in the order of their cells, and the start of each cell."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=n_cells))])
    return np.argsort(cell, kind="stable").astype(np.int32), starts


def _compare_neighbors(rows, half, scores, proposed):
    """Compare every row with the neighbours of its neighbours, once."""
    n_expanded = min(_N_EXPANDED, proposed.shape[1])
    lists = proposed.copy()
    _knn_kernels.clear_new_flags(proposed)
    reverse, starts = _knn_kernels.reverse_lists(lists, n_expanded)
    return _knn_kernels.compare_neighbors(
        rows, half, lists, reverse, starts, n_expanded, scores, proposed
    )


class RecallSample:
    """A sample of rows, and their true neighbours.

    ``find(some)`` returns ``(scores, neighbors)`` of some rows from an exact search.
    The sample costs at most a quarter of `budget`, a number of products. `n_true` is
    the number of all true neighbours. `least_rounds` is the minimum number of rounds,
    whatever the estimated recall is: more than one if the sample has too few neighbours
    for a good estimate.
    """

    def __init__(self, find, n_rows, k, rng, budget):
        order = rng.permutation(n_rows)
        most_rows = int(min(n_rows, max(_FEWEST_SAMPLED, budget / n_rows / 4)))
        self.rows = np.empty(0, np.int64)
        self.n_true = 0
        self.neighbors = np.empty((0, k), np.int32)
        self.scores = np.empty((0, k), np.float32)
        # If few rows have a neighbour, the sample doubles until it has enough
        # neighbours.
        while self.n_true < _FEWEST_TRUE and len(self.rows) < most_rows:
            n_more = min(
                max(_FEWEST_SAMPLED, len(self.rows)), most_rows - len(self.rows)
            )
            more = np.sort(order[len(self.rows) :][:n_more])
            scores, found = find(more)
            self.rows = np.concatenate([self.rows, more])
            self.neighbors = np.concatenate([self.neighbors, found])
            self.scores = np.concatenate([self.scores, scores])
            self.n_true += np.count_nonzero(found >= 0)
        self.least_rounds = 1 if self.n_true >= _FEWEST_TRUE else _ROUNDS_FOR_FEW

    def limit_reach(self, half, least_scores, n_features):
        """Ignore neighbours farther away than the median distance to the 8th neighbour.

        Returns ``(sq_reach, least_scores)``. The new least scores allow twice the error
        of rounding, so every row within `sq_reach` exceeds them. The reach is infinite,
        and the least scores are unchanged, if they already exclude neighbours or if the
        rounding is too coarse.
        """
        if self.n_true < self.neighbors.size:
            return np.inf, least_scores
        last = min(_ENOUGH_NEIGHBORS, self.scores.shape[1]) - 1
        sq_reach = 2 * float(np.median(half[self.rows] - self.scores[:, last]))
        error = rounding(sq_reach, 2 * half.astype(np.float64), n_features)
        if not error.max() < sq_reach < np.inf:
            return np.inf, least_scores
        least = (half - (sq_reach + 2 * error) / 2).astype(np.float32)
        least_scores = np.maximum(least_scores, least)
        least = least_scores[self.rows, np.newaxis]
        self.neighbors[self.scores <= least] = -1
        self.scores = np.maximum(self.scores, least)
        self.n_true = np.count_nonzero(self.neighbors >= 0)
        return sq_reach, least_scores

    def recall(self, proposed, scores):
        """Share of the true neighbours that the lists contain; 1 if there are none."""
        if not self.n_true:
            return 1.0
        n_found = 0
        n_blocks = 1 + len(self.rows) // _SAMPLE_BLOCK_ROWS
        for block in np.array_split(np.arange(len(self.rows)), n_blocks):
            listed = proposed[self.rows[block]]
            _knn_kernels.clear_new_flags(listed)
            true = self.neighbors[block]
            is_true = (listed[:, :, np.newaxis] == true[:, np.newaxis]).any(axis=2)
            # A row that ties with the farthest true neighbour counts as found.
            is_true |= scores[self.rows[block]] >= self.scores[block, -1:]
            n_found += np.count_nonzero(is_true & (listed >= 0))
        return n_found / self.n_true
