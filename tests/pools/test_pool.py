"""Rows of any kind are opened once, as a pool."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from modal_clustermargin.pools import (
    Pool,
    fingerprints,
    id_keys,
    lies_elsewhere,
    open_pool,
    pool_keys,
    register_opener,
)
from modal_clustermargin.pools import _pool as pool_module

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


def test_a_library_registers_its_own_pools(monkeypatch):
    class Elsewhere:
        __module__ = "a_library.arrays"

    @contextmanager
    def open_elsewhere(X, who, name):
        yield Pool([[who, name]])

    monkeypatch.setattr(pool_module, "_OPENERS", {})
    monkeypatch.setitem(pool_module._OPENED_BY, "a_library", "math")
    register_opener("a_library", open_elsewhere)
    assert lies_elsewhere(Elsewhere())
    assert not lies_elsewhere(X)
    with open_pool(Elsewhere(), "BADGE", "embedding") as pool:
        assert pool.X == [["BADGE", "embedding"]]
