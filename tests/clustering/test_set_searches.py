"""The searches of a set in itself, against all products."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin import _devices
from modal_clustermargin.clustering import (
    AverageLinkage,
    _approximate_knn,
    _exact_knn,
    _neighbor_search,
    _torch_knn,
)
from modal_clustermargin.clustering._exact_knn import tournament_rounds


def silent(n_done):
    pass


def case(n_rows, n_features=5):
    """Rows, half their squared lengths, and all scores."""
    rng = np.random.RandomState(n_rows)
    rows = rng.normal(size=(n_rows, n_features)).astype(np.float32)
    half = (rows**2).sum(axis=1) / 2
    all_scores = rows @ rows.T - half
    np.fill_diagonal(all_scores, -np.inf)
    return rows, half, all_scores


def assert_all_are_found(search, n_rows):
    rows, half, all_scores = case(n_rows)
    expected = -np.sort(-all_scores, axis=1)[:, :6]
    for least in (-np.inf, np.float32(-1)):
        least_scores = np.full(n_rows, least, np.float32)
        proposed, scores = search(rows, half, 6, least_scores, silent)
        assert proposed.dtype == np.int32
        found = np.maximum(expected, least)
        np.testing.assert_allclose(scores[:, : found.shape[1]], found, atol=1e-5)
        is_found = proposed >= 0
        np.testing.assert_array_equal(is_found, scores > least)
        i, _ = np.nonzero(is_found)
        np.testing.assert_allclose(
            all_scores[i, proposed[is_found]], scores[is_found], atol=1e-5
        )
        for row in proposed:
            assert len(set(row[row >= 0])) == np.count_nonzero(row >= 0)


@given(st.integers(1, 40))
def test_every_two_blocks_meet_once_and_none_is_twice_in_a_round(n_blocks):
    met = []
    for left, right in tournament_rounds(n_blocks):
        if not np.array_equal(left, right):
            playing = np.concatenate([left, right])
            assert len(set(playing)) == len(playing)
        met += [
            frozenset(pair) for pair in zip(left.tolist(), right.tolist(), strict=True)
        ]
    assert len(met) == len(set(met)) == n_blocks * (n_blocks + 1) // 2


@pytest.mark.parametrize("n_rows", [1, 2, 130, 500])
class TestAllProducts:
    @pytest.mark.parametrize("block_rows", [1, 7, 64, 640])
    def test_blocks(self, block_rows, n_rows, monkeypatch):
        monkeypatch.setattr(_exact_knn, "_BLOCK_ROWS", block_rows)
        assert_all_are_found(_exact_knn.exact_knn, n_rows)

    @pytest.mark.parametrize("in_parts", [False, True])
    @pytest.mark.parametrize(
        "device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
    )
    def test_on_a_device_that_holds_the_rows_or_does_not(
        self, device, in_parts, n_rows, monkeypatch
    ):
        if in_parts:
            monkeypatch.setattr(_torch_knn, "_QUERY_ROWS", 33)
            monkeypatch.setattr(_devices, "free_memory", lambda device: 16 * 33 * 70)

        def search(*arguments):
            return _torch_knn.exact_knn(*arguments, torch.device(device))

        assert_all_are_found(search, n_rows)

    def test_without_a_limit_every_neighbor_is_found(self, n_rows, monkeypatch):
        """With all rows in the sample and no limit, the search for most finds all."""
        monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)

        def search(*arguments):
            *found, reached, work, sq_reach = _approximate_knn.approximate_knn(
                *arguments, 1, may_limit_reach=False
            )
            assert reached == 1
            assert work > 0
            assert sq_reach == np.inf
            return found

        assert_all_are_found(search, n_rows)


def true_recall(proposed, expected):
    hits = [np.isin(a, b).sum() for a, b in zip(expected, proposed, strict=True)]
    return sum(hits) / np.count_nonzero(expected >= 0)


@pytest.mark.parametrize("n_features", [2, 12])
@pytest.mark.parametrize("recall", [0.5, 0.9])
def test_the_estimated_recall_is_the_true_recall(recall, n_features, monkeypatch):
    monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
    rows, half, all_scores = case(4_000, n_features)
    least_scores = np.full(len(rows), -np.inf, np.float32)
    found = _approximate_knn.approximate_knn(
        rows, half, 10, least_scores, silent, recall
    )
    proposed, scores, reached, _, sq_reach = found
    assert reached >= recall
    counted = 2 * (half[:, np.newaxis] + np.sort(-all_scores, axis=1)[:, :10])
    counted = counted < sq_reach
    assert np.median(counted.sum(axis=1)) == pytest.approx(8, abs=1)
    expected = np.argsort(-all_scores, axis=1)[:, :10]
    assert true_recall(proposed, np.where(counted, expected, -2)) == pytest.approx(
        reached, abs=0.03
    )
    assert (np.diff(scores, axis=1) <= 0).all()
    again = _approximate_knn.approximate_knn(
        rows, half, 10, least_scores, silent, recall
    )
    np.testing.assert_array_equal(again[0], proposed)


def test_a_search_that_would_cost_too_much_is_given_up():
    rows, half, _ = case(3_000, 60)
    least_scores = np.full(len(rows), -np.inf, np.float32)
    arguments = rows, half, 16, least_scores, silent
    assert _approximate_knn.approximate_knn(*arguments, 0.99) is None


def test_where_next_to_no_row_has_a_neighbour_the_few_are_found(monkeypatch):
    monkeypatch.setattr(_neighbor_search.NeighborSearch, "_exact_knn", None)
    X = np.random.RandomState(0).normal(size=(20_000, 24)).astype(np.float32)
    X[:40] = X[40:80] * 1.01 + 0.001
    model = AverageLinkage(neighbors="approximate", distance_threshold=0.01).fit(X)
    np.testing.assert_array_equal(np.sort(model.children_, axis=None), np.arange(80))
    assert model.recall_ >= 0.99


def test_many_rows_in_one_place_are_not_all_compared():
    """A cell that holds nearly all rows would cost as much as all products."""
    rows = np.zeros((3_000, 4), np.float32)
    rows[:20] = np.eye(4, dtype=np.float32).repeat(5, axis=0)
    least_scores = np.full(len(rows), -np.inf, np.float32)
    arguments = rows, (rows**2).sum(axis=1) / 2, 16, least_scores, silent
    assert _approximate_knn.approximate_knn(*arguments, 0.9) is None


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_search_in_a_base_on_a_device(device):
    rows, _, _ = case(300)
    asking = rows[:40] + np.float32(0.1)
    sq_dists, proposed = _torch_knn.knn(asking, rows, 7, torch.device(device))
    expected = ((asking[:, np.newaxis] - rows) ** 2).sum(axis=2)
    np.testing.assert_array_equal(proposed, np.argsort(expected, axis=1)[:, :7])
    np.testing.assert_allclose(sq_dists, np.sort(expected, axis=1)[:, :7], atol=1e-5)


def test_products_are_of_full_precision_whatever_is_set():
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with _devices.float32_products(torch.device("cpu")):
            products = torch.backends.cuda.matmul
            if hasattr(products, "fp32_precision"):
                assert products.fp32_precision == "ieee"
            else:
                assert not products.allow_tf32
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_autocast_does_not_reach_the_products():
    rows, half, _ = case(300, 32)
    least_scores = np.full(300, -np.inf, np.float32)
    search = [rows, half, 6, least_scores, silent, torch.device("cpu")]
    expected = _torch_knn.exact_knn(*search)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = _torch_knn.exact_knn(*search)
    np.testing.assert_array_equal(found[1], expected[1])


def test_few_scores_are_picked_and_many_are_left_to_topk():
    scores = torch.rand(60, 403)
    is_better = torch.zeros(60, 403, dtype=torch.bool)
    is_better[3, [7, 400]] = is_better[59, 402] = True
    top, columns = _torch_knn._picked(scores, is_better)
    assert columns[3].tolist() == [7, 400]
    assert columns[59, 0] == 402
    assert torch.equal(top[3], scores[3, [7, 400]])
    assert top[0, 0] == top[59, 1] == -torch.inf
    in_one_row, in_all = is_better.clone(), is_better.clone()
    in_one_row[5, :50] = True  # the table would be as wide for all
    in_all[:, ::8] = True
    assert _torch_knn._picked(scores, in_one_row) is None
    assert _torch_knn._picked(scores, in_all) is None


@pytest.mark.parametrize("n_asking", [1, 17, 256])
def test_parts_of_the_base_fit_on_the_device(n_asking, monkeypatch):
    room = 2**20
    monkeypatch.setattr(_devices, "free_memory", lambda device: room)
    sent = []
    addmm = torch.addmm
    monkeypatch.setattr(
        torch, "addmm", lambda a, b, c: sent.append(c.nbytes) or addmm(a, b, c)
    )
    rows = np.zeros((5_000, 256), np.float32)
    base = _torch_knn._References(
        rows, np.zeros(5_000, np.float32), torch.device("cpu")
    )
    base.best(rows[:n_asking], 18, np.zeros(n_asking, np.float32))
    assert max(sent) <= room / 4
    assert sum(sent) == rows.nbytes


def test_one_row_that_is_in_every_list(monkeypatch):
    """The hub must not overfill what a row keeps of those it has met."""
    monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
    rows = case(900, 200)[0]
    rows[0] = 0
    half = (rows**2).sum(axis=1) / 2
    least_scores = np.full(900, -np.inf, np.float32)
    proposed, *_ = _approximate_knn.approximate_knn(
        rows, half, 3, least_scores, silent, 0.9
    )
    assert np.mean(proposed[1:, 0] == 0) > 0.9


def test_hopeless_cases_are_given_up_after_the_first_round(monkeypatch):
    made = []
    compare = _approximate_knn._compare_cells
    monkeypatch.setattr(
        _approximate_knn,
        "_compare_cells",
        lambda *a: made.append(1) or compare(*a),
    )
    rows, half, _ = case(30_000, 40)
    least_scores = np.full(len(rows), -np.inf, np.float32)
    arguments = rows, half, 17, least_scores, silent
    assert _approximate_knn.approximate_knn(*arguments, 0.99) is None
    assert len(made) <= 2


rng = np.random.RandomState(0)
COPIES = np.repeat(rng.normal(size=(300, 32)), 10, axis=0)
HARD = {
    "near-copies": COPIES + 0.003 * rng.normal(size=COPIES.shape),
    "near-copies, far away": COPIES + 0.003 * rng.normal(size=COPIES.shape) + 1_000,
    "nearly identical": 1 + 1e-6 * rng.normal(size=(2_000, 12)),
    "equally far": np.eye(500),
    "corners of a cube": (np.arange(2**11)[:, np.newaxis] >> np.arange(11)) & 1,
    "many ties": np.round(rng.normal(size=(2_000, 5)), 1),
}


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
@pytest.mark.parametrize("shape", HARD)
def test_most_neighbors_of_ties_and_near_copies(shape, metric, monkeypatch):
    """Where a usual neighbour is as near as rounding can tell, merges go on."""
    monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
    X = HARD[shape].astype(np.float32)
    most = AverageLinkage(metric, neighbors="approximate", n_clusters=7).fit(X)
    every = AverageLinkage(metric, n_clusters=7).fit(X)
    assert most.recall_ >= 0.99
    assert len(most.children_) == len(every.children_) == len(X) - 7
    third = slice(len(X) // 3)  # a tie may be taken up otherwise later
    np.testing.assert_allclose(
        most.distances_[third], every.distances_[third], rtol=0.05, atol=1e-6
    )


def test_a_search_that_finds_nothing_is_not_made_forever(monkeypatch):
    def nothing(rows, half, n_proposed, least_scores, *arguments):
        found = np.full((len(rows), n_proposed), -1, np.int32)
        scores = np.repeat(least_scores[:, np.newaxis], n_proposed, axis=1)
        return found, scores, 1.0, 1.0, 1e-3

    X = np.random.RandomState(0).normal(size=(1_000, 8))
    expected = AverageLinkage().fit(X)
    monkeypatch.setattr(_neighbor_search, "approximate_knn", nothing)
    model = AverageLinkage(neighbors="approximate").fit(X)
    np.testing.assert_array_equal(model.labels_, expected.labels_)
