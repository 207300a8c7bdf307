"""The margin of each row between its two most likely classes, and the lowest values."""

import numba
import numpy as np

from modal_clustermargin._threads import threads_for


def margins(proba):
    """Margin between the two most likely classes, for each row.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
        Probabilities that sum to one in each row.

    Returns
    -------
    margin : ndarray of shape (n_samples,), float64
        In [0, 1]; 1 if there is one class only. NaN for a row with NaN or infinity.

    row_sum : ndarray of shape (n_samples,), float64
    """
    with threads_for(proba.size):
        return _margins(np.ascontiguousarray(proba))


@numba.njit(cache=True, parallel=True)
def _margins(proba):
    n_samples, n_classes = proba.shape
    margin = np.empty(n_samples, np.float64)
    row_sum = np.empty(n_samples, np.float64)
    for i in numba.prange(n_samples):
        first = -np.inf
        second = -np.inf
        total = 0.0
        for c in range(n_classes):
            p = np.float64(proba[i, c])
            total += p
            if p > first:
                second = first
                first = p
            elif p > second:
                second = p
        row_sum[i] = total
        if not np.isfinite(total):  # NaN or infinity in any entry
            margin[i] = np.nan
        elif n_classes == 1:
            margin[i] = 1.0
        else:
            margin[i] = first - second
    return margin, row_sum


def lowest(values, n):
    """Positions of the `n` lowest values, ascending; ties by position.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
    n : int
        At most n_values.

    Returns
    -------
    positions : ndarray of shape (n,), dtype=intp
    """
    if n == 0:
        return np.empty(0, np.intp)
    shortlist = np.flatnonzero(values <= np.partition(values, n - 1)[n - 1])
    return shortlist[np.argsort(values[shortlist], kind="stable")[:n]]
