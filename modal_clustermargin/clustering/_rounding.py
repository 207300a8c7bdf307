"""How far float32 may be off where neighbours are searched for."""

import numpy as np


def rounding(sq_found, sq_lengths, n_features):
    """How much nearer than found, in float32, a row that was not found may be.

    |x|^2 + |y|^2 - 2xy is off by u (|x| + |y|)^2 at the most, where u is the
    rounding of a sum. If |y| <= 3 |x|, that is 16 u |x|^2. If |y| is larger, the
    distance is at least 4/9 |y|^2, and off by no more than 4 u of itself.

    Parameters
    ----------
    sq_found : float or ndarray of shape (n_rows,)
        Squared distances as they were found.

    sq_lengths : ndarray of shape (n_rows,)
        Squared lengths of the rows that ask.

    n_features : int
    """
    u = (n_features + 8) * 2.0**-24
    return np.maximum(16 * u * sq_lengths, 8 * u * sq_found)
