"""Most of the nearest neighbours of all rows among themselves, by few products.

Rows are compared within the cells of an inverted file, then with the neighbours
of their neighbours [1]_. How much that finds depends on the data, and on nothing
that can be known before. So the neighbours of a sample of rows are found for
certain first, and the search goes on until it has found as many of them as were
asked for, or until the search for all is no longer dearer.

.. [1] W. Dong, C. Moses, K. Li, "Efficient k-nearest neighbor graph construction
   for generic similarity measures", WWW 2011.
"""

import faiss
import numpy as np
from threadpoolctl import threadpool_limits

from modal_clustermargin.clustering import _list_kernels

# Measured at 300,000 x 64: a product of rows from two places in memory takes as
# long as so many in a product of matrices.
_GATHERED = 16

# The share of the products of a search for all after which this one gives up.
_WORTH_TRYING = 0.25

_N_SAMPLED = 1024
_N_PROBES = 4  # cells that a row is compared with
_N_LOOKED_AT = 10  # neighbours whose neighbours a row is compared with, both ways
_LEAST_GAIN = 0.02  # of recall, for which neighbours are compared once more


def most_nearest_in_set(rows, half, n_proposed, least_scores, show, recall):
    """For every row, most of the other rows with the highest scores.

    Parameters
    ----------
    rows, half, n_proposed, least_scores, show :
        Those of `nearest_in_set`, which finds all.

    recall : float
        Share of the neighbours to find: of the `n_proposed` best that exceed
        the least score, over a sample of the rows.

    Returns
    -------
    proposed, scores : ndarray of shape (n_rows, n_proposed)
        Those of `nearest_in_set`; but other rows may have higher scores.

    reached : float
        The share found; no less than `recall`.

    work : float
        Cost of the search, as a number of products of two rows in a product
        of matrices.

    None instead, where this would not be much cheaper than to find all.
    """
    n_rows = len(rows)
    n_cells = min(n_rows, int(np.sqrt(_N_PROBES * n_rows)))
    n_sampled = min(_N_SAMPLED, n_rows)
    budget = _WORTH_TRYING * n_rows**2 / 2
    work = (n_sampled + n_cells) * n_rows
    if work > budget:
        return None
    rng = np.random.RandomState(0)
    cells = _nearest_cells(rows, n_cells, rng)
    # Neighbours are near in memory, too, if the rows are in the order of cells.
    order = np.argsort(cells[:, 0], kind="stable").astype(np.int32)
    rows, half, cells = rows[order], half[order], cells[order]
    scores = np.repeat(least_scores[order, np.newaxis], n_proposed, axis=1)
    proposed = np.full((n_rows, n_proposed), -1, np.int32)
    with threadpool_limits(1, "blas"):  # the threads are ours
        sampled = np.sort(rng.choice(n_rows, n_sampled, replace=False))
        sample = _Sample(sampled, rows, half, scores)
        reached = sample.share_found(scores)
        while reached < recall:
            before, work_before = reached, work
            work += _n_products(cells, n_cells)
            if work > budget:
                return None
            _compare_cells(rows, half, cells, n_cells, scores, proposed)
            gain = 1.0
            while reached < recall and gain >= _LEAST_GAIN:
                work += _GATHERED * _compare_neighbors(rows, half, scores, proposed)
                gain = sample.share_found(scores) - reached
                reached += gain
                show(int(100 * min(reached / recall, 1)))
            if reached < recall:
                work += n_rows * n_cells
                left = _rounds_left(before, reached, recall)
                if work + left * (work - work_before) > budget:
                    return None
                cells = _nearest_cells(rows, n_cells, rng)
    _list_kernels.strip_marks(proposed)
    found = np.empty_like(proposed)
    found[order] = np.where(proposed < 0, -1, order[proposed])
    found_scores = np.empty_like(scores)
    found_scores[order] = scores
    return found, found_scores, reached, work


def _rounds_left(before, reached, recall):
    """How many more rounds like the last, if each misses the same share."""
    missed = (1 - reached) / (1 - before)
    if missed >= 1 or recall == 1:
        return np.inf
    return np.log((1 - recall) / (1 - reached)) / np.log(missed)


def _nearest_cells(rows, n_cells, rng):
    """The cells whose centroids are nearest to each row, nearest first."""
    kmeans = faiss.Kmeans(
        rows.shape[1],
        n_cells,
        niter=2,
        seed=rng.randint(2**31 - 1),
        min_points_per_centroid=1,
        max_points_per_centroid=32,
    )
    kmeans.train(rows)
    n_probes = min(_N_PROBES, n_cells)
    return faiss.knn(rows, kmeans.centroids, n_probes)[1].astype(np.int32)


def _n_products(cells, n_cells):
    at_home = np.bincount(cells[:, 0], minlength=n_cells)
    return sum(np.bincount(probed, minlength=n_cells) @ at_home for probed in cells.T)


def _compare_cells(rows, half, cells, n_cells, scores, proposed):
    """Compare every row with those at home in the cells nearest to it."""
    base = _grouped(cells[:, 0], n_cells)
    for probed in cells.T:
        asking = _grouped(probed, n_cells)
        _list_kernels.compare_cells(rows, half, *asking, *base, scores, proposed)


def _grouped(cell, n_cells):
    """Rows in the order of their cells, and where each cell starts."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=n_cells))])
    return np.argsort(cell, kind="stable").astype(np.int32), starts


def _compare_neighbors(rows, half, scores, proposed):
    """Compare every row with the neighbours of its neighbours, once."""
    n_looked_at = min(_N_LOOKED_AT, proposed.shape[1])
    lists = proposed.copy()
    _list_kernels.strip_marks(proposed)
    listers, starts = _list_kernels.listed_by(lists, n_looked_at)
    return _list_kernels.compare_neighbors(
        rows, half, lists, listers, starts, n_looked_at, scores, proposed
    )


class _Sample:
    """Some of the rows, and the scores that their true neighbours have."""

    def __init__(self, sampled, rows, half, least_scores):
        self.rows = sampled
        self.least_scores = least_scores[sampled]
        scores = self.least_scores.copy()
        proposed = np.full(scores.shape, -1, np.int32)
        asking = rows[sampled]
        _list_kernels.find_in_base(asking, rows, half, sampled, scores, proposed)
        self.n_true = np.count_nonzero(scores > self.least_scores)
        # The same product may come out a little lower in another block.
        sq_lengths = np.einsum("ij,ij->i", asking, asking)
        slack = (rows.shape[1] + 8) * 2.0**-24 * (sq_lengths + half[sampled])
        self.last_scores = scores[:, -1:] - slack[:, np.newaxis]

    def share_found(self, scores):
        """Of all true neighbours, the share that is in the lists."""
        if not self.n_true:
            return 1.0
        found = scores[self.rows]
        is_true = (found >= self.last_scores) & (found > self.least_scores)
        return np.count_nonzero(is_true) / self.n_true
