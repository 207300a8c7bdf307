"""Weights by density against their definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from modal_clustermargin.selection import density_weights
from tests.selection.test_tree_coverage import forests


@given(forests(), st.sampled_from([0.5, 1.0, 3.0]))
def test_weight_is_a_power_of_the_reach(forest, mean_distance):
    children, heights, n_leaves = forest
    below, n_rows = [{leaf} for leaf in range(n_leaves)], [1.0] * n_leaves
    reach = np.full(n_leaves, mean_distance)
    for (a, b), height in zip(children, heights, strict=True):
        below.append(below[a] | below[b])
        copied = 1 - min(1, height / mean_distance)
        n_rows.append(n_rows[a] + n_rows[b] - copied)
    # From the lowest node to the highest, so the highest first makes the lowest last.
    for node in range(len(below) - 1, n_leaves - 1, -1):
        if n_rows[node] >= 1.5:
            reach[list(below[node])] = heights[node - n_leaves]
    usual = np.median(reach)
    expected = (usual / np.clip(reach, usual / 4**4, usual * 4**4)) ** 0.25
    weights = density_weights(children, heights, mean_distance, n_leaves)
    assert_allclose(weights, expected)


def test_no_leaf_counts_more_than_four_times_a_usual_one():
    # A dense group of 999 rows, which count as almost two, and 1,001 far rows.
    children = [[0, 1], *([leaf, 1998 + leaf] for leaf in range(2, 2000))]
    heights = np.repeat([0.001, 1.0], [998, 1001])
    weights = density_weights(np.array(children), heights, 1.0, 2000)
    assert_allclose(weights, np.repeat([4, 1], [999, 1001]))
    assert_allclose(density_weights(np.array(children), heights, 1.0, 2000, 0), 1)


def test_equal_rows_count_as_one_row():
    children = np.array([[0, 1], [2, 3], [4, 5]])
    weights = density_weights(children, np.array([0.0, 1.0, 1.0]), 1.0, 4)
    assert_allclose(weights, 1)
    assert_allclose(density_weights(children[:2], np.zeros(2), 0.0, 4), 1)
