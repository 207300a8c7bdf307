"""The similarity of values within groups, relative to values of other groups."""

import numpy as np


def intraclass_correlation(values, labels):
    """The share of the variance of values that lies between groups.

    This is the estimate by one-way analysis of variance, ICC(1) [1]_ for groups of
    unequal sizes; a negative estimate becomes 0.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)

    labels : ndarray of shape (n_rows,), dtype=intp
        Group of each row, numbered from 0; numbers may be missing.

    Returns
    -------
    correlation : float
        1 if values differ only between groups. 0 if groups explain none of the
        variance, if every row has its own group, or if there is only one group or one
        value.

    References
    ----------
    .. [1] P. E. Shrout and J. L. Fleiss, "Intraclass correlations: uses in assessing
       rater reliability", Psychological Bulletin 86(2), 1979.

    Examples
    --------
    >>> labels = np.array([0, 0, 1, 1])
    >>> intraclass_correlation(np.array([3.0, 3.0, 5.0, 5.0]), labels)
    1.0
    >>> intraclass_correlation(np.array([3.0, 5.0, 3.0, 5.0]), labels)
    0.0
    """
    sizes = np.bincount(labels)
    n_rows, n_groups = len(values), np.count_nonzero(sizes)
    if n_groups in (1, n_rows) or values.min() == values.max():
        return 0.0
    means = np.bincount(labels, values) / np.maximum(sizes, 1)
    within = np.sum((values - means[labels]) ** 2) / (n_rows - n_groups)
    between = np.sum(sizes * (means - values.mean()) ** 2) / (n_groups - 1)
    usual_size = (n_rows - np.sum(sizes.astype(float) ** 2) / n_rows) / (n_groups - 1)
    total = between + (usual_size - 1) * within
    return float(max(between - within, 0) / total)
