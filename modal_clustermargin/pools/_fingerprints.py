"""Fingerprints: 64-bit hashes of the content of rows.

Equal rows have equal fingerprints, in every process and on every machine with
the same byte order. Among a million different rows, the probability that any two
share a fingerprint is below 1 in 10 million.
"""

import hashlib
from collections.abc import Mapping

import joblib
import numba
import numpy as np
from scipy import sparse

from modal_clustermargin._threads import threads_for
from modal_clustermargin.pools._rows import pool_blocks, tensor_to_array


def fingerprints(X_pool):
    """Fingerprint of every row: uint64 of shape (n_rows,).

    Rows of any kind are read in blocks and never copied whole. Fingerprints of two
    pools can be compared if the pools have the same kind and dtype.
    """
    return np.concatenate([_block_keys(block) for _, block in pool_blocks(X_pool)])


def id_keys(ids):
    """Fingerprint of each id: an integer, or any other object by its ``str``."""
    ids = np.asarray(ids)
    if ids.dtype.kind in "iu":
        return row_keys(ids.astype(np.int64)[:, np.newaxis])
    return np.fromiter((_text_key(str(i)) for i in ids), np.uint64, len(ids))


def row_keys(rows):
    """Fingerprint of each row of a numeric ndarray of any rank."""
    if rows.size == 0:
        return np.zeros(len(rows), np.uint64)
    flat = np.ascontiguousarray(rows).reshape(len(rows), -1)
    with threads_for(flat.size):
        return _hash_rows(flat.view(np.uint8).reshape(len(rows), -1))


def _block_keys(block):
    if sparse.issparse(block):
        return _sparse_keys(block)
    if hasattr(block, "iloc"):
        from pandas.util import hash_pandas_object

        return hash_pandas_object(block, index=False).to_numpy(np.uint64)
    if hasattr(block, "hash_rows"):  # a polars DataFrame, which iterates over columns
        return block.hash_rows().to_numpy()
    if isinstance(block, Mapping):  # several inputs
        return row_keys(np.column_stack([_block_keys(each) for each in block.values()]))
    if hasattr(block, "detach"):
        block = tensor_to_array(block)
    if isinstance(block, np.ndarray) and block.dtype.kind in "biufcmM":
        return row_keys(block)
    return np.fromiter((_object_key(row) for row in block), np.uint64, len(block))


def _sparse_keys(block):
    block = block.tocsr(copy=True)
    block.sum_duplicates()
    block.eliminate_zeros()
    keys = [
        row_keys(block.indices[:, np.newaxis].astype(np.int64)),
        row_keys(block.data[:, np.newaxis]),
    ]
    entry_keys = row_keys(np.column_stack(keys))
    # The key of a row is the sum of the keys of its entries, modulo 2**64. No loop over
    # rows is needed.
    sums = np.zeros(len(entry_keys) + 1, np.uint64)
    np.cumsum(entry_keys, out=sums[1:])
    return sums[block.indptr[1:]] - sums[block.indptr[:-1]]


def _object_key(row):
    if isinstance(row, str):
        return _text_key(row)
    if not isinstance(row, np.ndarray):
        try:
            row = np.asarray(row)
        except ValueError:  # ragged
            return _text_key(joblib.hash(row))
    if row.dtype.kind not in "biufcmM":
        # As a list, because the width of a numpy string does not belong to the content.
        return _text_key(joblib.hash(row.tolist()))
    return row_keys(row[np.newaxis])[0]


def _text_key(text):
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return np.frombuffer(digest, "<u8")[0]


@numba.njit(cache=True, parallel=True)
def _hash_rows(rows):
    """Hash rows of bytes, eight at a time, by multiplying and folding."""
    n_rows, n_bytes = rows.shape
    n_words = n_bytes // 8
    keys = np.empty(n_rows, np.uint64)
    for i in numba.prange(n_rows):
        words = rows[i, : 8 * n_words].view(np.uint64)
        key = np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(n_bytes)
        for w in range(n_words):
            key = _mix(key ^ words[w])
        tail = np.uint64(0)
        for b in range(8 * n_words, n_bytes):
            tail = (tail << np.uint64(8)) | np.uint64(rows[i, b])
        keys[i] = _mix(key ^ tail)
    return keys


@numba.njit(cache=True)
def _mix(key):
    key = (key ^ (key >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    key = (key ^ (key >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return key ^ (key >> np.uint64(32))
