"""A pool cut into parts, and a share of the batch for each."""

import numpy as np


def partitions(order, n_picks, n_partitions):
    """Cut rows into even parts, and share the picks among them evenly.

    Parameters
    ----------
    order : ndarray of shape (n_rows,)
        A permutation of the rows, cut as it comes.

    n_picks : int
        At most n_rows.

    n_partitions : int
        Parts are as many as there are picks at most.

    Yields
    ------
    rows : ndarray
        Ascending.

    n_picks : int
        At least 1, and at most the number of rows.
    """
    n_parts = min(n_partitions, n_picks)
    for part, rows in enumerate(np.array_split(order, n_parts)):
        yield np.sort(rows), n_picks // n_parts + (part < n_picks % n_parts)
