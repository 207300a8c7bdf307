"""k-center greedy and k-means++ against what anybody would write down."""

from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from modal_clustermargin.selection import (
    _k_means_plus_plus,
    _min_sq_dists,
    k_center_greedy,
    k_means_plus_plus,
)

few = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# None is the processor; the other is the code for a GPU, on the processor.
DEVICES = [None, torch.device("cpu")]


def unseen(n_done):
    pass


def uniforms(seed):
    while True:
        rng = np.random.RandomState(seed)
        while True:
            yield rng.uniform()


@pytest.fixture(params=[1, 4, 256], ids="a product for {} centers".format)
def most_pending(request, monkeypatch):
    monkeypatch.setattr(_min_sq_dists, "_MOST_PENDING", request.param)
    return request.param


def farthest_first(rows, n_picks, labelled=None, first=None):
    """k-center greedy, all distances every time."""
    picks, rows = [], rows.astype(float)
    nearest = np.full(len(rows), np.inf)
    if labelled is not None and len(labelled):
        nearest = cdist(rows, labelled.astype(float), "sqeuclidean").min(axis=1)
    while len(picks) < n_picks:
        nearest[picks] = -1
        row = first if np.isinf(nearest).all() else int(nearest.argmax())
        picks.append(row)
        nearest = np.minimum(nearest, ((rows - rows[row]) ** 2).sum(axis=1))
    return picks


def drawn_by_gradients(A, B, n_picks, numbers, first, most_pending):
    """k-means++ on gradients that are there, with the same draws."""
    G = np.einsum("ia,ib->iab", A.astype(float), B.astype(float)).reshape(len(A), -1)
    row = int((G**2).sum(axis=1).argmax()) if first is None else first
    picks, weight, n_refused = [row], None, 0
    nearest = ((G - G[row]) ** 2).sum(axis=1)
    since = 1
    while len(picks) < n_picks:
        if weight is None or since == most_pending or n_refused > 50:
            weight, since, n_refused = nearest.copy(), 0, 0
            if not weight.any():
                break
        shares = weight.cumsum()
        row = int(np.searchsorted(shares, next(numbers) * shares[-1], side="right"))
        if next(numbers) * weight[row] >= nearest[row]:
            n_refused += 1
            continue
        n_refused = 0
        picks.append(row)
        since += 1
        nearest = np.minimum(nearest, ((G - G[row]) ** 2).sum(axis=1))
    left = [i for i in range(len(G)) if i not in picks]
    for place in range(n_picks - len(picks)):
        other = place + int(next(numbers) * (len(left) - place))
        left[place], left[other] = left[other], left[place]
        picks.append(left[place])
    return picks


@st.composite
def whole_rows(draw, most=30):
    """Rows of small whole numbers, full of ties and duplicates."""
    shape = (draw(st.integers(1, most)), draw(st.integers(1, 3)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return draw(hnp.arrays(dtype, shape, elements=st.integers(-3, 3)))


class TestKCenter:
    @few
    @given(rows=whole_rows(), data=st.data())
    @pytest.mark.parametrize("device", DEVICES)
    def test_is_farthest_first_to_the_last_tie(self, most_pending, device, rows, data):
        n_picks = data.draw(st.integers(1, len(rows)))
        n_labelled = data.draw(st.integers(0, 6))
        labelled = data.draw(
            hnp.arrays(
                rows.dtype, (n_labelled, rows.shape[1]), elements=st.integers(-3, 3)
            )
        )
        first = data.draw(st.integers(0, len(rows) - 1))
        arguments = {"labelled": labelled, "first": first}
        picks, sq_dists = k_center_greedy(
            rows, n_picks, **arguments, device=device, show=unseen
        )
        assert picks.tolist() == farthest_first(rows, n_picks, **arguments)
        assert len(set(picks)) == n_picks
        begin = int(n_labelled == 0)
        assert (np.diff(sq_dists[begin:]) <= 0).all()
        centers = np.vstack([labelled, rows[picks[:-1]]])
        if len(centers):
            expected = cdist(rows[picks[-1:]], centers, "sqeuclidean").min()
            assert sq_dists[-1] == expected

    @pytest.mark.parametrize("device", DEVICES)
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize(
        ("scale", "offset"), [(1, 0), (1, 1e3), (1e-18, 0), (1e15, 0), (1, -1e6)]
    )
    def test_many_products_and_hard_numbers(self, device, dtype, scale, offset):
        rng = np.random.default_rng(0)
        rows = rng.normal(size=(5000, 12)) + 5 * rng.normal(size=(50, 12)).repeat(
            100, 0
        )
        rows = (rows * scale + offset).astype(dtype)
        picks, _ = k_center_greedy(rows, 900, first=7, device=device, show=unseen)
        assert picks.tolist() == farthest_first(rows, 900, first=7)

    @pytest.mark.parametrize("device", DEVICES)
    @pytest.mark.parametrize("largest", [1e21, 1e25, 1e37, 3e38])
    def test_a_few_rows_of_another_size(self, device, largest):
        rng = np.random.default_rng(0)
        rows = rng.normal(size=(1200, 6)).astype(np.float32)
        rows[:2] = [[largest], [-largest]]
        labelled = np.array([[largest] * 6, [-largest] * 6, [0] * 6], np.float32)
        found, _ = k_center_greedy(
            rows, 300, labelled=labelled, device=device, show=unseen
        )
        assert found.tolist() == farthest_first(rows, 300, labelled=labelled)
        rows = rng.uniform(-largest, largest, size=(1200, 3)).astype(np.float32)
        found, _ = k_center_greedy(rows, 300, first=3, device=device, show=unseen)
        assert found.tolist() == farthest_first(rows, 300, first=3)

    def test_centers_far_beyond_the_rows(self):
        rows, far = np.array([[0.0], [1.0]]), np.array([[1e25]])
        _, sq_dists = k_center_greedy(rows, 2, labelled=far, show=unseen)
        np.testing.assert_allclose(sq_dists, [1e50, 1])

    @few
    @given(rows=whole_rows(most=9), n_picks=st.integers(1, 4))
    def test_covers_within_twice_the_best(self, rows, n_picks):
        n_picks = min(n_picks, len(rows))
        apart = cdist(rows, rows)
        picks, _ = k_center_greedy(rows, n_picks, first=0, show=unseen)
        best = min(
            apart[:, list(chosen)].min(axis=1).max()
            for chosen in combinations(range(len(rows)), n_picks)
        )
        assert apart[:, picks].min(axis=1).max() <= 2 * best + 1e-9


class TestKMeansPlusPlus:
    @few
    @given(data=st.data(), A=whole_rows(), seed=st.integers(0, 999))
    @pytest.mark.parametrize("device", DEVICES)
    def test_is_that_of_explicit_gradients(
        self, most_pending, monkeypatch, device, data, A, seed
    ):
        # Only full lists call for a product, so that the reference knows when.
        monkeypatch.setattr(_min_sq_dists.MinSqDists, "_product_cost", lambda _: 10**9)
        shape = (len(A), data.draw(st.integers(1, 4)))
        B = data.draw(hnp.arrays(A.dtype, shape, elements=st.integers(-2, 2)))
        n_picks = data.draw(st.integers(1, len(A)))
        first = data.draw(st.sampled_from([None, 0, len(A) - 1]))
        picks, sq_dists = k_means_plus_plus(
            A, B, n_picks, uniforms(seed), first=first, device=device, show=unseen
        )
        expected = drawn_by_gradients(
            A, B, n_picks, uniforms(seed), first, most_pending
        )
        assert picks.tolist() == expected
        G = np.einsum("ia,ib->iab", A, B).reshape(len(A), -1)
        for k in range(1, n_picks):
            nearest = cdist(G[picks[k : k + 1]], G[picks[:k]], "sqeuclidean").min()
            np.testing.assert_allclose(sq_dists[k], nearest, rtol=1e-6)

    @pytest.mark.parametrize("most_rejected", [0, 50])
    def test_draws_as_often_as_k_means_plus_plus(self, monkeypatch, most_rejected):
        monkeypatch.setattr(_k_means_plus_plus, "_MOST_REJECTED", most_rejected)
        rows = np.array([[0.0], [1.0], [1.5], [4.0], [4.2]])
        apart = cdist(rows, rows, "sqeuclidean")
        expected = {}
        for picks in permutations(range(1, 5), 3):
            chance, chosen = 1.0, [0]
            for row in picks:
                nearest = apart[chosen].min(axis=0)
                chance *= nearest[row] / nearest.sum()
                chosen.append(row)
            expected[picks] = chance
        n_trials, numbers = 4000, uniforms(5)
        found = Counter(
            tuple(
                k_means_plus_plus(rows, None, 4, numbers, first=0, show=unseen)[0][1:]
            )
            for _ in range(n_trials)
        )
        for picks, chance in expected.items():
            spread = np.sqrt(n_trials * chance * (1 - chance))
            assert abs(found[picks] - n_trials * chance) < 5 * spread + 1e-9

    @pytest.mark.parametrize("device", DEVICES)
    def test_many_products(self, device):
        rng = np.random.default_rng(1)
        A = rng.dirichlet(np.ones(6), size=4000).astype(np.float32)
        B = rng.normal(size=(4000, 9)).astype(np.float32)
        arguments = (A, B, 1500, uniforms(3))
        picks, sq_dists = k_means_plus_plus(*arguments, device=device, show=unseen)
        assert len(set(picks)) == 1500
        G = np.einsum("ia,ib->iab", A, B, dtype=float).reshape(len(A), -1)
        for k in (1, 10, 300, 1499):
            nearest = cdist(G[picks[k : k + 1]], G[picks[:k]], "sqeuclidean").min()
            np.testing.assert_allclose(sq_dists[k], nearest, rtol=1e-9)

    @pytest.mark.parametrize("device", DEVICES)
    @pytest.mark.parametrize("margin", [20, 52, 80])
    def test_gradients_of_a_network_that_is_sure(self, device, margin):
        """Residuals down to where float32 ends."""
        rng = np.random.default_rng(0)
        logits = rng.normal(size=(1500, 3))
        logits[np.arange(1500), rng.integers(3, size=1500)] += margin
        A = np.exp(logits - logits.max(axis=1, keepdims=True))
        A = (A / A.sum(axis=1, keepdims=True)).astype(np.float32)
        A[np.arange(1500), A.argmax(axis=1)] -= 1
        B = rng.normal(size=(1500, 8)).astype(np.float32)
        picks, sq_dists = k_means_plus_plus(
            A, B, 500, uniforms(1), device=device, show=unseen
        )
        assert len(set(picks)) == 500
        G = np.einsum("ia,ib->iab", A, B, dtype=float).reshape(1500, -1)
        for k in range(1, 500, 7):
            nearest = ((G[picks[:k]] - G[picks[k]]) ** 2).sum(axis=1).min()
            np.testing.assert_allclose(sq_dists[k], nearest, rtol=1e-6)

    def test_far_from_the_origin_close_rows_are_no_duplicates(self):
        rows = 1.7e9 + np.arange(0, 300, 3.0)[:, np.newaxis]
        _, sq_dists = k_means_plus_plus(
            rows, np.ones((100, 1)), 30, uniforms(0), show=unseen
        )
        assert (sq_dists >= 9).all()

    def test_devices_choose_the_same(self):
        rng = np.random.default_rng(2)
        A = rng.normal(size=(3000, 4)).astype(np.float32)
        B = rng.normal(size=(3000, 5)).astype(np.float32)
        first, second = (
            k_means_plus_plus(A, B, 800, uniforms(3), device=device, show=unseen)[0]
            for device in DEVICES
        )
        np.testing.assert_array_equal(first, second)

    def test_equal_rows_come_last_and_each_as_likely(self):
        rows = np.array([[2.0]] * 4 + [[5.0]])
        found = Counter()
        for seed in range(400):
            picks, sq_dists = k_means_plus_plus(
                rows, None, 4, uniforms(seed), first=0, show=unseen
            )
            assert picks[:2].tolist() == [0, 4]
            assert sq_dists.tolist() == [4, 9, 0, 0]
            found.update(picks[2:].tolist())
        assert set(found) == {1, 2, 3}
        assert min(found.values()) > 200
