"""A random share of rows that is kept for the test."""

import numpy as np
from sklearn.utils import check_random_state


def held_out(n_rows, test_size, random_state):
    """Rows of the pool, and those of the test.

    Parameters
    ----------
    n_rows : int

    test_size : int or float
        Rows to test on, or their share.

    random_state : int, RandomState instance or None

    Returns
    -------
    pool, test : ndarray of shape (n_part,), dtype=intp
        Each ascending.

    Raises
    ------
    ValueError
        If one of them would have no row.
    """
    n_test = round(test_size * n_rows) if isinstance(test_size, float) else test_size
    if not 0 < n_test < n_rows:
        raise ValueError(
            f"load_data: test_size={test_size!r} of {n_rows} rows leaves"
            f" {n_rows - n_test} for the pool and {n_test} for the test; both need one."
        )
    order = check_random_state(random_state).permutation(n_rows)
    return np.sort(order[n_test:]), np.sort(order[:n_test])
