"""Rows of any kind are opened once, as a pool."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from modal_clustermargin.pools import (
    Pool,
    fingerprints,
    id_keys,
    open_pool,
    pool_keys,
)

X = np.arange(12.0).reshape(6, 2)


@pytest.mark.parametrize(
    "kind",
    [np.asarray, sparse.csr_array, sparse.coo_array, pd.DataFrame, np.ndarray.tolist],
)
def test_a_pool_has_the_rows_it_was_made_of(kind):
    with open_pool(kind(X), "BADGE") as pool:
        assert len(pool) == pool.shape[0] == 6
        taken = pool.take(np.array([4, 0]))
        taken = taken.toarray() if sparse.issparse(taken) else np.asarray(taken)
        np.testing.assert_array_equal(taken, X[[4, 0]])
        np.testing.assert_array_equal(pool.as_matrix("BADGE").X, X)
        np.testing.assert_array_equal(pool.keys(), fingerprints(kind(X)))
        [(rows, result)] = pool.map(lambda block, start, more: (start, more), "more")
        assert (rows, result) == (slice(0, 6), (0, "more"))
        with open_pool(pool, "BADGE") as again:
            assert again is pool


def test_keys_are_those_of_ids_where_there_are_ids():
    ids = np.arange(6) + 9
    np.testing.assert_array_equal(pool_keys(Pool(X), ids), id_keys(ids))
    np.testing.assert_array_equal(pool_keys(X), pool_keys(Pool(X)))


@pytest.mark.parametrize("wrong", [None, "pool.npy", 7])
def test_an_object_without_rows_raises(wrong):
    message = f"BADGE needs rows as X_pool; got {wrong!r}"
    with pytest.raises(ValueError, match=message), open_pool(wrong, "BADGE"):
        pass


def test_a_matrix_is_searched_for_nan_once():
    pool = Pool(X)
    pool.check_finite("BADGE")
    pool.X = np.full((2, 2), np.nan)
    pool.check_finite("BADGE")
    with pytest.raises(ValueError, match="BADGE needs finite embeddings; row 0 of X"):
        Pool(pool.X).check_finite("BADGE")
