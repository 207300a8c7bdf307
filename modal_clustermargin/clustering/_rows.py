"""Rows to be clustered: checked, cast and scaled, a block at a time."""

import numpy as np

_BLOCK_BYTES = 2**24


def working_dtype(X):
    """The narrower of float32 and float64 that holds the values of `X`."""
    return np.result_type(X.dtype, np.float32)


def row_blocks(X):
    """Slices that cut `X` into blocks of rows which fit a processor's cache."""
    n_rows = max(1, _BLOCK_BYTES // max(1, 8 * X.shape[1]))
    for start in range(0, len(X), n_rows):
        yield slice(start, min(start + n_rows, len(X)))


def prepare(X, metric):
    """Rows and spreads whose mean squared distances are those of the metric.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Any number type; may be a memory map. Not changed.

    metric : {"cosine", "sqeuclidean"}
        For cosine, rows come out with length one, so that half the squared
        distance is the cosine distance. A row of zeros has no direction: it
        stays at the origin with spread 1, which puts it at cosine distance 1
        from every other row.

    Returns
    -------
    rows : ndarray of shape (n_samples, n_features), float32 or float64
        A new array, without negative zeros.

    spread : ndarray of shape (n_samples,)
    """
    rows = np.empty(X.shape, working_dtype(X))
    spread = np.zeros(len(X))
    for block in row_blocks(X):
        rows[block], spread[block] = prepare_block(X[block], metric)
    return rows, spread


def prepare_block(X, metric):
    """`prepare` for one block, in float64 where the input is not float32."""
    rows = X.astype(working_dtype(X))
    spread = np.zeros(len(rows))
    rows += 0.0  # turns -0.0 into 0.0: the same row must have the same bytes
    if metric == "cosine":
        # Divided by the largest entry first, the squares can't overflow.
        largest = np.abs(rows).max(axis=1, keepdims=True)
        spread[largest[:, 0] == 0] = 1.0
        largest[largest == 0] = 1
        rows /= largest
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
        norms[norms == 0] = 1.0
        rows /= norms[:, np.newaxis].astype(rows.dtype)
    return rows, spread


def check_rows(X, who):
    """Raise ValueError at the first row that has no finite squared length."""
    for block in row_blocks(X):
        rows = X[block]
        if rows.dtype.kind != "f":
            continue
        sq_lengths = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(sq_lengths))
        if not len(bad):
            continue
        row = rows[bad[0]]
        if np.isnan(row).any():
            what = "contains NaN"
        elif np.isinf(row).any():
            what = "contains inf (infinity)"
        else:
            what = "is too long for squared distances in float64"
        raise ValueError(
            f"{who} needs finite embeddings; row {block.start + bad[0]} of X {what}."
            " Repair or drop that row, or look at what computed it."
        )
