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

# Numbers that are read and keyed at a time: they stay in a processor's cache.
_KEYED_NUMBERS = 2**17

# Samples by which a Dataset is known.
_N_PROBES = 64


def keys_of(X, rows, is_raw):
    """Keys of some rows of X, read in blocks; None for a Dataset, left unread.

    Parameters
    ----------
    X : ndarray, tensor, DataFrame or DatasetSamples

    rows : ndarray of int

    is_raw : bool
        Whether something is done to rows before the network sees them. Then they
        count as they are given; otherwise as float32, and have to be finite.

    Returns
    -------
    keys : ndarray of shape (len(rows),), dtype=int64, or None
    """
    if isinstance(X, DatasetSamples):
        return None
    keys = []
    for block_rows in RowBatches(rows, _rows_at_a_time(X.shape)):
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
    keys = np.empty(len(block), np.int64)
    n_rows = _rows_at_a_time(block.shape)
    for start in range(0, len(block), n_rows):
        part = block[start : start + n_rows]
        part = np.ascontiguousarray(part.reshape(len(part), -1) + part.dtype.type(0))
        bits = part.view(np.int32)
        # Bits of floats that differ are often the high ones, and a product moves
        # bits up alone. The sum is one of products with fixed random factors, mod
        # 2**64.
        bits = bits ^ (bits >> 15) ^ (bits >> 23)
        keys[start : start + n_rows] = np.einsum(
            "ij,j->i",
            bits,
            _factors(bits.shape[1]),
            dtype=np.int64,
            casting="same_kind",
        )
    return keys


def _rows_at_a_time(shape):
    return max(1, _KEYED_NUMBERS // max(1, math.prod(shape[1:])))


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
