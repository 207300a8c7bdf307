"""AverageLinkage against fastcluster and scipy, and what a user can get wrong."""

import os
from itertools import product

import fastcluster
import joblib
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.cluster.hierarchy import cophenet, fcluster, is_valid_linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import estimator_checks_generator

from modal_clustermargin import _devices
from modal_clustermargin.clustering import (
    AverageLinkage,
    _agglomeration,
    _approximate_knn,
    _average_linkage,
    _neighbor_search,
    _rows_estimator,
)

METRICS = ["cosine", "sqeuclidean"]


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        *estimator_checks_generator(AverageLinkage()),
        *estimator_checks_generator(AverageLinkage("euclidean")),
    ],
    ids=lambda value: getattr(getattr(value, "func", value), "__name__", str(value)),
)
def test_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.fixture(params=["scan", "search", "short lists"], scope="class")
def way(request):
    """Small data are scanned and need no long lists; force the other ways."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "search":
            patch.setattr(_neighbor_search, "_SCAN_BELOW", 0)
            patch.setattr(_neighbor_search, "_SCAN_BELOW_QUERIES", 0)
        if request.param == "short lists":
            patch.setattr(_agglomeration, "_N_LISTED", 2)
            patch.setattr(_neighbor_search, "_SPEEDUP_OF_ALL", 1 / 1000)
        yield


def blobs(n_samples, n_features, seed, *, dtype=np.float64):
    """Clustered rows with noise between the clusters: lists of every length."""
    rng = np.random.RandomState(seed)
    centers = rng.normal(size=(max(1, n_samples // 8), n_features))
    X = centers[rng.randint(len(centers), size=n_samples)]
    X = X + rng.gamma(1, 0.3, size=(n_samples, 1)) * rng.normal(size=X.shape)
    return X.astype(dtype)


def merges_of(X, metric):
    return fastcluster.linkage(X.astype(np.float64), method="average", metric=metric)


def same_partition(a, b):
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


def as_scipy(model):
    """The merges as scipy's linkage matrix, with the number of samples in each."""
    counts = np.ones(model.n_leaves_ + len(model.children_))
    for i, (a, b) in enumerate(model.children_):
        counts[model.n_leaves_ + i] = counts[a] + counts[b]
    columns = [model.children_, model.distances_, counts[model.n_leaves_ :]]
    return np.column_stack(columns).astype(float)


rows = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 40), st.integers(1, 4)),
    elements=st.floats(-8, 8, width=16),
)


@pytest.mark.usefixtures("way")
class TestAgainstFastcluster:
    @pytest.mark.parametrize("metric", METRICS)
    @settings(max_examples=60)
    @given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1), data=st.data())
    def test_partition_at_a_threshold(self, metric, seed, share, data):
        X = blobs(data.draw(st.integers(2, 60)), data.draw(st.integers(2, 6)), seed)
        Z = merges_of(X, metric)
        # Halfway between two merges, where rounding decides nothing.
        i = round(share * (len(Z) - 1))
        upper = Z[i + 1, 2] if i + 1 < len(Z) else 2 * Z[i, 2] + 1
        threshold = (Z[i, 2] + upper) / 2
        ours = AverageLinkage(metric, distance_threshold=threshold).fit_predict(X)
        assert same_partition(ours, fcluster(Z, threshold, "distance"))

    @pytest.mark.parametrize("metric", METRICS)
    @settings(max_examples=60)
    @given(seed=st.integers(0, 2**32 - 1), data=st.data())
    def test_all_merges(self, metric, seed, data):
        X = blobs(data.draw(st.integers(2, 60)), data.draw(st.integers(2, 6)), seed)
        model = AverageLinkage(metric, n_clusters=1).fit(X)
        Z = as_scipy(model)
        assert is_valid_linkage(Z)
        np.testing.assert_allclose(
            model.distances_, merges_of(X, metric)[:, 2], atol=1e-12
        )
        np.testing.assert_allclose(
            cophenet(Z), cophenet(merges_of(X, metric)), atol=1e-12
        )

    @settings(max_examples=200)
    @given(X=rows)
    @example(X=np.zeros((20, 2)))
    @example(X=np.arange(24.0)[:, np.newaxis])
    @example(X=np.mgrid[:6, :6].reshape(2, -1).T.astype(float))
    @example(X=np.repeat(np.eye(4), 5, axis=0))
    def test_heights_are_mean_distances_however_many_tie(self, X):
        model = AverageLinkage("sqeuclidean", n_clusters=1).fit(X)
        D = squareform(pdist(X, "sqeuclidean"))
        nodes = list(range(len(X)))
        is_member = np.eye(len(X))
        for i, (a, b) in enumerate(model.children_):
            a, b = nodes.index(a), nodes.index(b)
            sizes = is_member.sum(axis=1)
            means = is_member @ D @ is_member.T / np.outer(sizes, sizes)
            np.fill_diagonal(means, np.inf)
            height = model.distances_[i]
            assert height == pytest.approx(means[a, b], abs=1e-9)
            # No other pair is nearer: average linkage allows every merge.
            assert height <= means.min() + 1e-9
            nodes[a] = len(X) + i
            del nodes[b]
            is_member[a] += is_member[b]
            is_member = np.delete(is_member, b, axis=0)


LARGER = [
    *product([(3_000, 2, np.float64), (3_000, 16, np.float32)], METRICS),
    ((3_000, 300, np.float32), "sqeuclidean"),
    ((5_000, 64, np.float64), "sqeuclidean"),
    ((10_000, 32, np.float32), "cosine"),  # fastcluster takes seconds
]


@pytest.mark.parametrize(("shape_and_type", "metric"), LARGER)
def test_partition_of_larger_pools_equals_fastclusters(shape_and_type, metric):
    n_samples, n_features, dtype = shape_and_type
    X = blobs(n_samples, n_features, seed=n_samples, dtype=dtype)
    Z = merges_of(X, metric)
    cut = n_samples - n_samples // 8
    threshold = Z[cut - 1 : cut + 1, 2].mean()
    expected = fcluster(Z, threshold, "distance")
    model = AverageLinkage(metric, distance_threshold=threshold).fit(X)
    assert same_partition(model.labels_, expected)
    np.testing.assert_allclose(model.distances_, Z[:cut, 2], rtol=1e-4, atol=1e-6)
    by_number = AverageLinkage(metric, n_clusters=n_samples // 8).fit(X)
    by_size = AverageLinkage(metric, mean_cluster_size=8).fit(X)
    assert adjusted_rand_score(model.labels_, by_number.labels_) > 0.9999
    np.testing.assert_array_equal(by_number.labels_, by_size.labels_)


def test_euclidean_equals_scipy():
    X = blobs(300, 3, seed=1)
    Z = merges_of(X, "euclidean")
    threshold = Z[200:202, 2].mean()
    model = AverageLinkage("euclidean", distance_threshold=threshold).fit(X)
    assert same_partition(model.labels_, fcluster(Z, threshold, "distance"))
    assert AverageLinkage("euclidean", n_clusters=7).fit(X).n_clusters_ == 7


class TestShapes:
    @pytest.mark.parametrize("metric", [*METRICS, "euclidean"])
    @pytest.mark.parametrize("n_samples", [1, 2, 3])
    def test_few_rows(self, metric, n_samples):
        X = np.eye(3)[:n_samples]
        assert AverageLinkage(metric, n_clusters=1).fit(X).n_clusters_ == 1
        alone = AverageLinkage(metric, distance_threshold=0.1).fit(X)
        np.testing.assert_array_equal(alone.labels_, np.arange(n_samples))

    @pytest.mark.parametrize("metric", METRICS)
    def test_equal_rows_are_one_cluster_at_no_distance(self, metric):
        X = np.repeat(np.random.RandomState(0).normal(size=(10, 4)), 500, axis=0)
        model = AverageLinkage(metric, mean_cluster_size=20).fit(X)
        np.testing.assert_array_equal(model.labels_, np.repeat(np.arange(10), 500))
        np.testing.assert_array_equal(model.distances_, 0)
        assert AverageLinkage(metric, n_clusters=4000).fit(X).n_clusters_ == 4000

    @pytest.mark.parametrize("weights", [[5, 1, 1], [1, 6, 2], [1, 1, 9]])
    def test_duplicates_count_as_often_as_they_occur(self, weights):
        X = np.repeat([[0.0], [1.0], [2.5]], weights, axis=0)
        model = AverageLinkage("sqeuclidean", n_clusters=1).fit(X)
        np.testing.assert_allclose(model.distances_, merges_of(X, "sqeuclidean")[:, 2])

    def test_rows_of_zeros_are_unlike_all_others(self):
        X = np.array([[0, 0], [1, 0], [0, 0], [2, 0], [-0.0, 0]])
        model = AverageLinkage("cosine", n_clusters=1).fit(X)
        np.testing.assert_allclose(model.distances_, [0, 0, 0, 1])
        labels = AverageLinkage("cosine", distance_threshold=0.5).fit_predict(X)
        np.testing.assert_array_equal(labels, [0, 1, 0, 1, 0])

    def test_far_from_the_origin(self):
        X = blobs(400, 8, seed=2)
        far = X + 1e4
        model = AverageLinkage("sqeuclidean", n_clusters=40).fit(far)
        assert same_partition(
            model.labels_, fcluster(merges_of(far, "sqeuclidean"), 40, "maxclust")
        )

    @pytest.mark.usefixtures("way")
    @pytest.mark.parametrize("scale", [1e-25, 1e-6, 1e20, 1e60])
    def test_scale_is_no_matter(self, scale):
        X = blobs(300, 5, seed=3)
        expected = AverageLinkage("sqeuclidean", n_clusters=30).fit_predict(X)
        scaled = AverageLinkage("sqeuclidean", n_clusters=30).fit_predict(X * scale)
        np.testing.assert_array_equal(scaled, expected)

    @pytest.mark.usefixtures("way")
    def test_tight_clusters_far_apart(self):
        """Distances below the float32 rounding of a search still decide."""
        rng = np.random.RandomState(4)
        X = 1e3 * np.repeat(rng.normal(size=(20, 6)), 20, axis=0)
        X += 1e-4 * rng.normal(size=X.shape)
        Z = merges_of(X, "sqeuclidean")
        model = AverageLinkage("sqeuclidean", n_clusters=100).fit(X)
        assert same_partition(model.labels_, fcluster(Z, 100, "maxclust"))

    def test_a_line_with_growing_gaps(self):
        X = np.cumsum(np.arange(300.0))[:, np.newaxis]
        model = AverageLinkage("sqeuclidean", n_clusters=1).fit(X)
        np.testing.assert_allclose(model.distances_, merges_of(X, "sqeuclidean")[:, 2])

    @pytest.mark.parametrize("value", [0.0, 1.0])
    @pytest.mark.parametrize("metric", METRICS)
    def test_a_hundred_thousand_identical_rows(self, metric, value):
        X = np.full((100_000, 8), value, np.float32)
        model = AverageLinkage(metric, mean_cluster_size=10).fit(X)
        assert model.n_clusters_ == 1
        assert not model.distances_.any()

    @pytest.mark.parametrize("n_features", [1, 2, 3, 4, 17, 2048])
    def test_few_and_many_columns(self, n_features):
        X = blobs(400, n_features, seed=26)
        Z = merges_of(X, "sqeuclidean")
        model = AverageLinkage("sqeuclidean", n_clusters=1).fit(X)
        np.testing.assert_allclose(model.distances_, Z[:, 2], rtol=1e-9, atol=1e-12)

    def test_numbers_closer_than_float32_can_search_for(self):
        """In one column, 6,000 rows leave gaps far below the rounding."""
        X = np.random.RandomState(27).normal(size=(6_000, 1))
        Z = merges_of(X, "sqeuclidean")
        model = AverageLinkage("sqeuclidean", n_clusters=1).fit(X)
        np.testing.assert_allclose(model.distances_, Z[:, 2], rtol=1e-6)

    @pytest.mark.usefixtures("way")
    def test_distances_that_nearly_tie(self):
        """A grid, shaken by less than decides which of its merges comes first."""
        X = np.mgrid[:12, :12].reshape(2, -1).T + 1e-9 * blobs(144, 2, seed=28)
        model = AverageLinkage("sqeuclidean", n_clusters=1).fit(X)
        Z = as_scipy(model)
        assert is_valid_linkage(Z)
        D = squareform(pdist(X, "sqeuclidean"))
        members = [[i] for i in range(144)]
        for (a, b), height in zip(model.children_, model.distances_, strict=True):
            between = D[np.ix_(members[a], members[b])].mean()
            assert height == pytest.approx(between, rel=1e-9)
            members.append(members[a] + members[b])

    def test_threshold_below_and_above_everything(self):
        X = blobs(100, 4, seed=5)
        none = AverageLinkage("sqeuclidean", distance_threshold=0).fit(X)
        every = AverageLinkage("sqeuclidean", distance_threshold=1e9).fit(X)
        assert (none.n_clusters_, every.n_clusters_) == (100, 1)

    def test_a_distance_equal_to_the_threshold_merges(self):
        X = np.array([[0.0], [2], [100], [102], [200], [202.001]])
        model = AverageLinkage("sqeuclidean", distance_threshold=4).fit(X)
        np.testing.assert_array_equal(model.labels_, [0, 0, 1, 1, 2, 3])

    @pytest.mark.parametrize("dtype", [np.float16, np.uint8, np.int32, bool])
    def test_other_number_types_and_memory_maps(self, dtype, tmp_path):
        X = np.random.RandomState(6).randint(0, 2, size=(60, 12)).astype(dtype)
        np.save(tmp_path / "X.npy", X)
        mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
        # Ties are many: only the same working type must decide them alike.
        X = X.astype(np.result_type(dtype, np.float32))
        expected = AverageLinkage("sqeuclidean").fit_predict(X)
        np.testing.assert_array_equal(
            AverageLinkage("sqeuclidean").fit_predict(mapped), expected
        )


class TestInvariants:
    @given(X=rows, size=st.floats(1, 50))
    def test_clusters_are_as_large_as_asked(self, X, size):
        model = AverageLinkage("sqeuclidean", mean_cluster_size=size).fit(X)
        assert len(X) / model.n_clusters_ >= min(size, len(X)) - 1e-9
        assert model.n_clusters_ == len(set(model.labels_)) == model.labels_.max() + 1
        assert model.n_clusters_ + len(model.children_) == len(X)

    @given(seed=st.integers(0, 2**32 - 1), order=st.randoms(use_true_random=False))
    def test_order_of_rows_changes_nothing_but_the_numbers(self, seed, order):
        X = blobs(50, 3, seed)
        permutation = list(range(50))
        order.shuffle(permutation)
        labels = AverageLinkage(n_clusters=9).fit_predict(X)
        shuffled = AverageLinkage(n_clusters=9).fit_predict(X[permutation])
        assert same_partition(labels[permutation], shuffled)

    def test_merges_that_tie_come_in_the_order_of_the_rows(self):
        X = np.add.outer([0.0, 100.0, 200.0, 300.0], [0.0, 1.0]).reshape(-1, 1)
        model = AverageLinkage("sqeuclidean", distance_threshold=1).fit(X)
        np.testing.assert_array_equal(model.children_, np.arange(8).reshape(4, 2))

    @given(seed=st.integers(0, 2**32 - 1))
    def test_a_cut_below_the_threshold_needs_no_second_run(self, seed):
        X = blobs(60, 3, seed)
        Z = as_scipy(AverageLinkage("sqeuclidean", n_clusters=1).fit(X))
        below = Z[30:32, 2].mean()
        cut = AverageLinkage("sqeuclidean", distance_threshold=below).fit_predict(X)
        assert same_partition(cut, fcluster(Z, below, "distance"))


class TestApproximate:
    """Most neighbours instead of all: what stays true."""

    @pytest.fixture
    def at_any_cost(self, monkeypatch):
        """As though there were rows enough for the search to be worth it."""
        monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)

    @pytest.mark.usefixtures("at_any_cost")
    def test_nearly_the_exact_partition_and_says_how_nearly(self, tmp_path):
        X = blobs(20_000, 10, seed=17, dtype=np.float32)
        exact = AverageLinkage(mean_cluster_size=8).fit(X)
        model = AverageLinkage(mean_cluster_size=8, neighbors="approximate")
        model.set_params(recall=0.9, memory=tmp_path).fit(X)
        assert exact.recall_ == 1
        assert 0.9 <= model.recall_ < 1
        assert adjusted_rand_score(exact.labels_, model.labels_) > 0.95
        assert is_valid_linkage(
            as_scipy(model.set_params(mean_cluster_size=None, n_clusters=1).fit(X))
        )
        again = AverageLinkage(n_clusters=1, neighbors="approximate", recall=0.9)
        again.set_params(memory=tmp_path).fit(X)
        assert again.recall_ == model.recall_
        np.testing.assert_array_equal(again.children_, model.children_)

    @pytest.mark.usefixtures("at_any_cost")
    def test_heights_are_those_of_the_merges_made(self):
        X = blobs(12_000, 5, seed=18)
        model = AverageLinkage("sqeuclidean", mean_cluster_size=20)
        model.set_params(neighbors="approximate", recall=0.5).fit(X)
        assert 0.5 <= model.recall_ < 1
        assert model.n_clusters_ == 600
        members = {}
        for i, (pair, height) in enumerate(
            zip(model.children_, model.distances_, strict=True)
        ):
            a, b = (members.get(node, [node]) for node in pair)
            members[len(X) + i] = a + b
            if i % 97 == 0:
                gaps = X[a].mean(axis=0) - X[b].mean(axis=0)
                true = gaps @ gaps + X[a].var(axis=0).sum() + X[b].var(axis=0).sum()
                assert height == pytest.approx(true, rel=1e-9)

    def test_exact_where_that_is_no_dearer(self):
        X = blobs(600, 5, seed=19)
        model = AverageLinkage(neighbors="approximate").fit(X)
        assert model.recall_ == 1
        np.testing.assert_array_equal(model.labels_, AverageLinkage().fit_predict(X))

    def test_neighbors_too_few_to_be_sampled_are_found(self):
        rng = np.random.RandomState(1)
        X = 10 * rng.normal(size=(12_000, 16)).astype(np.float32)
        pairs = rng.choice(12_000, 8, replace=False)
        X[pairs[4:]] = X[pairs[:4]] + 1e-3
        model = AverageLinkage("sqeuclidean", distance_threshold=0.01)
        model.set_params(neighbors="approximate").fit(X)
        assert (model.n_clusters_, model.recall_) == (11_996, 1)

    def test_euclidean_is_exact(self):
        model = AverageLinkage("euclidean", neighbors="approximate").fit(np.eye(9))
        assert model.recall_ == 1


class TestDevice:
    @pytest.mark.parametrize(
        ("device", "message"),
        [
            ("cuda:99", r"got device='cuda:99', but torch sees \d+ CUDA devices"),
            ("mps", "runs on device 'cpu' or 'cuda'; got device='mps'"),
            ("gpu", "cannot use device='gpu'.*leave device=None"),
            (7.5, "cannot use device=7.5"),
        ],
    )
    def test_an_unknown_device_raises(self, device, message):
        with pytest.raises(ValueError, match=message):
            AverageLinkage(device=device).fit(np.eye(4))

    def test_the_processor_by_name(self):
        X = blobs(300, 5, seed=20)
        by_name = AverageLinkage(device="cpu").fit_predict(X)
        np.testing.assert_array_equal(by_name, AverageLinkage().fit_predict(X))

    def test_a_device_computes_what_the_processor_does(self, monkeypatch):
        """The code for CUDA, on the processor."""
        cpu = torch.device("cpu")
        monkeypatch.setattr(_devices, "cuda_device", lambda device, who: cpu)
        X = blobs(5_000, 24, seed=21, dtype=np.float32)
        model = AverageLinkage(device="cuda").fit(X)
        np.testing.assert_array_equal(model.labels_, AverageLinkage().fit_predict(X))
        np.testing.assert_array_equal(
            model.predict(X[:2_000] * 1.01),
            model.set_params(device=None).predict(X[:2_000] * 1.01),
        )

    def test_is_looked_for_when_the_search_turns_out_to_be_exact(self, monkeypatch):
        asked = []
        monkeypatch.setattr(
            _devices, "cuda_device", lambda device, who: asked.append(device)
        )
        monkeypatch.setattr(_rows_estimator, "_DEVICE_FROM", 0)
        X = blobs(600, 40, seed=24)
        AverageLinkage(neighbors="approximate").fit(X)
        AverageLinkage(neighbors="approximate", device="cpu").fit(X)
        assert asked == [None, "cpu"]

    @pytest.mark.gpu
    @pytest.mark.parametrize("metric", METRICS)
    def test_cuda_computes_what_the_processor_does(self, metric):
        X = blobs(20_000, 48, seed=22, dtype=np.float32)
        labels = [
            AverageLinkage(metric, device=device).fit_predict(X)
            for device in ("cpu", "cuda")
        ]
        assert adjusted_rand_score(*labels) > 0.9999


class TestProgress:
    def test_bars_only_if_asked_for(self, capsys):
        X = blobs(2_000, 16, seed=23)
        AverageLinkage().fit(X)
        assert capsys.readouterr().err == ""
        AverageLinkage(verbose=True).fit(X)
        printed = capsys.readouterr().err
        assert "nearest neighbours: 100%" in printed
        assert "merges: 100%" in printed
        assert "1800/1800" in printed
        AverageLinkage(verbose=True, distance_threshold=0.1).fit(X)
        assert "merges: " in capsys.readouterr().err


class TestPredict:
    @pytest.mark.parametrize("metric", [*METRICS, "euclidean"])
    def test_is_the_nearest_cluster_by_mean_distance(self, metric):
        X, new = blobs(200, 4, seed=7), blobs(50, 4, seed=8)
        model = AverageLinkage(metric, n_clusters=20).fit(X)
        D = squareform(pdist(np.vstack([new, X]), metric))[:50, 50:]
        mean = np.column_stack(
            [D[:, model.labels_ == c].mean(axis=1) for c in range(20)]
        )
        expected = np.where(
            mean.min(axis=1) <= model.distance_threshold_, mean.argmin(axis=1), -1
        )
        assert (expected < 0).any()
        assert (expected >= 0).any()
        np.testing.assert_array_equal(model.predict(new), expected)

    def test_a_distance_equal_to_the_threshold_joins_the_first_of_equals(self):
        model = AverageLinkage("sqeuclidean", distance_threshold=1).fit([[0.0], [2.0]])
        assert model.predict([[1.0]]) == [0]

    def test_zero_rows_find_their_own_kind(self):
        X = np.array([[0, 0], [0, 0], [1, 0], [1, 0.1]])
        model = AverageLinkage(distance_threshold=0.1).fit(X)
        np.testing.assert_array_equal(model.assign(X), model.labels_)
        np.testing.assert_array_equal(model.predict([[0, 0], [5, 0.1]]), [0, 1])
        without = AverageLinkage(distance_threshold=0.1).fit(X[2:])
        assert without.predict([[0, 0]]) == [-1]

    def test_assign_knows_fitted_rows_again_and_predicts_others(self):
        X = blobs(100, 3, seed=9)
        model = AverageLinkage(mean_cluster_size=5).fit(X)
        mixed = np.vstack([X[60:20:-1], X[:5] * [1, 1, 1.001], -X[:5]])
        expected = np.r_[model.labels_[60:20:-1], model.predict(mixed[40:])]
        np.testing.assert_array_equal(model.assign(mixed), expected)


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean", "euclidean"])
@pytest.mark.parametrize(
    "rule",
    [
        {"mean_cluster_size": 1},
        {"mean_cluster_size": 7},
        {"n_clusters": 4},
        {"n_clusters": 1},
        {"distance_threshold": 0.3},
    ],
)
def test_the_full_tree_has_the_same_clusters(metric, rule):
    X = np.repeat(blobs(60, 3, seed=3), 2, axis=0)  # with ties at height 0
    cut = AverageLinkage(metric, **rule).fit(X)
    full = AverageLinkage(metric, compute_full_tree=True, **rule).fit(X)
    np.testing.assert_array_equal(full.labels_, cut.labels_)
    assert full.n_clusters_ == cut.n_clusters_
    assert full.distance_threshold_ == cut.distance_threshold_
    n_merges = len(cut.children_)
    assert len(full.children_) == len(X) - 1
    np.testing.assert_array_equal(full.children_[:n_merges], cut.children_)
    np.testing.assert_array_equal(full.distances_[:n_merges], cut.distances_)
    np.testing.assert_array_equal(full.predict(X[:20] + 1), cut.predict(X[:20] + 1))


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean", "euclidean"])
def test_the_mean_distance_is_that_of_all_pairs(metric):
    X = blobs(60, 3, seed=3) + 5
    model = AverageLinkage(metric).fit(X)
    np.testing.assert_allclose(model.mean_distance_, pdist(X, metric).mean(), rtol=1e-5)
    assert AverageLinkage(metric).fit(X[:1]).mean_distance_ == 0


def flipped(archive):
    """An unknown method of compression, in the archive's first file."""
    method = archive.index(b"PK\x01\x02") + 10
    return archive[:method] + bytes([99]) + archive[method + 1 :]


class TestMemory:
    @pytest.fixture
    def merges_made(self, monkeypatch):
        """How many times merges were computed."""
        calls = []
        merges_of = _average_linkage.merges_of
        monkeypatch.setattr(
            _average_linkage,
            "merges_of",
            lambda *args: calls.append(1) or merges_of(*args),
        )
        return calls

    @pytest.mark.parametrize("as_memory", [str, lambda path: path, joblib.Memory])
    def test_a_second_fit_reads_the_first(self, as_memory, merges_made, tmp_path):
        X = blobs(80, 3, seed=10)
        first = AverageLinkage(memory=as_memory(tmp_path)).fit(X)
        second = AverageLinkage(memory=as_memory(tmp_path)).fit(X)
        assert len(merges_made) == 1
        np.testing.assert_array_equal(first.labels_, second.labels_)
        np.testing.assert_array_equal(first.distances_, second.distances_)
        np.testing.assert_array_equal(first.predict(X), second.predict(X))

    def test_other_content_or_parameters_are_other_entries(self, merges_made, tmp_path):
        X = blobs(80, 3, seed=11)
        AverageLinkage(memory=tmp_path).fit(X)
        AverageLinkage(memory=tmp_path).fit(X + 1)
        AverageLinkage("sqeuclidean", memory=tmp_path).fit(X)
        AverageLinkage(n_clusters=8, memory=tmp_path).fit(X)
        AverageLinkage(distance_threshold=8, memory=tmp_path).fit(X)
        approximate = AverageLinkage(neighbors="approximate", memory=tmp_path)
        approximate.fit(X)
        approximate.set_params(recall=0.5).fit(X)
        assert len(merges_made) == len(list(tmp_path.iterdir())) == 7

    def test_a_folder_that_cannot_be_written_to(
        self, merges_made, tmp_path, monkeypatch
    ):
        X = blobs(20, 3, seed=14)
        model = AverageLinkage(memory=tmp_path).fit(X)
        monkeypatch.setattr(os, "access", lambda *arguments: False)
        model.fit(X)  # what is there can be read
        with pytest.raises(ValueError, match="cannot be written to, and does not hold"):
            model.fit(X + 1)
        assert len(merges_made) == 1

    def test_a_folder_at_home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        AverageLinkage(memory="~/kept").fit(blobs(20, 3, seed=15))
        assert [path.parent.name for path in tmp_path.rglob("*.npz")] == ["kept"]

    def test_none_and_a_memory_without_location_keep_nothing(self, merges_made):
        X = blobs(20, 3, seed=12)
        for memory in [None, None, joblib.Memory(None)]:
            AverageLinkage(memory=memory).fit(X)
        assert len(merges_made) == 3

    @pytest.mark.parametrize(
        "damage",
        [
            lambda file: file.write_bytes(
                file.read_bytes()[: file.stat().st_size // 2]
            ),
            lambda file: file.write_bytes(b"not a zip file"),
            lambda file: file.write_bytes(b""),
            lambda file: np.savez(
                file, key=file.stem, children=[[0, 1]], heights=[[1]]
            ),
            lambda file: np.savez(file, key="other", children=[[0, 1]], heights=[0.0]),
            lambda file: joblib.dump([1, 2], file),
            lambda file: file.write_bytes(flipped(file.read_bytes())),
        ],
    )
    def test_a_bad_file_is_replaced_with_a_warning(self, damage, merges_made, tmp_path):
        X = blobs(80, 3, seed=13)
        labels = AverageLinkage(memory=tmp_path).fit_predict(X)
        damage(next(tmp_path.iterdir()))
        with pytest.warns(UserWarning, match="cannot be used .*computing it again"):
            again = AverageLinkage(memory=tmp_path).fit_predict(X)
        np.testing.assert_array_equal(again, labels)
        AverageLinkage(memory=tmp_path).fit(X)
        assert len(merges_made) == 2

    def test_a_new_folder_is_made_and_order_in_memory_is_no_matter(
        self, merges_made, tmp_path
    ):
        X = blobs(30, 3, seed=16)
        AverageLinkage(memory=tmp_path / "a" / "b").fit(X)
        AverageLinkage(memory=tmp_path / "a" / "b").fit(np.asfortranarray(X))
        assert len(merges_made) == 1

    def test_an_interrupted_write_leaves_nothing(self, monkeypatch, tmp_path):
        def interrupted(file, **arrays):
            file.write(b"half")
            raise KeyboardInterrupt

        X = blobs(20, 3, seed=14)
        with monkeypatch.context() as patch:
            patch.setattr(np, "savez", interrupted)
            with pytest.raises(KeyboardInterrupt):
                AverageLinkage(memory=tmp_path).fit(X)
        assert not list(tmp_path.iterdir())

    def test_a_full_disk_costs_a_warning_only(self, monkeypatch, tmp_path):
        def full(file, **arrays):
            raise OSError("No space left on device")

        monkeypatch.setattr(np, "savez", full)
        with pytest.warns(UserWarning, match="could not be stored .*No space left"):
            model = AverageLinkage(memory=tmp_path).fit(blobs(20, 3, seed=15))
        assert model.n_clusters_ == 2


class TestMessages:
    @pytest.mark.parametrize(
        ("bad", "what"),
        [(np.nan, "contains NaN"), (-np.inf, "contains inf"), (1e200, "too long")],
    )
    def test_name_the_row(self, bad, what):
        X = np.ones((50, 3))
        X[17, 1] = bad
        with pytest.raises(ValueError, match=f"row 17 of X .*{what}"):
            AverageLinkage().fit(X)
        with pytest.raises(ValueError, match=f"row 17 of X .*{what}"):
            AverageLinkage().fit(np.eye(3)).predict(X)

    def test_two_rules(self):
        with pytest.raises(
            ValueError, match="takes one of .*got n_clusters=3 and mean_cluster_size=2"
        ):
            AverageLinkage(n_clusters=3, mean_cluster_size=2).fit(np.eye(4))

    def test_more_clusters_than_samples(self):
        with pytest.raises(ValueError, match="n_clusters=5 clusters of 4 samples"):
            AverageLinkage(n_clusters=5).fit(np.eye(4))

    def test_euclidean_beyond_memory_names_the_metrics_that_scale(self):
        X = np.zeros((3_000_000, 1), np.float32)
        with pytest.raises(ValueError, match="GiB for the distances .*'cosine' and"):
            AverageLinkage("euclidean").fit(X)
