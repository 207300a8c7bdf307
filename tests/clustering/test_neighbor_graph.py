"""NeighborGraph against all distances, and what AverageLinkage makes of it."""

import fastcluster
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.cluster.hierarchy import fcluster
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.estimator_checks import estimator_checks_generator

from modal_clustermargin import _devices
from modal_clustermargin.clustering import (
    AverageLinkage,
    NeighborGraph,
    _approximate_knn,
    _neighbor_search,
)
from modal_clustermargin.clustering._neighbor_search import NeighborSearch

METRICS = ["cosine", "sqeuclidean"]


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(estimator_checks_generator(NeighborGraph(1))),
    ids=lambda value: getattr(getattr(value, "func", value), "__name__", str(value)),
)
def test_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.fixture(params=["scan", "search", "device"], scope="class")
def way(request):
    """Small data are scanned; force the other ways."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "scan":
            patch.setattr(_neighbor_search, "_SCAN_BELOW", 0)
        if request.param == "device":  # the code for CUDA, on the processor
            device = torch.device("cpu")
            patch.setattr(_devices, "cuda_device", lambda name, who: device)
        yield None if request.param != "device" else "cuda"


def all_lists(X, D, k):
    """The lists that the documentation promises, from all distances."""
    first = [int(np.flatnonzero((x == X).all(axis=1))[0]) for x in X]
    indices = np.full((len(X), k), -1)
    distances = np.full((len(X), k), np.inf)
    for i in range(len(X)):
        copies = [j for j in range(len(X)) if first[j] == first[i] and j != i]
        others = [j for j in sorted(set(first)) if j != first[i]]
        listed = copies[:1] + sorted(others, key=lambda j: D[first[i], j])
        listed = listed[:k]
        indices[i, : len(listed)] = listed
        distances[i, : len(listed)] = D[i, listed]
    return indices, distances, first


grids = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 50), st.integers(1, 5)),
    elements=st.integers(-2, 2),
)


@pytest.mark.usefixtures("way")
class TestAgainstAllDistances:
    @settings(max_examples=60)
    @given(X=grids, data=st.data())
    @example(X=np.zeros((20, 4)), data=None)
    @example(X=np.mgrid[:6, :6, :1, :1].reshape(4, -1).T.astype(float), data=None)
    @example(X=np.repeat(np.eye(6), [1, 2, 3, 1, 1, 9], axis=0), data=None)
    def test_ties_and_copies_are_in_the_order_of_the_rows(self, way, X, data):
        k = min(7, len(X) - 1)
        if data is not None:
            k = data.draw(st.integers(1, len(X) - 1))
        graph = NeighborGraph(k, metric="sqeuclidean", device=way).fit(X)
        indices, distances, first = all_lists(X, cdist(X, X, "sqeuclidean"), k)
        np.testing.assert_array_equal(graph.indices_, indices)
        np.testing.assert_array_equal(graph.distances_, distances)
        np.testing.assert_array_equal(graph.first_copy_, first)
        assert graph.indices_.dtype == np.int32

    @pytest.mark.parametrize("metric", METRICS)
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("n_features", [2, 16, 300])
    def test_scikit_learn_finds_the_same(self, way, metric, dtype, n_features):
        rng = np.random.RandomState(n_features)
        X = rng.gamma(1, size=(700, 1)) * rng.normal(size=(700, n_features))
        X = X.astype(dtype)
        graph = NeighborGraph(20, metric=metric, device=way).fit(X)
        brute = NearestNeighbors(n_neighbors=20, metric=metric, algorithm="brute")
        distances, indices = brute.fit(X.astype(float)).kneighbors()
        atol = 1e-6 if dtype is np.float32 else 1e-12
        np.testing.assert_allclose(graph.distances_, distances, rtol=1e-6, atol=atol)
        assert (graph.indices_ == indices).mean() > 0.999
        assert graph.distances_.dtype == np.float64
        assert graph.recall_ == 1

    def test_ties_across_blocks_of_the_search(self, way):
        X = np.random.RandomState(3).randint(0, 2, size=(600, 10)).astype(float)
        X = np.unique(X, axis=0)[np.random.RandomState(4).permutation(400)]
        graph = NeighborGraph(9, metric="sqeuclidean", device=way).fit(X)
        indices, distances, _ = all_lists(X, cdist(X, X, "sqeuclidean"), 9)
        np.testing.assert_array_equal(graph.indices_, indices)
        np.testing.assert_array_equal(graph.distances_, distances)

    @pytest.mark.parametrize("noise", [1e-4, 1e-1, 1])
    def test_distances_below_the_rounding_of_the_search(self, way, noise):
        rng = np.random.RandomState(4)
        X = 1e3 * np.repeat(rng.normal(size=(20, 6)), 20, axis=0)
        X += noise * rng.normal(size=X.shape)
        for shift in (0, 1e5):
            D = cdist(X + shift, X + shift, "sqeuclidean")
            graph = NeighborGraph(15, metric="sqeuclidean", device=way).fit(X + shift)
            indices, distances, _ = all_lists(X, D, 15)
            np.testing.assert_array_equal(graph.indices_, indices)
            np.testing.assert_allclose(graph.distances_, distances, rtol=1e-9)

    @pytest.mark.parametrize("scale", [1e-25, 1e20, 1e60])
    def test_scale_is_no_matter(self, way, scale):
        X = np.random.RandomState(5).randint(0, 3, size=(200, 5)).astype(float)
        X = np.unique(X, axis=0)
        graph = NeighborGraph(9, metric="sqeuclidean", device=way).fit(X * scale)
        expected, _, _ = all_lists(X, cdist(X, X, "sqeuclidean"), 9)
        # Products with a power of ten are rounded, so ties need not tie.
        np.testing.assert_allclose(
            graph.distances_ / scale**2,
            np.take_along_axis(cdist(X, X, "sqeuclidean"), expected, axis=1),
        )

    def test_rows_of_zeros_are_unlike_all_others(self, way):
        X = np.array([[0, 0], [1, 0], [0, 0], [2, 0], [-0.0, 0], [0, 3]])
        graph = NeighborGraph(3, device=way).fit(X)
        np.testing.assert_array_equal(graph.first_copy_, [0, 1, 0, 1, 0, 5])
        np.testing.assert_array_equal(
            graph.indices_,
            [[2, 1, 5], [3, 0, 5], [0, 1, 5], [1, 0, 5], [0, 1, 5], [0, 1, -1]],
        )
        np.testing.assert_array_equal(graph.distances_[:5], 5 * [[0, 1, 1]])
        np.testing.assert_array_equal(graph.distances_[5], [1, 1, np.inf])


class TestRows:
    @pytest.mark.parametrize("n_copies", [1, 10_000])
    def test_copies_do_not_crowd_out_other_neighbors(self, n_copies):
        rng = np.random.RandomState(0)
        X = rng.normal(size=(60, 8)).astype(np.float32)
        alone = NeighborGraph(10).fit(X)
        graph = NeighborGraph(11).fit(np.vstack([X, np.repeat(X[:1], n_copies, 0)]))
        np.testing.assert_array_equal(graph.indices_[0, 1:], alone.indices_[0])
        assert (graph.indices_[60:, 1:] == graph.indices_[0, 1:]).all()
        np.testing.assert_array_equal(graph.indices_[60:, 0], 0)
        assert graph.indices_[0, 0] == 60
        np.testing.assert_array_equal(graph.indices_[1:60, :10], alone.indices_[1:])
        assert (graph.distances_[60:, 0] == 0).all()

    def test_two_rows_are_each_others_neighbors(self):
        for X in ([[1.0], [3.0]], [[1.0], [1.0]]):
            graph = NeighborGraph(1, metric="sqeuclidean").fit(X)
            np.testing.assert_array_equal(graph.indices_, [[1], [0]])
            np.testing.assert_array_equal(graph.distances_, 2 * [[(X[1][0] - 1) ** 2]])

    def test_tables_integers_and_memory_maps(self, tmp_path):
        X = np.random.RandomState(1).randint(0, 9, size=(50, 4)).astype(np.int16)
        np.save(tmp_path / "X.npy", X)
        expected = NeighborGraph(5).fit(X.astype(np.float32)).indices_
        table = pd.DataFrame(X, columns=list("abcd"))
        for rows in (X, table, np.load(tmp_path / "X.npy", mmap_mode="r")):
            graph = NeighborGraph(5).fit(rows)
            np.testing.assert_array_equal(graph.indices_, expected)
        assert list(NeighborGraph(5).fit(table).feature_names_in_) == list("abcd")

    def test_a_later_pool_is_known_by_its_content(self):
        X = np.random.RandomState(2).normal(size=(80, 3))
        X[50] = X[20]
        graph = NeighborGraph(5).fit(X)
        left = np.random.RandomState(3).permutation(80)[:30]
        rows = graph.find(np.vstack([X[left], X[:2] + 1, X[50:51]]))
        np.testing.assert_array_equal(rows[:30], np.where(left == 50, 20, left))
        np.testing.assert_array_equal(rows[30:], [-1, -1, 20])

    def test_before_fit_nothing_is_found(self):
        with pytest.raises(NotFittedError):
            NeighborGraph().find([[1.0]])


class TestApproximate:
    def test_most_neighbors_also_far_ones(self, monkeypatch):
        monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
        X = np.random.RandomState(6).normal(size=(4_000, 6)).astype(np.float32)
        X = np.vstack([X, X[:100]])
        exact = NeighborGraph(24).fit(X)
        graph = NeighborGraph(24, neighbors="approximate", recall=0.8).fit(X)
        assert 0.8 <= graph.recall_ < 1
        found = [
            np.isin(a, b).mean()
            for a, b in zip(exact.indices_, graph.indices_, strict=True)
        ]
        assert np.mean(found) == pytest.approx(graph.recall_, abs=0.02)
        # No reach is limited: the lists are full.
        assert (graph.indices_ >= 0).all()
        assert (np.diff(graph.distances_, axis=1) >= 0).all()
        assert (graph.distances_ >= exact.distances_).all()

    def test_exact_where_that_is_no_dearer(self):
        X = np.random.RandomState(7).normal(size=(900, 6))
        graph = NeighborGraph(24, neighbors="approximate").fit(X)
        assert graph.recall_ == 1
        np.testing.assert_array_equal(graph.indices_, NeighborGraph(24).fit(X).indices_)


@pytest.fixture
def searches(monkeypatch):
    """The length of the lists in every search for the neighbours of all rows."""
    lengths = []
    search = NeighborSearch.nearest_of_each

    def counted(self, references, n_listed, cap):
        lengths.append(n_listed)
        return search(self, references, n_listed, cap)

    monkeypatch.setattr(NeighborSearch, "nearest_of_each", counted)
    return lengths


class TestMemory:
    def test_a_second_fit_reads_the_first(self, searches, tmp_path):
        X = np.random.RandomState(8).normal(size=(90, 3))
        X[3] = X[40]
        first = NeighborGraph(5, memory=tmp_path).fit(X)
        again = NeighborGraph(5, memory=tmp_path).fit(X)
        assert len(searches) == 1
        for name in ("indices_", "distances_", "first_copy_", "recall_"):
            np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        np.testing.assert_array_equal(again.find(X[30:]), first.find(X[30:]))

    def test_other_content_or_parameters_are_other_entries(self, searches, tmp_path):
        X = np.random.RandomState(9).normal(size=(90, 3))
        NeighborGraph(5, memory=tmp_path).fit(X)
        NeighborGraph(5, memory=tmp_path).fit(X[::-1])
        NeighborGraph(6, memory=tmp_path).fit(X)
        NeighborGraph(5, metric="sqeuclidean", memory=tmp_path).fit(X)
        NeighborGraph(5, neighbors="approximate", memory=tmp_path).fit(X)
        assert len(searches) == len(list(tmp_path.iterdir())) == 5

    def test_a_damaged_file_is_replaced_with_a_warning(self, searches, tmp_path):
        X = np.random.RandomState(10).normal(size=(90, 3))
        graph = NeighborGraph(5, memory=tmp_path).fit(X)
        [file] = tmp_path.iterdir()
        file.write_bytes(file.read_bytes()[:1000])
        with pytest.warns(UserWarning, match="neighbor-graph-.*cannot be used"):
            again = clone(graph).fit(X)
        np.testing.assert_array_equal(again.indices_, graph.indices_)
        assert len(searches) == 2


def blobs(n_samples, n_features, seed):
    """Clustered rows, some of them twice."""
    rng = np.random.RandomState(seed)
    centers = rng.normal(size=(max(1, n_samples // 8), n_features))
    X = centers[rng.randint(len(centers), size=n_samples)]
    X = X + rng.gamma(1, 0.3, size=(n_samples, 1)) * rng.normal(size=X.shape)
    return np.vstack([X, X[: n_samples // 4]])


@pytest.mark.usefixtures("way")
class TestAverageLinkage:
    @pytest.mark.parametrize("metric", METRICS)
    @settings(max_examples=30)
    @given(
        n_neighbors=st.sampled_from([1, 2, 3, 15, 16, 17, 30]),
        n_samples=st.integers(26, 60),
        rule=st.sampled_from(
            [{"n_clusters": 1}, {"distance_threshold": 0.1}, {"mean_cluster_size": 3}]
        ),
        seed=st.integers(0, 2**32 - 1),
    )
    def test_merges_are_those_without_a_graph(
        self, metric, n_neighbors, n_samples, rule, seed
    ):
        X = blobs(n_samples, 4, seed)
        expected = AverageLinkage(metric, **rule).fit(X)
        graph = NeighborGraph(n_neighbors, metric=metric)
        model = AverageLinkage(metric, graph=graph, **rule).fit(X)
        np.testing.assert_allclose(
            model.distances_, expected.distances_, rtol=1e-9, atol=1e-12
        )
        np.testing.assert_array_equal(model.labels_, expected.labels_)
        again = AverageLinkage(metric, graph=model.graph_, **rule).fit(X)
        np.testing.assert_array_equal(again.children_, model.children_)
        assert not hasattr(graph, "indices_")
        assert again.graph_ is model.graph_

    @pytest.mark.parametrize("n_neighbors", [4, 32])
    def test_partition_equals_fastclusters(self, n_neighbors):
        X = blobs(1_200, 8, seed=11)
        Z = fastcluster.linkage(X, method="average", metric="sqeuclidean")
        threshold = Z[1300:1302, 2].mean()
        graph = NeighborGraph(n_neighbors, metric="sqeuclidean")
        model = AverageLinkage(
            "sqeuclidean", distance_threshold=threshold, graph=graph
        ).fit(X)
        by_fastcluster = fcluster(Z, threshold, "distance")
        pairs = set(zip(model.labels_, by_fastcluster, strict=True))
        assert len(pairs) == model.n_clusters_ == len(set(by_fastcluster))


class TestOneSearch:
    X = blobs(700, 6, seed=12).astype(np.float32)

    def test_clusters_and_graph_cost_one_search(self, searches):
        model = AverageLinkage(mean_cluster_size=2, graph=NeighborGraph(24)).fit(self.X)
        assert len(searches) == 1
        alone = NeighborGraph(24).fit(self.X)
        np.testing.assert_array_equal(model.graph_.indices_, alone.indices_)
        np.testing.assert_array_equal(model.graph_.distances_, alone.distances_)
        AverageLinkage(mean_cluster_size=2, graph=alone).fit(self.X)
        assert len(searches) == 2

    def test_later_searches_are_not_more_than_without_a_graph(self, searches):
        X = self.X * np.random.RandomState(0).pareto(1, size=(len(self.X), 1))
        AverageLinkage("sqeuclidean", n_clusters=1).fit(X)
        n_without = len(searches)
        assert n_without > 1
        graph = NeighborGraph(24, metric="sqeuclidean").fit(X)
        searches.clear()
        AverageLinkage("sqeuclidean", n_clusters=1, graph=graph).fit(X)
        assert len(searches) < n_without

    def test_a_clone_reads_the_graph_from_disk(self, searches, tmp_path):
        graph = NeighborGraph(24, memory=tmp_path).fit(self.X)
        model = AverageLinkage(mean_cluster_size=2, graph=graph)
        clone(model).fit(self.X)
        assert len(searches) == 1

    def test_merges_of_approximate_graphs_are_stored_apart(self, tmp_path):
        for graph in (
            None,
            NeighborGraph(3),
            NeighborGraph(3, neighbors="approximate"),
            NeighborGraph(3, neighbors="approximate", recall=0.5),
        ):
            AverageLinkage(graph=graph, memory=tmp_path).fit(self.X)
        assert len(list(tmp_path.iterdir())) == 3

    def test_the_recall_is_that_of_the_graph(self, monkeypatch):
        monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
        rng = np.random.RandomState(13)
        X = rng.normal(size=(500, 5)).repeat(8, axis=0)
        X += 0.1 * rng.normal(size=X.shape)
        graph = NeighborGraph(24, neighbors="approximate", recall=0.8)
        model = AverageLinkage(mean_cluster_size=2, graph=graph).fit(X)
        assert 0.8 <= model.recall_ == model.graph_.recall_ < 1

    def test_without_a_graph_there_is_none(self):
        model = AverageLinkage(graph=NeighborGraph(2)).fit(self.X)
        assert model.set_params(graph=None).fit(self.X).graph_ is None


class TestMessages:
    def test_more_neighbors_than_other_rows(self):
        message = r"n_neighbors=5 .* of n_samples=5 rows. Set n_neighbors to at most 4"
        for model in (NeighborGraph(5), AverageLinkage(graph=NeighborGraph(5))):
            with pytest.raises(ValueError, match=message):
                model.fit(np.eye(5))
        with pytest.raises(ValueError, match="at least two rows; got n_samples=1"):
            NeighborGraph(1).fit([[1.0, 2.0]])

    @pytest.mark.parametrize(
        ("bad", "what"), [(np.nan, "contains NaN"), (np.inf, "contains inf")]
    )
    def test_rows_that_are_not_finite(self, bad, what):
        X = np.ones((50, 3))
        X[17, 1] = bad
        with pytest.raises(ValueError, match=f"NeighborGraph.*row 17 of X .*{what}"):
            NeighborGraph(3).fit(X)
        with pytest.raises(ValueError, match=f"AverageLinkage.*row 17 of X .*{what}"):
            AverageLinkage(graph=NeighborGraph(3)).fit(X)

    def test_a_graph_of_another_metric(self):
        message = "metric='sqeuclidean'.* cannot use a graph of metric='cosine'"
        for graph in (NeighborGraph(2), NeighborGraph(2).fit(np.eye(4))):
            with pytest.raises(ValueError, match=message):
                AverageLinkage("sqeuclidean", graph=graph).fit(np.eye(4))
        with pytest.raises(ValueError, match="metric='euclidean'.* cannot use a graph"):
            AverageLinkage("euclidean", graph=NeighborGraph(2)).fit(np.eye(4))

    def test_a_graph_of_another_pool(self):
        X = np.random.RandomState(14).normal(size=(40, 3))
        model = AverageLinkage(graph=NeighborGraph(2).fit(X))
        with pytest.raises(ValueError, match="graph of 40 rows for a pool of 39 rows"):
            model.fit(X[1:])
        changed = X.copy()
        changed[[7, 9]] += 1
        message = "graph of other rows: row 7 of X, and 1 more, are not the rows"
        with pytest.raises(ValueError, match=message):
            model.fit(changed)
        with pytest.raises(ValueError, match="row 0 of X, and 39 more"):
            model.fit(X.astype(np.float32))

    def test_no_graph_at_all(self):
        with pytest.raises(ValueError, match="'graph' parameter of AverageLinkage"):
            AverageLinkage(graph=32).fit(np.eye(4))
