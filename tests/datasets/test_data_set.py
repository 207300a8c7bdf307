"""The split into pool and test, and thumbnails of arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.datasets import DataSet
from modal_clustermargin.datasets._data_set import held_out


@given(n_rows=st.integers(2, 50), seed=st.integers(0, 99), data=st.data())
def test_each_row_is_in_one_part(n_rows, seed, data):
    n_test = data.draw(st.integers(1, n_rows - 1))
    pool, test = held_out(n_rows, n_test, seed)
    assert len(test) == n_test
    np.testing.assert_array_equal(np.sort([*pool, *test]), np.arange(n_rows))
    for part in (pool, test):
        assert (np.diff(part) > 0).all()


@pytest.mark.parametrize("test_size", [20, 0.01, 0.99])
def test_both_parts_need_a_row(test_size):
    with pytest.raises(ValueError, match=f"test_size={test_size} of 20 rows leaves"):
        held_out(20, test_size, 0)


def shown(X, rows):
    return DataSet("example", X, None, None, None, None).thumbnails(rows)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 4, 6), (4, 6)),
        ((5, 1, 4, 6), (4, 6)),
        ((5, 3, 4, 6), (4, 6, 3)),
        ((5, 4, 6, 3), (4, 6, 3)),
        ((5, 4, 6, 1), (4, 6)),
        ((5, 4), None),
        ((5, 2, 4, 6), None),
        ((5, 1, 2, 3, 4), None),
    ],
)
def test_shapes_of_images(shape, expected):
    X = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    pictures = shown(X, [3, 1])
    if expected is None:
        assert pictures is None
    else:
        assert pictures.shape == (2, *expected)
        assert pictures.dtype == np.uint8
        # The first colour of the second pixel of the first line.
        second = pictures[0, 0, 1].flat[0]
        is_last = shape[-1] in (1, 3)
        assert second == X[3].flat[shape[-1] if is_last else 1]


def test_only_values_outside_0_to_1_are_rescaled():
    X = np.array([[[0.2, 0.4]], [[-3.0, 5.0]], [[7.0, 7.0]], [[0, 255.0]]])
    np.testing.assert_array_equal(
        shown(X, [0, 1, 2, 3])[:, 0], [[51, 102], [0, 255], [0, 0], [0, 255]]
    )
