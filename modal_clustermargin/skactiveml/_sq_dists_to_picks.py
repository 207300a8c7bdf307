"""How far all rows are from what is picked, pick by pick; for utilities alone.

What the strategies themselves never compute: batch_size x n_candidates distances.
"""

import numpy as np


def sq_dists_before_each_pick(start, picks, rows, factors=None):
    """Squared distance of each row to the nearest center, before each pick.

    Parameters
    ----------
    start : ndarray of shape (n_rows,)
        Before the first.

    picks : ndarray of shape (n_picks,)

    rows : ndarray of shape (n_rows, n_features)

    factors : ndarray of shape (n_rows, n_factors), default=None
        With it, a row stands for the outer product with its factors, which is not
        made.

    Returns
    -------
    sq_dists : ndarray of shape (n_picks, n_rows)
    """
    rows = rows.astype(np.float64)
    factors = np.ones((len(rows), 1)) if factors is None else factors.astype(np.float64)
    sq_lengths = _sq_lengths(rows) * _sq_lengths(factors)
    sq_dists = np.empty((len(picks), len(rows)))
    sq_dists[0] = start
    for i, pick in enumerate(picks[:-1]):
        products = (rows @ rows[pick]) * (factors @ factors[pick])
        to_pick = np.maximum(sq_lengths + sq_lengths[pick] - 2 * products, 0)
        to_pick[pick] = 0
        np.minimum(sq_dists[i], to_pick, out=sq_dists[i + 1])
    return sq_dists


def _sq_lengths(rows):
    return np.einsum("ij,ij->i", rows, rows)
