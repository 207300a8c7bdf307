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

from modal_clustermargin.clustering import _faiss, _knn_kernels
from modal_clustermargin.clustering._exact_knn import empty_lists
from modal_clustermargin.clustering._recall_sample import FEWEST_SAMPLED, RecallSample

# The cost of a product of two rows that are not adjacent in memory, relative to a
# product in a matrix multiplication. Measured with 300,000 x 64 numbers.
_GATHERED_COST = 16

# The search gives up after this share of the products of an exact search.
_WORTH_TRYING = 0.25

_N_PROBES = 4  # cells that a row is compared with
_N_EXPANDED = 10  # listed and reverse neighbours whose lists a row is compared with
_LEAST_GAIN = 0.02  # smallest gain of recall for another comparison


def approximate_knn(rows, half, k, least_scores, show, recall, may_limit_reach=True):
    """For each row, find most of the other rows with the highest scores.

    The first five parameters are those of `exact_knn`. With `may_limit_reach`, a search
    without least scores ignores neighbours farther away than the median distance to the
    8th neighbour.

    Returns
    -------
    proposed, scores : ndarray of shape (n_rows, k)
        As from `exact_knn`, but rows that are not listed may have higher scores.

    reached : float
        The recall on the sample, at least `recall`.

    work : float
        Cost of the search, as a number of products in a matrix multiplication.

    sq_reach : float
        Squared distance beyond which rows were ignored; infinite if none were.

    Returns None if the search would not be much cheaper than an exact search.
    """
    n_rows = len(rows)
    n_cells, budget = cells_and_budget(n_rows)
    if not is_worth_trying(n_rows):
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


def cells_and_budget(n_rows):
    """The number of cells, and the number of products after which to give up."""
    n_cells = min(n_rows, int(np.sqrt(_N_PROBES * n_rows)))
    return n_cells, _WORTH_TRYING * n_rows**2 / 2


def is_worth_trying(n_rows):
    """Whether the budget covers the smallest sample and the cells."""
    n_cells, budget = cells_and_budget(n_rows)
    return (FEWEST_SAMPLED + n_cells) * n_rows <= budget


def n_rounds_left(before, reached, recall):
    """The number of further rounds, if each round misses the same share of the rest."""
    missed = (1 - reached) / (1 - before)
    if missed >= 1 or recall == 1:
        return np.inf
    return np.log((1 - recall) / (1 - reached)) / np.log(missed)


def draw_centroids(rows, n_cells, rng):
    """Centroids of new cells, by k-means on some of the rows."""
    return _faiss.k_means_centroids(rows, n_cells, rng.randint(2**31 - 1))


def nearest_centroids(rows, centroids):
    """The numbers of the cells that each row is compared with, nearest first."""
    n_probes = min(_N_PROBES, len(centroids))
    return _faiss.knn(rows, centroids, n_probes)[1].astype(np.int32)


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
