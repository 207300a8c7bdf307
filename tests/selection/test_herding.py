"""Herding against a greedy search that computes every gain again for every pick."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.selection import cover, herd


def herd_by_brute_force(indices, similarities, uncertainty, coverage, n_picks, may):
    """Gains of all rows for every pick, by the definition of the sum."""
    n_rows = len(indices)
    kernel = np.eye(n_rows)
    for row in range(n_rows):
        for j, similarity in zip(indices[row], similarities[row], strict=True):
            if j < 0:
                break
            kernel[row, j] = similarity
    coverage = coverage.astype(float)
    waiting = set(np.flatnonzero(may))
    picks, gains = [], []
    while len(picks) < n_picks:
        # In sixteenths, so that sums are exact and ties are ties.
        gain = {i: uncertainty @ np.maximum(kernel[i] - coverage, 0) for i in waiting}
        row = min(waiting, key=lambda i: (-gain[i], i))
        if gain[row] == 0:
            row = min(waiting, key=lambda i: (-uncertainty[i], i))
        picks.append(row)
        gains.append(gain[row])
        waiting.remove(row)
        coverage = np.maximum(coverage, kernel[row])
    return picks, gains


@st.composite
def graphs(draw, max_rows=12):
    """Arguments of `herd`, with ties, isolated rows, covered rows, certain rows."""
    n_rows = draw(st.integers(1, max_rows))
    k = draw(st.integers(0, 4))
    rng = np.random.RandomState(draw(st.integers(0, 2**31)))
    indices = np.full((n_rows, k), -1, np.int32)
    similarities = np.zeros((n_rows, k), np.float32)
    n_levels = draw(st.sampled_from([2, 16]))
    for row in range(n_rows):
        n_listed = rng.randint(min(k, n_rows - 1) + 1)
        others = np.delete(np.arange(n_rows), row)
        indices[row, :n_listed] = rng.choice(others, n_listed, replace=False)
        near = rng.randint(n_levels + 1, size=n_listed) / n_levels
        similarities[row, :n_listed] = np.sort(near)[::-1]
    uncertainty = rng.randint(draw(st.sampled_from([1, 3, 17])), size=n_rows) / 16
    coverage = rng.choice([0, 0.25, 1], n_rows, p=draw(coverages)).astype(np.float32)
    may_pick = rng.rand(n_rows) < draw(st.sampled_from([0.5, 1]))
    may_pick[rng.randint(n_rows)] = True
    n_picks = draw(st.integers(1, np.count_nonzero(may_pick)))
    return indices, similarities, uncertainty, coverage, n_picks, may_pick


coverages = st.sampled_from([(1, 0, 0), (0.5, 0.3, 0.2), (0, 0, 1)])


@given(graphs())
def test_equals_brute_force(graph):
    *arguments, may_pick = graph
    picks, gains = herd(*arguments, may_pick=may_pick)
    expected = herd_by_brute_force(*graph)
    np.testing.assert_array_equal(picks, expected[0])
    np.testing.assert_array_equal(gains, expected[1])


@given(graphs())
def test_gains_never_grow_and_sum_to_what_was_covered(graph):
    indices, similarities, uncertainty, coverage, n_picks, may_pick = graph
    before = coverage.copy()
    picks, gains = herd(*graph[:-1], may_pick=may_pick)
    np.testing.assert_array_equal(coverage, before)
    assert (np.diff(gains) <= 0).all()
    assert len(set(picks)) == n_picks
    assert may_pick[picks].all()
    cover(coverage, indices[picks], similarities[picks])
    coverage[picks] = 1
    np.testing.assert_allclose(gains.sum(), uncertainty @ (coverage - before))


@given(graphs(), st.randoms(use_true_random=False))
def test_permuted_rows_permute_the_picks(graph, order):
    """With uncertainties that differ so much that no gains tie."""
    indices, similarities, _, coverage, n_picks, may_pick = graph
    n_rows = len(indices)
    uncertainty = 16.0 ** -np.arange(n_rows)
    picks, gains = herd(
        indices, similarities, uncertainty, coverage, n_picks, may_pick=may_pick
    )
    to = np.array(order.sample(range(n_rows), n_rows))
    old = np.argsort(to)
    moved = np.where(indices < 0, -1, to[indices])[old]
    new_picks, new_gains = herd(
        moved,
        similarities[old],
        uncertainty[old],
        coverage[old],
        n_picks,
        may_pick=may_pick[old],
    )
    n_sure = np.count_nonzero(np.diff(gains, prepend=np.inf) < 0)
    if n_sure == n_picks:
        np.testing.assert_array_equal(new_picks, to[picks])
    np.testing.assert_array_equal(new_gains, gains)


def test_the_example_by_hand():
    """A hub of two rows, an isolated row, and a row that is covered from the start."""
    indices = np.array([[1, 2], [0, -1], [0, -1], [-1, -1], [3, -1]], np.int32)
    similarities = np.array(
        [[0.5, 0.25], [0.5, 0], [0.25, 0], [0, 0], [1, 0]], np.float32
    )
    uncertainty = np.array([0.5, 0.5, 1.0, 0.25, 1.0])
    coverage = np.array([0, 0, 0, 0, 1], np.float32)
    picks, gains = herd(indices, similarities, uncertainty, coverage, 5)
    # 2: 1 + 0.5/4; then 0: 0.5 * 3/4 + 0.5/2; 1: 0.5/2; 3 and 4 tie at 0.25 until one
    # of them is picked, and the first of the tied rows 1, 3 and 4 is taken.
    np.testing.assert_array_equal(picks, [2, 0, 1, 3, 4])
    np.testing.assert_array_equal(gains, [1.125, 0.625, 0.25, 0.25, 0])


def test_the_rest_comes_by_uncertainty_when_nothing_can_be_gained():
    indices, similarities = np.empty((5, 0), np.int32), np.empty((5, 0), np.float32)
    uncertainty = np.array([0.0, 0.5, 0.25, 0.5, 0.0])
    covered = np.ones(5, np.float32)
    picks, gains = herd(indices, similarities, uncertainty, covered, 4)
    np.testing.assert_array_equal(picks, [1, 3, 2, 0])
    np.testing.assert_array_equal(gains, 0)


def test_one_row():
    one = np.empty((1, 0), np.int32), np.empty((1, 0), np.float32)
    picks, gains = herd(*one, np.array([0.5]), np.zeros(1, np.float32), 1)
    assert picks.tolist() == [0]
    assert gains.tolist() == [0.5]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_many_rows_equal_the_same_greedy_in_matrices(dtype):
    """Enough rows and picks for rows to wait in many levels."""
    rng = np.random.RandomState(0)
    n_rows, k, n_picks = 600, 8, 300
    indices = np.array(
        [(i + rng.permutation(n_rows - 1)[:k] + 1) % n_rows for i in range(n_rows)]
    ).astype(dtype)
    similarities = np.sort(rng.randint(17, size=(n_rows, k)) / 16)[:, ::-1]
    similarities = similarities.astype(np.float32)
    uncertainty = rng.randint(1, 17, size=n_rows) / 16
    start = np.zeros(n_rows, np.float32)
    arguments = (indices, similarities, uncertainty, start, n_picks)
    picks, gains = herd(*arguments)
    kernel = np.eye(n_rows)
    np.put_along_axis(kernel, indices, similarities.astype(float), axis=1)
    coverage = np.zeros(n_rows)
    for pick, gain in zip(picks, gains, strict=True):
        all_gains = np.maximum(kernel - coverage, 0) @ uncertainty
        assert all_gains.max() == gain
        coverage = np.maximum(coverage, kernel[pick])


def test_tiny_and_huge_uncertainties():
    indices, similarities = np.empty((4, 0), np.int32), np.empty((4, 0), np.float32)
    start = np.zeros(4, np.float32)
    for scale in (1e-310, 1e300):
        uncertainty = scale * np.array([1.0, 3.0, 2.0, 0.0])
        picks, gains = herd(indices, similarities, uncertainty, start, 4)
        np.testing.assert_array_equal(picks, [1, 2, 0, 3])
        np.testing.assert_array_equal(gains, uncertainty[picks])
