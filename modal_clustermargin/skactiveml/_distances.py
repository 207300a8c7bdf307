"""Distances of all rows to the nearest pick, for utilities only.

The strategies themselves never compute these batch_size x n_candidates distances.
"""

import numpy as np


def sq_dists_before_each_pick(start, picks, rows, factors=None):
    """Squared distance of each row to the nearest center, before each pick.

    Parameters
    ----------
    start : ndarray of shape (n_rows,)
        Squared distances before the first pick.

    picks : ndarray of shape (n_picks,)

    rows : ndarray of shape (n_rows, n_features)

    factors : ndarray of shape (n_rows, n_factors), default=None
        If given, distances are between the outer products of rows and factors.

    Returns
    -------
    sq_dists : ndarray of shape (n_picks, n_rows)
    """
    factors = np.ones((len(rows), 1)) if factors is None else factors
    sq_lengths = (rows**2).sum(axis=1) * (factors**2).sum(axis=1)
    sq_dists = np.empty((len(picks), len(rows)))
    sq_dists[0] = start
    for i, pick in enumerate(picks[:-1]):
        products = (rows @ rows[pick]) * (factors @ factors[pick])
        to_pick = np.maximum(sq_lengths + sq_lengths[pick] - 2 * products, 0)
        to_pick[pick] = 0
        np.minimum(sq_dists[i], to_pick, out=sq_dists[i + 1])
    return sq_dists
