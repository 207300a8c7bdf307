"""Numbers that rows are known by, and the order that goes by them.

A network is trained on what its rows are, and not on the order in which they
came: rows are put in an order of their content before they are shuffled.
"""

import math
from functools import lru_cache

import numpy as np

from modal_clustermargin.estimators._batches import RowBatches
from modal_clustermargin.estimators._datasets import DatasetSamples
from modal_clustermargin.estimators._samples import (
    check_finite,
    read_as_they_are,
    read_rows,
)

# Numbers that are read at a time, if batches are of fewer.
_KEYED_NUMBERS = 2**18

# Samples by which a Dataset is known.
_N_PROBES = 64


def keys_of(X, rows, batch_size, is_raw):
    """Keys of some rows of X, read in blocks; None for a Dataset, left unread.

    Parameters
    ----------
    X : ndarray, tensor, DataFrame or DatasetSamples

    rows : ndarray of int

    batch_size : int
        Rows in a block at least; -1 is all at once.

    is_raw : bool
        Whether something is done to rows before the network sees them. Then they
        count as they are given; otherwise as float32, and have to be finite.

    Returns
    -------
    keys : ndarray of shape (len(rows),), dtype=int64, or None
    """
    if isinstance(X, DatasetSamples):
        return None
    if batch_size > 0:  # in few blocks, if rows are short
        batch_size = max(batch_size, _KEYED_NUMBERS // math.prod(X.shape[1:]))
    keys = []
    for block_rows in RowBatches(rows, len(rows) if batch_size == -1 else batch_size):
        if is_raw:
            block = read_as_they_are(X, block_rows)
        else:
            samples = read_rows(X, block_rows)
            check_finite(samples, block_rows)
            block = samples.cpu().numpy()
        keys.append(row_keys(block))
    return np.concatenate(keys)


def keys_of_some(X, transform):
    """Keys of a few samples of a Dataset, as a prediction sees them."""
    rows = np.unique(np.linspace(0, len(X) - 1, _N_PROBES).astype(int)).tolist()
    samples = [read_rows(X, row, transform).numpy() for row in rows]
    return [row_keys(sample.reshape(1, -1)) for sample in samples]


def row_keys(block):
    """Numbers that stand for the content of each row.

    Parameters
    ----------
    block : ndarray of shape (n_rows, ...)
        Numbers of 4 or 8 bytes; minus zero is zero.

    Returns
    -------
    keys : ndarray of shape (n_rows,), dtype=int64
        Equal for equal rows, in every process; two different rows share one with a
        chance of about 2**-57.
    """
    block = np.ascontiguousarray(block.reshape(len(block), -1) + block.dtype.type(0))
    bits = block.view(np.int32)
    # Bits of floats that differ are often the high ones, and a product moves bits
    # up alone. The sum is one of products with fixed random factors, mod 2**64.
    bits = bits ^ (bits >> 15) ^ (bits >> 23)
    factors = _factors(bits.shape[1])
    return np.einsum("ij,j->i", bits, factors, dtype=np.int64, casting="same_kind")


@lru_cache(maxsize=4)
def _factors(n_columns):
    numbers = np.random.default_rng(7)
    return numbers.integers(-(2**63), 2**63, n_columns, dtype=np.int64) | 1


def order_of_content(keys, targets, weights):
    """Order of rows that depends on their content alone.

    Parameters
    ----------
    keys : ndarray of shape (n_samples,), dtype=int64

    targets : ndarray of shape (n_samples,) or (n_samples, n_labels)

    weights : ndarray of shape (n_samples,), or None

    Returns
    -------
    order : ndarray of shape (n_samples,)
        Rows equal in all three, which are the same, keep their order.
    """
    target_keys = row_keys(np.asarray(targets, np.float32).reshape(len(keys), -1))
    weights = np.ones(len(keys)) if weights is None else weights
    return np.lexsort((weights, target_keys, keys))
