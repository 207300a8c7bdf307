"""Embeddings of any kind as a matrix of numbers."""

from contextlib import suppress

import numpy as np
from scipy import sparse

from modal_clustermargin.pools._rows import n_rows, tensor_to_array

_MOST_DENSE_BYTES = 4 * 2**30
_BLOCK_BYTES = 2**24


def as_matrix(embeddings, who):
    """Rows of any kind and rank as an ndarray of shape (n_rows, n_features).

    Returns a view if possible. Raises ValueError if the rows are not numbers, or if
    they are sparse and too large as a dense matrix.
    """
    if sparse.issparse(embeddings):
        dense_bytes = 4 * embeddings.shape[0] * embeddings.shape[1]
        if dense_bytes > _MOST_DENSE_BYTES:
            raise ValueError(
                f"{who} would need {dense_bytes / 2**30:.1f} GiB to cluster sparse"
                f" rows of shape {embeddings.shape} as dense embeddings. Reduce them"
                " first and pass embedding=, for instance with"
                " sklearn.decomposition.TruncatedSVD."
            )
        return embeddings.astype(np.float32).toarray()
    matrix = as_array(embeddings)
    if matrix.dtype == object:
        with suppress(TypeError, ValueError):
            matrix = matrix.astype(np.float64)
    if matrix.dtype.kind not in "fiub":
        raise ValueError(
            f"{who} needs embeddings that are numbers; got {matrix.dtype}. Pass"
            " embedding= as an array, or as a function (classifier, X_pool), of"
            " numbers for each row."
        )
    if matrix.dtype.itemsize > 8:
        matrix = matrix.astype(np.float64)
    return matrix.reshape(n_rows(embeddings), -1)


def row_blocks(X):
    """Slices that cut a matrix into blocks of rows that fit a processor's cache."""
    block_rows = max(1, _BLOCK_BYTES // max(1, 8 * X.shape[1]))
    for start in range(0, len(X), block_rows):
        yield slice(start, min(start + block_rows, len(X)))


def check_finite(X, who):
    """Raise ValueError if a row of a matrix has no finite squared length."""
    for block in row_blocks(X) if X.dtype.kind == "f" else ():
        rows = X[block]
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
            " Repair or drop that row, or check how it was computed."
        )


def as_array(rows):
    """Rows of any kind as an ndarray, of dtype object if their lengths differ."""
    if sparse.issparse(rows):
        return rows.toarray()
    if hasattr(rows, "detach"):
        rows = tensor_to_array(rows)
    try:
        return np.asarray(rows)
    except ValueError:  # rows of different lengths
        return np.asarray(rows, dtype=object)
