"""Rows of any kind are opened once, as a pool."""

from collections import UserDict

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from skorch.helper import SliceDict

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


@pytest.mark.parametrize("name", ["X_pool", "labelled"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"a": X, "b": X},
        UserDict(a=X),
        (X, X),
        [X, X[:, :1]],
        [X, sparse.csr_array(X[:, :1])],
    ],
    ids=["dict", "mapping", "tuple", "arrays", "sparse"],
)
def test_several_inputs_raise(wrong, name):
    message = f"BADGE needs {name} with one item for each row; got a .* of [12]\\. Pass"
    with pytest.raises(TypeError, match=message), open_pool(wrong, "BADGE", name):
        pass


def test_samples_that_are_arrays_of_different_shapes_are_rows():
    sequences = [X, X[:5], X[:4]]
    lines = [np.ones((2, width)) for width in (3, 4, 5)]  # images of one height
    for samples in (sequences, lines):
        with open_pool(samples, "BADGE") as pool:
            assert len(pool) == len(set(pool.keys())) == 3


def test_inputs_that_count_their_rows_are_rows():
    names = np.array(list("aabccc"))
    with open_pool(SliceDict(numbers=X // 4, names=names), "BADGE") as pool:
        assert pool.shape == (6,)
        np.testing.assert_array_equal(pool.take(np.array([4, 0]))["names"], ["c", "a"])
        keys = pool.keys()
        # Rows 0 and 1, and rows 4 and 5, are equal; rows 2 and 3 differ in one input.
        assert [len(set(keys[:n])) for n in range(1, 7)] == [1, 1, 2, 3, 4, 4]
        np.testing.assert_array_equal(Pool(pool.take(np.arange(3, 6))).keys(), keys[3:])


def test_the_rows_of_a_polars_frame_have_keys():
    polars = pytest.importorskip("polars")
    values = {"a": [1, None, 3, 1], "b": ["x", "y", None, "x"]}
    frame = polars.DataFrame(values)
    keys = Pool(frame).keys()
    assert len(keys) == 4
    assert keys[0] == keys[3]
    assert len(set(keys)) == 3
    # The type that numpy would give column a depends on the rows that are left.
    np.testing.assert_array_equal(Pool(frame[[3, 2]]).keys(), keys[[3, 2]])


@pytest.mark.parametrize("make", ["table", "chunked_array"])
def test_pyarrow_is_refused_with_the_repair(make):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"a": [1, 2]})
    wrong = table if make == "table" else table["a"]
    message = r"AverageLinkage cannot read the rows of X, a pyarrow .*X\.to_pandas"
    with (
        pytest.raises(TypeError, match=message),
        open_pool(wrong, "AverageLinkage", "X"),
    ):
        pass


def test_a_matrix_is_searched_for_nan_once():
    pool = Pool(X)
    pool.check_finite("BADGE")
    pool.X = np.full((2, 2), np.nan)
    pool.check_finite("BADGE")
    with pytest.raises(ValueError, match="BADGE needs finite embeddings; row 0 of X"):
        Pool(pool.X).check_finite("BADGE")
