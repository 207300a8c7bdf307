"""Positions of the rows that are left after others were deleted."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.pools import rows_of_subsequence


@given(st.lists(st.integers(0, 5), max_size=12), st.data())
def test_rows_that_are_left(earlier, data):
    earlier = np.array(earlier, np.uint64)
    is_left = data.draw(st.lists(st.booleans(), min_size=12, max_size=12))
    keys = earlier[is_left[: len(earlier)]]
    rows = rows_of_subsequence(keys, earlier)
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(earlier[rows], keys)


def test_rows_in_another_order_new_rows_and_repeated_rows_are_none():
    earlier = np.array([5, 3, 9], np.uint64)
    for keys in ([3, 5], [3, 4], [3, 3], [5, 3, 9, 9]):
        assert rows_of_subsequence(np.array(keys, np.uint64), earlier) is None
