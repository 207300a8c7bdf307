"""A dictionary from keys to numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.pools import KeyIndex


def test_of_several_names_the_first_of_equal_keys_counts():
    names = [np.array([5, 3, 5], np.uint64), np.array([9, 8, 3], np.uint64)]
    index = KeyIndex.of_names(names, np.array([7, 4, 2]))
    wanted = np.array([3, 5, 8, 9, 1], np.uint64)
    np.testing.assert_array_equal(index.find(wanted), [4, 7, 4, 7, -1])


@given(st.lists(st.lists(st.integers(0, 6), max_size=8), min_size=1, max_size=5))
def test_pools_in_any_order_after_one_another(pools):
    index = KeyIndex()
    index.add(np.array([4, 1, 2, 5], np.uint64), np.array([10, 20, 30, 40]))
    numbers = {4: 10, 1: 20, 2: 30, 5: 40}
    for i, pool in enumerate(pools):
        keys = np.array(pool, np.uint64)
        for asked in (keys[::2], keys[1:], keys):
            expected = [numbers.get(int(key), -1) for key in asked]
            np.testing.assert_array_equal(index.find(asked), expected)
        index.add(np.array([100 + i], np.uint64), np.array([i]))


def test_a_key_that_was_added_after_it_was_missing():
    index, key = KeyIndex(), np.array([3], np.uint64)
    index.add(np.array([5], np.uint64), np.array([1]))
    np.testing.assert_array_equal(index.find(key), [-1])
    index.add(key, np.array([2]))
    np.testing.assert_array_equal(index.find(key), [2])
