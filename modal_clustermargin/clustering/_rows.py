"""Checks, casts and scales of the rows to cluster, by blocks."""

import numpy as np

from modal_clustermargin.pools import row_blocks

# Squared distance of prepared rows per unit of distance in the metric.
SQ_DISTS_PER_UNIT = {"cosine": 2.0, "sqeuclidean": 1.0}


def working_dtype(X):
    """float32, or float64 if float32 cannot hold the values of `X`."""
    return np.result_type(X.dtype, np.float32)


def prepare_rows(X, metric):
    """Scale rows so that their squared Euclidean distances are those of the metric.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Of any number type; may be a memory map. It is not changed.

    metric : {"cosine", "sqeuclidean"}
        For "cosine", rows get length one, so that half the squared distance is the
        cosine distance. A row of zeros gets a 1 in an additional last column: its
        cosine distance is 0 to other rows of zeros, and 1 to all other rows.

    Returns
    -------
    rows : ndarray of shape (n_samples, n_features), float32 or float64
        A new array without negative zeros; one column wider for "cosine".
    """
    n_features = X.shape[1] + (metric == "cosine")
    rows = np.empty((len(X), n_features), working_dtype(X))
    for block in row_blocks(X):
        rows[block] = prepare_block(X[block], metric)
    return rows


def prepare_block(X, metric):
    """`prepare_rows` for one block."""
    rows = X.astype(working_dtype(X))
    rows += 0.0  # turns -0.0 into 0.0: equal rows must have equal bytes
    if metric != "cosine":
        return rows
    # After division by the largest entry, the squares cannot overflow.
    largest = np.abs(rows).max(axis=1, keepdims=True)
    is_zero = largest == 0
    rows /= np.where(is_zero, 1, largest)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    rows /= np.where(is_zero, 1, lengths[:, np.newaxis]).astype(rows.dtype)
    return np.hstack([rows, is_zero.astype(rows.dtype)])


def check_type(dtype, who):
    """Raise ValueError unless the dtype is real and float64 can hold its numbers."""
    if dtype.kind == "c":
        # scikit-learn's checks look for these first words.
        raise ValueError(
            f"Complex data not supported: {who} got X of {dtype}, but distances need"
            " real numbers. Concatenate X.real and X.imag, or use one of them."
        )
    if dtype.kind not in "biufO" or dtype.itemsize > 8:
        raise ValueError(
            f"{who} needs X of real numbers that float64 holds; got {dtype}. Convert"
            " them first, for instance by X.astype(numpy.float64)."
        )
