"""A sample of rows whose true neighbours are known, to estimate recall."""

import numpy as np

from modal_clustermargin.clustering import _knn_kernels
from modal_clustermargin.clustering._float32_frame import rounding

FEWEST_SAMPLED = 1024

# Number of true neighbours that the sample needs for an estimate within about 0.02, and
# the minimum number of rounds if the sample has fewer.
_FEWEST_TRUE = 500
_ROUNDS_FOR_FEW = 3

# Most merges before the next search need at most this number of neighbours.
_ENOUGH_NEIGHBORS = 8

_BLOCK_ROWS = 1024


class RecallSample:
    """A sample of rows, and their true neighbours.

    ``find(some)`` returns ``(scores, neighbors)`` of some rows from an exact search.
    The sample costs at most a quarter of `budget`, a number of products.

    Attributes
    ----------
    rows : ndarray of shape (n_sampled,)

    n_true : int
        Number of true neighbours of all sampled rows.

    least_rounds : int
        Minimum number of rounds, whatever the estimated recall is: more than one if the
        sample has too few neighbours for a good estimate.
    """

    def __init__(self, find, n_rows, k, rng, budget):
        order = rng.permutation(n_rows)
        most_rows = int(min(n_rows, max(FEWEST_SAMPLED, budget / n_rows / 4)))
        self.rows = np.empty(0, np.int64)
        self.n_true = 0
        self.neighbors = np.empty((0, k), np.int32)
        self.scores = np.empty((0, k), np.float32)
        # If few rows have a neighbour, the sample doubles until it has enough
        # neighbours.
        while self.n_true < _FEWEST_TRUE and len(self.rows) < most_rows:
            n_more = min(
                max(FEWEST_SAMPLED, len(self.rows)), most_rows - len(self.rows)
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
        n_blocks = 1 + len(self.rows) // _BLOCK_ROWS
        for block in np.array_split(np.arange(len(self.rows)), n_blocks):
            listed = proposed[self.rows[block]]
            _knn_kernels.clear_new_flags(listed)
            true = self.neighbors[block]
            is_true = (listed[:, :, np.newaxis] == true[:, np.newaxis]).any(axis=2)
            # A row that ties with the farthest true neighbour counts as found.
            is_true |= scores[self.rows[block]] >= self.scores[block, -1:]
            n_found += np.count_nonzero(is_true & (listed >= 0))
        return n_found / self.n_true
