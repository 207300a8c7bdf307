"""Searches by workers, against those of one process."""

import contextvars

import dask.array as da
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from modal_clustermargin import MarginSampling
from modal_clustermargin.clustering import (
    AverageLinkage,
    NeighborGraph,
    _approximate_knn,
    _exact_knn,
)
from modal_clustermargin.distributed import (
    _on_worker,
    _worker_search,
)
from modal_clustermargin.distributed._workers import Workers


def heavy_tail(n_rows, n_features, seed):
    """One cluster swallows the others, one by one, and is searched for again."""
    rng = np.random.RandomState(seed)
    directions = rng.normal(size=(n_rows, n_features))
    return directions * rng.pareto(1.0, size=(n_rows, 1))


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
        monkeypatch.setattr(_on_worker, "cuda_device", lambda *_: torch.device("cpu"))
    rows, half = case(n_rows)
    least_scores = np.full(n_rows, least, np.float32)
    expected = _exact_knn.exact_knn(rows, half, 6, least_scores, silent)
    shown = []
    search = _worker_search.WorkerSearch(Workers(client), None, device, False, False)
    found = search._exact_knn(rows, half, 6, least_scores, shown.append)
    assert_same_lists(found, expected)
    assert shown == sorted(shown)
    assert shown[-1] == 100


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


def test_an_approximate_search_runs_here(client, monkeypatch):
    monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
    X = np.random.RandomState(0).normal(size=(2_000, 16)).astype(np.float32)
    model = AverageLinkage(neighbors="approximate", n_clusters=900)
    expected = model.fit(X).labels_
    # No worker is asked for an exact search instead.
    monkeypatch.setattr(_worker_search.WorkerSearch, "_exact_knn", None)
    there = model.fit(da.from_array(X, chunks=(999, -1)))
    np.testing.assert_array_equal(there.labels_, expected)
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


def test_without_a_client_a_worker_in_this_process_searches_and_asks(all_is_sent):
    # Where no other test has left a client, if a closed one.
    contextvars.Context().run(_search_and_ask)


def _search_and_ask():
    X = np.random.RandomState(0).normal(size=(300, 6))
    chunks = da.from_array(X, chunks=70)
    there, here = AverageLinkage().fit(chunks), AverageLinkage().fit(X)
    np.testing.assert_array_equal(there.labels_, here.labels_)
    classifier = LogisticRegression().fit(X[:50], X[:50, 0] > 0)
    picks = MarginSampling()(classifier, chunks, 20)
    np.testing.assert_array_equal(picks, MarginSampling()(classifier, X, 20))
