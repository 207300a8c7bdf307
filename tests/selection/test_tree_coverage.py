"""Tree coverage against the definition: the best of all subsets on small forests."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.selection import tree_coverage


@st.composite
def forests(draw, max_leaves=8):
    """Random merges with ascending heights, some of which tie."""
    n_leaves = draw(st.integers(1, max_leaves))
    n_merges = draw(st.integers(0, n_leaves - 1))
    steps = draw(
        st.lists(
            st.sampled_from([0.0, 0.1, 0.25, 1.0]), min_size=n_merges, max_size=n_merges
        )
    )
    roots = list(range(n_leaves))
    children = []
    for merge in range(n_merges):
        pair = draw(st.permutations(roots))[:2]
        children.append(pair)
        roots = [root for root in roots if root not in pair] + [n_leaves + merge]
    return np.array(children, np.int64).reshape(-1, 2), np.cumsum(steps), n_leaves


@st.composite
def pools(draw):
    """A forest, and the leaf and uncertainty of each row of a pool."""
    children, heights, n_leaves = draw(forests())
    leaf = draw(st.lists(st.integers(0, n_leaves - 1), min_size=1, max_size=10))
    # Sums of eighths are exact.
    eighths = st.lists(st.integers(0, 8), min_size=n_leaves, max_size=n_leaves)
    uncertainty = np.array(draw(eighths))[leaf] / 8
    return children, heights, n_leaves, np.array(leaf), uncertainty


class Tree:
    """The definition, node by node."""

    def __init__(self, children, heights, n_leaves, leaf, uncertainty, mean_distance):
        n_nodes = n_leaves + len(children)
        scale = np.zeros(n_nodes)
        scale[n_leaves:] = np.minimum(1, np.asarray(heights) / mean_distance)
        self.below = [set() for _ in range(n_nodes)]
        mass, most = np.zeros(n_nodes), np.zeros(n_nodes)
        above = np.ones(n_nodes)
        for row, node in enumerate(leaf):
            self.below[node].add(row)
            mass[node] = most[node] = uncertainty[row]
        for merge, (a, b) in enumerate(children):
            node = n_leaves + merge
            self.below[node] = self.below[a] | self.below[b]
            copied = (1 - scale[node]) * min(most[a], most[b])
            mass[node] = mass[a] + mass[b] - copied
            most[node] = max(most[a], most[b])
            above[[a, b]] = scale[node]
        self.worth = (np.sqrt(above) - np.sqrt(scale)) * mass

    def worth_of(self, rows):
        return sum(
            worth
            for worth, below in zip(self.worth, self.below, strict=True)
            if below.intersection(rows)
        )

    def covering(self, row, picks):
        """The first pick below the lowest node above a row that has one."""
        if row in picks:
            return picks.index(row)
        for below in sorted(self.below, key=len):
            ranks = [rank for rank, pick in enumerate(picks) if pick in below]
            if row in below and ranks:
                return min(ranks)
        return -1


@given(pool=pools(), mean_distance=st.sampled_from([0.2, 0.5, 2.0]), data=st.data())
def test_no_subset_is_worth_more(pool, mean_distance, data):
    tree = Tree(*pool, mean_distance)
    children, heights, n_leaves, leaf, uncertainty = pool
    n_picks = data.draw(st.integers(1, len(leaf)))
    picks, gains, covering = tree_coverage(
        children, heights, mean_distance, n_leaves, leaf, uncertainty, n_picks
    )
    assert len(set(picks)) == n_picks
    most = max(map(tree.worth_of, combinations(range(len(leaf)), n_picks)))
    np.testing.assert_allclose(tree.worth_of(picks), most, atol=1e-12)
    worths = [tree.worth_of(picks[: n + 1]) for n in range(n_picks)]
    np.testing.assert_allclose(np.cumsum(gains), worths, atol=1e-12)
    assert (np.diff(gains) <= 0).all()
    expected = [tree.covering(row, picks.tolist()) for row in range(len(leaf))]
    np.testing.assert_array_equal(covering, expected)


@given(forest=forests(), seed=st.integers(0, 10_000), data=st.data())
def test_a_permuted_pool_gives_the_same_rows(forest, seed, data):
    children, heights, n_leaves = forest
    permutation = np.array(data.draw(st.permutations(range(n_leaves))))
    leaf, uncertainty = np.arange(n_leaves), np.random.RandomState(seed).rand(n_leaves)
    arguments = children, heights, 1.0, n_leaves
    picks, gains, _ = tree_coverage(*arguments, leaf, uncertainty, n_leaves)
    found, same_gains, _ = tree_coverage(
        *arguments, leaf[permutation], uncertainty[permutation], n_leaves
    )
    np.testing.assert_array_equal(permutation[found], picks)
    np.testing.assert_array_equal(same_gains, gains)


def cover(children, heights, uncertainty, n_picks, mean_distance=1.0, leaf=None):
    n_leaves = len(uncertainty) if leaf is None else 1 + max(leaf)
    return tree_coverage(
        np.array(children, np.int64).reshape(-1, 2),
        np.array(heights, float),
        mean_distance,
        n_leaves,
        np.arange(n_leaves) if leaf is None else np.array(leaf),
        np.array(uncertainty, float),
        n_picks,
    )


def test_every_copy_waits_for_the_first_of_all_rows():
    # Rows 0 to 2 are equal, row 3 is far from them.
    picks, gains, _ = cover([[0, 1], [2, 4], [3, 5]], [0, 0, 1], [0.9, 1, 0.9, 0.1], 4)
    np.testing.assert_array_equal(picks, [1, 3, 0, 2])
    np.testing.assert_allclose(gains, [1, 0.1, 0, 0])


def test_copies_are_measured_by_the_most_uncertain_row_of_each_side():
    # Rows 0 to 2 have the longest path, but row 3 is more uncertain.
    children, heights = [[0, 1], [2, 5], [3, 6], [4, 7]], [0.25, 0.25, 0.81, 0.81]
    uncertainty = [0.9, 0.9, 0.9, 1, 1]
    picks, gains, _ = cover(children, heights, uncertainty, 5)
    tree = Tree(children, heights, 5, range(5), uncertainty, 1.0)
    assert picks[0] == 0
    np.testing.assert_allclose(gains.sum(), tree.worth_of(picks), atol=1e-12)


def test_rows_of_one_leaf_count_once():
    picks, gains, covering = cover([], [], [0.5, 0.5, 0.7], 3, leaf=[0, 0, 1])
    np.testing.assert_array_equal(picks, [2, 0, 1])
    np.testing.assert_allclose(gains, [0.7, 0.5, 0])
    np.testing.assert_array_equal(covering, [1, 2, 0])


def test_ties_go_to_the_more_uncertain_row_then_to_the_first():
    # All merges are at height 0, so only the last row of a path gains.
    picks, gains, _ = cover([[0, 1], [2, 3], [4, 5]], [0, 0, 0], [1, 1, 1, 0.5], 4)
    np.testing.assert_array_equal(picks, [0, 1, 2, 3])
    np.testing.assert_allclose(gains, [1, 0, 0, 0])
    picks, _, _ = cover([[1, 2]], [1], [0.25, 0.25, 0.5], 3)
    np.testing.assert_array_equal(picks, [2, 0, 1])


def test_without_uncertainty_rows_come_in_order():
    picks, gains, _ = cover([[1, 2], [0, 3]], [0.1, 0.2], [0, 0, 0], 3)
    np.testing.assert_array_equal(picks, [0, 1, 2])
    np.testing.assert_array_equal(gains, 0)


def test_equal_rows_everywhere_have_no_scale():
    picks, gains, _ = cover([[0, 1]], [0], [0.5, 0.5], 2, mean_distance=0.0)
    np.testing.assert_array_equal(picks, [0, 1])
    np.testing.assert_allclose(gains, [0.5, 0])


def test_one_row():
    picks, gains, covering = cover([], [], [0.3], 1)
    assert (picks, gains, covering) == (0, 0.3, 0)


def test_a_path_of_many_merges():
    n = 100_001
    nodes = np.r_[0, n + np.arange(n - 2)]
    children = np.column_stack([nodes, np.arange(1, n)])
    uncertainty = np.random.RandomState(0).rand(n)
    heights = np.linspace(0.1, 2, n - 1)
    picks, gains, covering = cover(children, heights, uncertainty, 1000)
    assert len(set(picks)) == 1000
    assert (np.diff(gains) <= 0).all()
    assert np.bincount(covering).sum() == n
