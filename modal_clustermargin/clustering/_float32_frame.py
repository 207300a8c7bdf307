"""Rows in float32 for a neighbour search, and bounds on the error of their rounding."""

from typing import NamedTuple

import numpy as np

_BLOCK_ROWS = 4096


def rounding(sq_found, sq_lengths, n_features):
    """A bound on the overestimation of squared distances by a float32 search.

    The float32 value of |x|^2 + |y|^2 - 2xy is off by at most u (|x| + |y|)^2, where u
    bounds the rounding of the sum. If |y| <= 3 |x|, the error is at most 16 u |x|^2. If
    |y| is larger, the squared distance is at least 4/9 |y|^2, and the error is at most
    4 u times that distance.

    `sq_lengths` are the squared lengths of the queries.
    """
    u = (n_features + 8) * 2.0**-24
    return np.maximum(16 * u * sq_lengths, 8 * u * sq_found)


class Float32Frame(NamedTuple):
    """A center and a scale that move rows near the origin before float32.

    Rows then do not overflow or underflow, and their rounding errors are small.
    """

    center: np.ndarray
    unit: float

    @classmethod
    def around(cls, references):
        mean, spread, _, slots = references
        blocks = np.array_split(slots, 1 + len(slots) // _BLOCK_ROWS)
        center = sum(mean[block].sum(axis=0, dtype=np.float64) for block in blocks)
        center /= len(slots)
        unit = max(np.abs(mean[block] - center).max() for block in blocks)
        return cls(center, max(unit, np.sqrt(spread[slots].max())) or 1.0)

    def rows(self, mean, slots):
        """Means in the frame: ndarray of shape (n_slots, n_features), float32."""
        rows = np.empty((len(slots), mean.shape[1]), np.float32)
        for start in range(0, len(slots), _BLOCK_ROWS):
            block = slots[start : start + _BLOCK_ROWS]
            rows[start : start + len(block)] = (mean[block] - self.center) / self.unit
        return rows

    def clusters(self, mean, spread, slots):
        """Clusters in the frame, with the root of the spread as a further column."""
        rows = self.rows(mean, slots)
        return np.column_stack([rows, self.lengths(spread[slots])])

    def bounds(self, queries, rows, sq_found):
        """A lower bound on the distance to every cluster that was not found.

        `rows` are the queries in the frame, and `sq_found` is the squared distance, in
        the frame, from each query to the last cluster found.
        """
        sq_found = sq_found.astype(np.float64)
        sq_lengths = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
        sq_found -= rounding(sq_found, sq_lengths, rows.shape[1])
        return sq_found * self.unit**2 + queries.spread

    def least_scores(self, sq_dists, sq_lengths, n_features):
        """A score that every row within the squared distance of a query exceeds.

        `sq_lengths` are the squared lengths of the queries in the frame. Row j has the
        score ``x_i @ x_j - |x_j|**2 / 2`` for query i, so their squared distance is
        ``|x_i|**2`` minus twice the score.
        """
        with np.errstate(over="ignore"):  # a large distance reaches every row
            sq_dists = sq_dists / self.unit**2
            sq_reach = sq_dists + 2 * rounding(sq_dists, sq_lengths, n_features)
            return ((sq_lengths - sq_reach) / 2).astype(np.float32)

    def lengths(self, sq_lengths):
        """Square roots in units of the frame: ndarray of float32."""
        return (np.sqrt(sq_lengths) / self.unit).astype(np.float32)
