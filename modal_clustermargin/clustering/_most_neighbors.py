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
from modal_clustermargin.clustering._rounding import rounding

# Measured at 300,000 x 64: a product of rows from two places in memory takes as
# long as so many in a product of matrices.
_GATHERED = 16

# The share of the products of a search for all after which this one gives up.
_WORTH_TRYING = 0.25

N_SAMPLED = 1024
_LEAST_TRUE = 500  # neighbours of the sample, for an estimate to be good to .02
_ROUNDS_FOR_FEW = 3  # where there are fewer
N_PROBES = 4  # cells that a row is compared with
_N_LOOKED_AT = 10  # neighbours whose neighbours a row is compared with, both ways
_USUALLY_ENOUGH = 8  # neighbours, for most merges until the next search
_LEAST_GAIN = 0.02  # of recall, for which neighbours are compared once more


def most_nearest_in_set(
    rows, half, n_proposed, least_scores, show, recall, may_narrow=True
):
    """For every row, most of the other rows with the highest scores.

    Parameters
    ----------
    rows, half, n_proposed, least_scores, show :
        Those of `nearest_in_set`, which finds all.

    recall : float
        Share of the neighbours to find: of the `n_proposed` best that exceed
        the least score, over a sample of the rows.

    may_narrow : bool, default=True
        Whether a search that has no least scores may go no farther than a usual row
        needs.

    Returns
    -------
    proposed, scores : ndarray of shape (n_rows, n_proposed)
        Those of `nearest_in_set`; but other rows may have higher scores.

    reached : float
        The share found; no less than `recall`, but for chance.

    work : float
        Cost of the search, as a number of products of two rows in a product
        of matrices.

    sq_reach : float
        Squared distance beyond which rows were not looked for, since merges to
        clusters of a usual size do not need them; infinite if there is none.

    None instead, where this would not be much cheaper than to find all.
    """
    n_rows = len(rows)
    n_cells, budget = cells_and_budget(n_rows)
    if (N_SAMPLED + n_cells) * n_rows > budget:
        return None
    rng = np.random.RandomState(0)
    cells = nearest_centroids(rows, centroids(rows, n_cells, rng))
    # Neighbours are near in memory, too, if the rows are in the order of cells.
    order = np.argsort(cells[:, 0], kind="stable").astype(np.int32)
    rows, half, cells = rows[order], half[order], cells[order]
    scores = np.repeat(least_scores[order, np.newaxis], n_proposed, axis=1)
    proposed = np.full((n_rows, n_proposed), -1, np.int32)
    with threadpool_limits(1, "blas"):  # the threads are ours

        def find(some):
            found = scores[some], proposed[some]
            _list_kernels.find_in_base(rows[some], rows, half, some, *found)
            return found

        sample = Sample(find, n_rows, n_proposed, rng, budget)
        sq_reach = np.inf
        if may_narrow:
            sq_reach, narrow = narrowed(
                sample, half, least_scores[order], rows.shape[1]
            )
            scores[:] = narrow[:, np.newaxis]
        work = (len(sample.rows) + n_cells) * n_rows
        reached, n_rounds, work_before = 0.0, 0, work
        while reached < recall or n_rounds < sample.least_rounds:
            if reached >= recall and 2 * work - work_before > budget:
                break
            before, work_before = reached, work
            if n_rounds:
                work += n_rows * n_cells
                cells = nearest_centroids(rows, centroids(rows, n_cells, rng))
            n_rounds += 1
            work += _n_products(cells, n_cells)
            if work > budget:
                return None
            _compare_cells(rows, half, cells, n_cells, scores, proposed)
            n_products = _most_products(proposed)
            gain = 1.0
            while reached < recall and gain >= _LEAST_GAIN:
                if work + _GATHERED * n_products > budget:
                    return None
                n_products = _compare_neighbors(rows, half, scores, proposed)
                work += _GATHERED * n_products
                gain = sample.share_found(proposed, scores) - reached
                reached += gain
                show(int(100 * min(reached / recall, 1)))
            if reached < recall:
                left = rounds_left(before, reached, recall)
                if work + left * (work - work_before) > budget:
                    return None
    _list_kernels.strip_marks(proposed)
    found = np.empty_like(proposed)
    found[order] = np.where(proposed < 0, -1, order[proposed])
    found_scores = np.empty_like(scores)
    found_scores[order] = scores
    return found, found_scores, reached, work, sq_reach


def cells_and_budget(n_rows):
    """How many cells there are, and after how many products to give up."""
    n_cells = min(n_rows, int(np.sqrt(N_PROBES * n_rows)))
    return n_cells, _WORTH_TRYING * n_rows**2 / 2


def rounds_left(before, reached, recall):
    """How many more rounds like the last, if each misses the same share."""
    missed = (1 - reached) / (1 - before)
    if missed >= 1 or recall == 1:
        return np.inf
    return np.log((1 - recall) / (1 - reached)) / np.log(missed)


def centroids(rows, n_cells, rng):
    """What the cells of rows are around: by k-means on some of them."""
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
    """The cells that each row is compared with, by number, nearest first."""
    n_probes = min(N_PROBES, len(centroids))
    return faiss.knn(rows, centroids, n_probes)[1].astype(np.int32)


def narrowed(sample, half, least_scores, n_features):
    """Let a search without limits go no farther than a usual row needs.

    Returns ``(sq_reach, least_scores)``. Beyond the reach is left twice the room that
    rounding may need: what is not farther is among what exceeds the least scores.
    """
    sq_reach = 2 * sample.usual_reach(half)
    room = rounding(sq_reach, 2 * half.astype(np.float64), n_features)
    if not room.max() < sq_reach < np.inf:
        return np.inf, least_scores
    least = (half - (sq_reach + 2 * room) / 2).astype(np.float32)
    least_scores = np.maximum(least_scores, least)
    sample.narrow(least_scores)
    return sq_reach, least_scores


def _n_products(cells, n_cells):
    at_home = np.bincount(cells[:, 0], minlength=n_cells)
    return sum(np.bincount(probed, minlength=n_cells) @ at_home for probed in cells.T)


def _compare_cells(rows, half, cells, n_cells, scores, proposed):
    """Compare every row with those at home in the cells nearest to it."""
    base = _grouped(cells[:, 0], n_cells)
    for probed in cells.T:
        asking = _grouped(probed, n_cells)
        _list_kernels.compare_cells(rows, half, *asking, *base, scores, proposed)


def _most_products(proposed):
    """Products that the first comparison of neighbours takes; about half of them
    meet for the second time."""
    n_listed = np.count_nonzero(proposed >= 0)
    return n_listed * 2 * min(_N_LOOKED_AT, n_listed / len(proposed)) / 2


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


class Sample:
    """Some of the rows, and their true neighbours.

    Parameters
    ----------
    find : callable
        ``find(some)`` returns scores and numbers of the best others for some rows:
        two ndarrays of shape (n_some, n_proposed).

    n_rows, n_proposed : int

    rng : RandomState
        Draws the rows.

    budget : float
        A quarter of so many products may be spent on finding some neighbours.

    Attributes
    ----------
    rows : ndarray of shape (n_sampled,)

    n_true : int
        Neighbours that they have.

    least_rounds : int
        In how many sets of cells rows are to be compared, whatever share of the
        neighbours is found: more where these are too few to tell, if the budget lasts.
    """

    def __init__(self, find, n_rows, n_proposed, rng, budget):
        order = rng.permutation(n_rows)
        most_rows = int(min(n_rows, max(N_SAMPLED, budget / n_rows / 4)))
        self.rows = np.empty(0, np.int64)
        self.n_true = 0
        self.neighbors = np.empty((0, n_proposed), np.int32)
        self.scores = np.empty((0, n_proposed), np.float32)
        # Where few rows have a neighbour, it takes many to see them found.
        while self.n_true < _LEAST_TRUE and len(self.rows) < most_rows:
            n_more = min(max(N_SAMPLED, len(self.rows)), most_rows - len(self.rows))
            more = np.sort(order[len(self.rows) :][:n_more])
            scores, found = find(more)
            self.rows = np.concatenate([self.rows, more])
            self.neighbors = np.concatenate([self.neighbors, found])
            self.scores = np.concatenate([self.scores, scores])
            self.n_true += np.count_nonzero(found >= 0)
        self.least_rounds = 1 if self.n_true >= _LEAST_TRUE else _ROUNDS_FOR_FEW

    def usual_reach(self, half):
        """How far the neighbours of a usual row are, as half a squared distance.

        Infinite where the least scores leave rows without some of their neighbours
        already.
        """
        if self.n_true < self.neighbors.size:
            return np.inf
        m = min(_USUALLY_ENOUGH, self.scores.shape[1]) - 1
        return float(np.median(half[self.rows] - self.scores[:, m]))

    def narrow(self, least_scores):
        """Count no neighbours but those that exceed higher scores than before."""
        least = least_scores[self.rows, np.newaxis]
        self.neighbors[self.scores <= least] = -1
        self.scores = np.maximum(self.scores, least)
        self.n_true = np.count_nonzero(self.neighbors >= 0)

    def share_found(self, proposed, scores):
        """Of all true neighbours, the share that is in the lists; 1 of none."""
        n_found = 0
        for part in np.array_split(
            np.arange(len(self.rows)), 1 + len(self.rows) // 1024
        ):
            listed = proposed[self.rows[part]]
            _list_kernels.strip_marks(listed)
            true = self.neighbors[part]
            is_true = (listed[:, :, np.newaxis] == true[:, np.newaxis]).any(axis=2)
            # As near as the farthest of them is as good.
            is_true |= scores[self.rows[part]] >= self.scores[part, -1:]
            n_found += np.count_nonzero(is_true & (listed >= 0))
        return n_found / self.n_true if self.n_true else 1.0
