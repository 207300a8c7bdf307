"""Weights by density against their definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from modal_clustermargin.selection import density_weights
from tests.selection.test_tree_coverage import forests


@given(forests(), st.sampled_from([0.5, 1.0, 3.0]))
def test_weight_is_a_power_of_the_height_of_the_first_merge(forest, mean_distance):
    children, heights, n_leaves = forest
    weights = density_weights(children, heights, mean_distance, n_leaves)
    nodes = [{leaf} for leaf in range(n_leaves)]
    first = np.full(n_leaves, mean_distance)
    for (a, b), height in reversed_merges(children, heights, nodes):
        if height > 0:
            first[list(a | b)] = height
    lowest, highest = np.median(first) / 4**4, np.median(first) * 4**4
    expected = (np.median(first) / np.clip(first, lowest, highest)) ** 0.25
    assert_allclose(weights, expected)


def reversed_merges(children, heights, nodes):
    """The leaves of both sides of each merge, and its height; the last merge first."""
    for a, b in children:
        nodes.append(nodes[a] | nodes[b])
    merges = [
        ((nodes[a], nodes[b]), h) for (a, b), h in zip(children, heights, strict=True)
    ]
    return merges[::-1]


def test_no_leaf_counts_more_than_four_times_a_usual_one():
    children = np.array([[0, 1], [2, 3], [4, 6], [7, 8]])
    heights = np.array([1e-9, 1.0, 1.0, 1.0])
    weights = density_weights(children, heights, 1.0, 5)
    assert_allclose(weights, [4, 4, 1, 1, 1])


def test_equal_rows_count_as_one_row():
    children = np.array([[0, 1], [2, 3], [4, 5]])
    weights = density_weights(children, np.array([0.0, 1.0, 1.0]), 1.0, 4)
    assert_allclose(weights, 1)
    assert_allclose(density_weights(children[:2], np.zeros(2), 0.0, 4), 1)
