"""Parts of a pool, each with its share of the batch."""

import numpy as np


def partitions(order, n_picks, n_partitions):
    """Cut rows into parts of equal size, and distribute the picks equally.

    Parameters
    ----------
    order : ndarray of shape (n_rows,)
        A permutation of the rows, which is cut into consecutive parts.

    n_picks : int
        At most n_rows.

    n_partitions : int
        Number of parts; only `n_picks` parts are made if there are fewer picks.

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
