"""Margins against numpy, and the order of the lowest values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modal_clustermargin.selection import lowest, margins

coarse = st.integers(0, 4).map(lambda i: i / 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_is_the_gap_between_the_two_largest(dtype, data):
    shape = data.draw(st.tuples(st.integers(1, 20), st.integers(2, 5)))
    proba = data.draw(hnp.arrays(dtype, shape, elements=coarse))
    margin, row_sum = margins(proba)
    ordered = np.sort(proba, axis=1)
    np.testing.assert_array_equal(margin, ordered[:, -1] - ordered[:, -2])
    np.testing.assert_allclose(row_sum, proba.sum(axis=1))


def test_one_class_is_certain():
    np.testing.assert_array_equal(margins(np.ones((3, 1)))[0], 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_bad_entry_spoils_its_row_alone(bad, column):
    proba = np.full((3, 3), 1 / 3)
    proba[1, column] = bad
    np.testing.assert_array_equal(np.isnan(margins(proba)[0]), [False, True, False])


@given(
    values=hnp.arrays(np.float64, st.integers(1, 40), elements=coarse), data=st.data()
)
def test_lowest_is_a_stable_sort_cut_short(values, data):
    n = data.draw(st.integers(0, len(values)))
    expected = np.argsort(values, kind="stable")[:n]
    np.testing.assert_array_equal(lowest(values, n), expected)
