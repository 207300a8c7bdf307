"""Indexing and block-wise reading of rows in this process.

The kinds of rows are those of modAL: ndarray of any rank (also a memory map), scipy
sparse matrix or array, DataFrame of pandas or polars, list, torch tensor; and several
inputs as a ``SliceDict`` of skorch.
"""

import math

import numpy as np
from scipy import sparse

_BLOCK_BYTES = 2**25


def n_rows(X_pool):
    """Number of rows of a pool of any kind."""
    return X_pool.shape[0] if hasattr(X_pool, "shape") else len(X_pool)


def pool_blocks(X_pool):
    """Yield ``(start, block)``, views if possible; dense blocks have 32 MiB."""
    if sparse.issparse(X_pool):
        X_pool = X_pool.tocsr()  # once, not in every block
    n_pool = n_rows(X_pool)
    block_rows = default_block_rows(X_pool)
    for start in range(0, n_pool, block_rows):
        yield start, take_rows(X_pool, slice(start, min(start + block_rows, n_pool)))


def take_rows(X_pool, rows):
    """The given rows (a slice, or an integer array) of a pool of any kind."""
    if hasattr(X_pool, "iloc"):
        return X_pool.iloc[rows]
    if sparse.issparse(X_pool):
        return X_pool.tocsr()[rows]  # other formats have no row indexing
    if isinstance(X_pool, list) and not isinstance(rows, slice):
        return [X_pool[row] for row in rows]
    return X_pool[rows]


def default_block_rows(X_pool):
    """Number of rows in a block of 32 MiB, if every entry is a float64."""
    if hasattr(X_pool, "shape"):
        n_entries = math.prod(X_pool.shape[1:])
    else:
        n_entries = np.size(np.asarray(X_pool[0], dtype=object))
    return int(np.clip(_BLOCK_BYTES // (8 * max(1, n_entries)), 1, 65_536))


def tensor_to_array(tensor):
    """Convert a torch tensor on any device, even with gradient, to an ndarray."""
    tensor = tensor.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:  # numpy has no bfloat16; float32 holds its values
        return tensor.float().numpy()
