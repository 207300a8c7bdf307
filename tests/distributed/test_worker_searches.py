"""Searches by workers, against those of one process."""

import dask.array as da
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modal_clustermargin.clustering import (
    AverageLinkage,
    NeighborGraph,
    _approximate_knn,
    _exact_knn,
)
from modal_clustermargin.distributed import (
    _on_worker,
    _worker_cells,
    _worker_rows,
    _worker_search,
)
from modal_clustermargin.distributed._worker_rows import RowsOnWorkers
from modal_clustermargin.distributed._workers import Workers
from tests.distributed.make_worker_rows import heavy_tail


def silent(percent):
    pass


def case(n_rows, n_features=5, seed=0):
    rows = np.random.RandomState(seed).normal(size=(n_rows, n_features))
    rows = rows.astype(np.float32)
    return rows, (rows**2).sum(axis=1) / 2


def assert_same_lists(found, expected):
    """Up to the order of equal scores, and to rounding."""
    np.testing.assert_allclose(found[1], expected[1], atol=1e-5)
    differ = found[0] != expected[0]
    assert differ.mean() < 0.01


@pytest.mark.parametrize(
    "device", [None, "cpu", "torch", pytest.param("cuda", marks=pytest.mark.gpu)]
)
@pytest.mark.parametrize("least", [-np.inf, -1])
@pytest.mark.parametrize("n_rows", [1, 9, 20, 700])
def test_all_neighbors(n_rows, least, device, client, many_blocks, monkeypatch):
    if device == "torch":  # what a GPU worker does, on the processor
        monkeypatch.setattr(
            _on_worker, "device_of_worker", lambda *_: torch.device("cpu")
        )
    rows, half = case(n_rows)
    least_scores = np.full(n_rows, least, np.float32)
    expected = _exact_knn.exact_knn(rows, half, 6, least_scores, silent)
    held = RowsOnWorkers(rows, half, Workers(client))
    shown = []
    found = held.exact_knn(6, least_scores, shown.append, device, False)
    assert_same_lists(found, expected)
    assert shown == sorted(shown)
    assert shown[-1] == 100


def test_the_best_of_some_rows(client, many_blocks):
    rows, half = case(500)
    some = np.array([4, 33, 499])
    least_scores = np.full(3, -np.inf, np.float32)
    all_scores = rows[some] @ rows.T - half
    all_scores[[0, 1, 2], some] = -np.inf
    held = RowsOnWorkers(rows, half, Workers(client))
    proposed, scores = held.search(rows[some], least_scores, 7, some)
    np.testing.assert_array_equal(proposed, np.argsort(-all_scores)[:, :7])
    np.testing.assert_allclose(scores, -np.sort(-all_scores)[:, :7], atol=1e-5)


@pytest.mark.parametrize("recall", [0.6, 0.95])
def test_the_estimated_recall_is_the_true_recall(recall, client, monkeypatch):
    monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
    monkeypatch.setattr(_worker_rows, "_FEWEST_BLOCK_ROWS", 500)
    rows, half = case(4_000, 12)
    least_scores = np.full(len(rows), -np.inf, np.float32)
    search = rows, half, 10, least_scores, silent
    proposed, scores, reached, work, sq_reach = _worker_cells.approximate_knn(
        *search, recall, Workers(client)
    )
    least_scores = half - np.float32(sq_reach / 2)
    expected, _ = _exact_knn.exact_knn(*search[:3], least_scores, silent)
    n_true = np.count_nonzero(expected >= 0)
    assert np.median(np.count_nonzero(expected >= 0, axis=1)) == pytest.approx(8, abs=1)
    hits = [
        np.isin(a[a >= 0], b).sum() for a, b in zip(expected, proposed, strict=True)
    ]
    assert reached >= recall
    assert sum(hits) / n_true == pytest.approx(reached, abs=0.03)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert work > 0
    for row in proposed:
        assert len(set(row[row >= 0])) == np.count_nonzero(row >= 0)


def test_parts_hold_every_row_at_home_and_are_of_a_size():
    rows, _ = case(3_000, 8)
    centroids = rows[:100]
    cells = _approximate_knn.nearest_centroids(rows, centroids)
    parts = _worker_cells._parts(cells, centroids, 5)
    sizes = np.bincount(cells[:, 0], minlength=100)
    part_of = _worker_cells._group_cells(centroids, sizes, 5)
    at_home = np.bincount(part_of[cells[:, 0]])
    assert at_home.max() < 2 * at_home.min()
    assert np.array_equal(np.unique(np.concatenate(parts)), np.arange(3_000))
    for part, rows_of_part in enumerate(parts):
        looks_in = (part_of[cells] == part).any(axis=1)
        assert np.array_equal(rows_of_part, np.flatnonzero(looks_in))


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([120, 80]),
    st.sampled_from(["cosine", "sqeuclidean"]),
    st.sampled_from([1, 50]),
    st.integers(0, 99),
)
def test_same_merges(client, all_is_sent, n_rows, metric, n_clusters, seed):
    X = heavy_tail(n_rows, 20, seed)
    here = AverageLinkage(metric, n_clusters=n_clusters).fit(X)
    chunks = da.from_array(X, chunks=(50, 7))
    there = AverageLinkage(metric, n_clusters=n_clusters).fit(chunks)
    np.testing.assert_array_equal(there.children_, here.children_)
    np.testing.assert_allclose(there.distances_, here.distances_, rtol=1e-9)
    np.testing.assert_array_equal(there.labels_, here.labels_)


def test_a_threshold_and_approximate_neighbors(client, monkeypatch):
    monkeypatch.setattr(_worker_rows, "_FEWEST_BLOCK_ROWS", 1_000)
    monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
    rng = np.random.RandomState(0)
    X = np.repeat(rng.normal(size=(1_000, 16)), 8, axis=0)
    X = (X + 0.1 * rng.normal(size=X.shape)).astype(np.float32)
    here = AverageLinkage(distance_threshold=0.1).fit(X)
    # It is not given up for the exact search.
    monkeypatch.setattr(_worker_search.WorkerSearch, "_exact_knn", None)
    there = AverageLinkage(distance_threshold=0.1, neighbors="approximate")
    there.fit(da.from_array(X, chunks=(999, -1)))
    np.testing.assert_array_equal(there.labels_, here.labels_)
    assert there.recall_ >= 0.95


def test_rows_that_workers_gathered_are_known_and_cached(client, tmp_path):
    X = heavy_tail(300, 6, 0)
    chunks = da.from_array(X, chunks=100)
    there = AverageLinkage(memory=tmp_path).fit(chunks)
    here = AverageLinkage(memory=tmp_path).fit(X)
    assert len(list(tmp_path.iterdir())) == 1
    np.testing.assert_array_equal(here.assign(X), there.labels_)
    np.testing.assert_array_equal(there.assign(chunks), there.labels_)
    np.testing.assert_array_equal(there.predict(chunks), here.predict(X))


def test_a_graph_is_searched_for_once_by_workers(client, all_is_sent, monkeypatch):
    X = heavy_tail(300, 8, 1).astype(np.float32)
    X[200:] = X[:100]
    here = NeighborGraph(20).fit(X)
    chunks = da.from_array(X, chunks=(130, 5))
    searched = []
    search = _worker_search.WorkerSearch._exact_knn

    def watched(self, rows, *arguments):
        searched.append(len(rows))
        return search(self, rows, *arguments)

    monkeypatch.setattr(_worker_search.WorkerSearch, "_exact_knn", watched)
    there = NeighborGraph(20).fit(chunks)
    of_clusters = AverageLinkage(mean_cluster_size=2, graph=NeighborGraph(20))
    of_clusters.fit(chunks)
    assert searched == [200, 200]
    for graph in (there, of_clusters.graph_):
        np.testing.assert_array_equal(graph.indices_, here.indices_)
        np.testing.assert_array_equal(graph.distances_, here.distances_)
        np.testing.assert_array_equal(graph.find(chunks[:50]), np.arange(50))
    expected = AverageLinkage(mean_cluster_size=2).fit(X)
    np.testing.assert_array_equal(of_clusters.labels_, expected.labels_)


def test_an_approximate_graph_of_workers_has_full_lists(client, monkeypatch):
    monkeypatch.setattr(_worker_rows, "_FEWEST_BLOCK_ROWS", 1_000)
    monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
    monkeypatch.setattr(_worker_search.WorkerSearch, "_exact_knn", None)
    X = np.random.RandomState(0).normal(size=(4_000, 6)).astype(np.float32)
    graph = NeighborGraph(24, neighbors="approximate", recall=0.9)
    graph.fit(da.from_array(X, chunks=(999, -1)))
    exact = NeighborGraph(24).fit(X)
    found = [
        np.isin(a, b).mean()
        for a, b in zip(exact.indices_, graph.indices_, strict=True)
    ]
    assert graph.recall_ >= 0.9
    assert np.mean(found) == pytest.approx(graph.recall_, abs=0.03)
    assert (graph.indices_ >= 0).all()
