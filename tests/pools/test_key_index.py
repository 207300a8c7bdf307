"""A dictionary from keys to numbers."""

import numpy as np

from modal_clustermargin.pools import KeyIndex


def test_of_several_names_the_first_of_equal_keys_counts():
    names = [np.array([5, 3, 5], np.uint64), np.array([9, 8, 3], np.uint64)]
    index = KeyIndex.of_names(names, np.array([7, 4, 2]))
    wanted = np.array([3, 5, 8, 9, 1], np.uint64)
    np.testing.assert_array_equal(index.find(wanted), [4, 7, 4, 7, -1])
