"""Embeddings of any kind as a matrix of numbers."""

from contextlib import suppress

import numpy as np
from scipy import sparse

from modal_clustermargin.pools._rows import n_rows, tensor_to_array

_MOST_DENSE_BYTES = 4 * 2**30


def as_matrix(embeddings, who):
    """Embeddings as an ndarray of shape (n_rows, n_features); a view if possible.

    Parameters
    ----------
    embeddings : ndarray, sparse matrix or array, DataFrame, list or tensor
        Rows of any rank.

    who : str
        Name of the caller, for error messages.

    Raises
    ------
    ValueError
        If the rows are not numbers, or are sparse and too large to be dense.
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
            " embedding=, an array or a function (classifier, X_pool) that gives"
            " numbers for each row."
        )
    if matrix.dtype.itemsize > 8:
        matrix = matrix.astype(np.float64)
    return matrix.reshape(n_rows(embeddings), -1)


def as_array(rows):
    """Rows of any kind as an ndarray; of objects, if their lengths differ."""
    if sparse.issparse(rows):
        return rows.toarray()
    if hasattr(rows, "detach"):
        rows = tensor_to_array(rows)
    try:
        return np.asarray(rows)
    except ValueError:  # rows of different lengths
        return np.asarray(rows, dtype=object)
