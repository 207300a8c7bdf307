"""A sample in proportion to weights, whose sums estimate those of all rows."""

import numpy as np


def weighted_sample(weights, uniform, n):
    """Draw positions without replacement, in proportion to weights.

    Each position waits for an exponential time with its weight as the rate, and the
    first `n` are drawn [1]_. Sums over the sample, with the weights returned, are
    unbiased estimates of sums over all positions [2]_.

    Parameters
    ----------
    weights : ndarray of shape (n_rows,), float64
        Finite and not negative. Positions of weight 0 are drawn last.

    uniform : ndarray of shape (n_rows,), float64
        A draw from (0, 1) for each position. With the same draws, a larger sample
        contains a smaller one.

    n : int
        Size of the sample; at most n_rows.

    Returns
    -------
    positions : ndarray of shape (n,), dtype=intp
        Ascending.

    sample_weights : ndarray of shape (n,), float64
        The weight of each position divided by its probability of being drawn, given
        the times of the others; `weights` themselves if all positions are drawn.

    References
    ----------
    .. [1] P. S. Efraimidis, P. G. Spirakis, "Weighted random sampling with a
       reservoir", Information Processing Letters, 2006.
    .. [2] E. Cohen, H. Kaplan, "Tighter estimation using bottom k sketches", VLDB,
       2008.
    """
    if n == len(weights):
        return np.arange(n), weights.copy()
    # Equal times of weight 0 are ordered by the draw.
    with np.errstate(divide="ignore", over="ignore"):
        times = -np.log(uniform) / weights
    order = np.lexsort((uniform, times))
    positions = np.sort(order[:n])
    limit = times[order[n]]
    with np.errstate(invalid="ignore", over="ignore"):
        probability = -np.expm1(-weights[positions] * limit)
    probability[np.isnan(probability)] = 1  # weight 0, drawn because others ran out
    is_drawn = probability > 0
    return positions, np.where(
        is_drawn, weights[positions] / np.where(is_drawn, probability, 1), 0
    )
