"""Cluster-Margin's own promises: its batch, its record, its memory of the pool."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from modal_clustermargin import (
    AverageLinkage,
    ClusterMargin,
    MarginSampling,
    cluster_margin_sampling,
)
from modal_clustermargin.selection import density_weights, tree_coverage
from tests.strategies.make_pools import (
    POOL_KINDS,
    ByRowNumber,
    Unfitted,
    numbered_rows,
    of_margins,
    queries,
)


@pytest.fixture
def fits(monkeypatch):
    """The shape of every X that an AverageLinkage was fitted on."""
    shapes = []
    fit = AverageLinkage.fit
    monkeypatch.setattr(
        AverageLinkage,
        "fit",
        lambda self, X, y=None: shapes.append(np.shape(X)) or fit(self, X, y),
    )
    return shapes


class TestTheBatch:
    @given(query=queries(), factor=st.floats(1, 12), seed=st.integers(0, 99))
    def test_budget_candidates_and_round_robin(self, query, factor, seed):
        classifier, margins, X_pool, embeddings, n = query
        strategy = ClusterMargin(
            AverageLinkage(mean_cluster_size=3),
            candidate_factor=factor,
            embedding=embeddings,
            random_state=seed,
        )
        indices = strategy(classifier, X_pool, n)
        record = strategy.last_query_
        assert record.n_candidates == min(math.ceil(factor * n), len(margins))
        candidates = np.argsort(margins, kind="stable")[: record.n_candidates]
        assert set(indices) <= set(candidates)
        members = np.bincount(record.pool_cluster[candidates])
        given_by = np.bincount(record.cluster, minlength=len(members))
        assert np.count_nonzero(given_by) == min(n, np.count_nonzero(members))
        has_more = given_by < members
        assert given_by.max() <= given_by[has_more].min(initial=n) + 1
        np.testing.assert_array_equal(record.cluster_size, members[record.cluster])
        for turn in set(record.turn):
            assert (np.diff(record.cluster_size[record.turn == turn]) >= 0).all()
        assert (np.diff(record.turn) >= 0).all()

    @given(query=queries())
    def test_a_factor_of_one_is_margin_sampling_as_a_set(self, query):
        classifier, _, X_pool, embeddings, n = query
        strategy = ClusterMargin(candidate_factor=1, embedding=embeddings)
        expected = MarginSampling()(classifier, X_pool, n)
        assert set(strategy(classifier, X_pool, n)) == set(expected)

    @given(query=queries(), order=st.randoms(use_true_random=False))
    def test_a_permuted_pool_gives_as_good_a_batch(self, query, order):
        classifier, _, X_pool, embeddings, n = query
        permutation = list(range(len(X_pool)))
        order.shuffle(permutation)
        strategy = ClusterMargin(candidate_factor=1, embedding=embeddings)
        strategy(classifier, X_pool, n)
        clusters = strategy.last_query_.pool_cluster[permutation]
        picks = strategy(classifier, X_pool[permutation], n)
        np.testing.assert_array_equal(strategy.last_query_.pool_cluster, clusters)
        assert len(set(picks)) == n

    def test_every_member_of_a_cluster_is_as_likely(self):
        """One pick from a cluster of four, drawn 400 times."""
        X_pool = numbered_rows(4)
        strategy = ClusterMargin(
            embedding=np.ones((4, 2)),
            candidate_factor=4,
            random_state=np.random.RandomState(0),
        )
        classifier = of_margins(np.zeros(4))
        picks = [strategy(classifier, X_pool, 1)[0] for _ in range(400)]
        assert np.bincount(picks, minlength=4).min() > 70

    def test_without_margins_the_clusters_alone_decide(self):
        embeddings = np.repeat(np.eye(4), [1, 2, 7, 20], axis=0)
        strategy = ClusterMargin(
            AverageLinkage(distance_threshold=0.1),
            candidate_factor=10,
            embedding=embeddings,
            random_state=0,
        )
        strategy(Unfitted(), numbered_rows(30), 6)
        np.testing.assert_array_equal(strategy.last_query_.cluster, [0, 1, 2, 3, 1, 2])
        np.testing.assert_array_equal(
            strategy.last_query_.cluster_size, [1, 2, 7, 20, 2, 7]
        )

    def test_the_first_of_equal_clusters_is_drawn(self):
        firsts = set()
        for seed in range(40):
            strategy = ClusterMargin(
                embedding=np.eye(8), candidate_factor=8, random_state=seed
            )
            firsts.add(strategy(of_margins(np.zeros(8)), numbered_rows(8), 1)[0])
        assert len(firsts) > 4

    def test_without_margins_every_row_is_a_candidate(self):
        strategy = ClusterMargin(candidate_factor=2)
        strategy(Unfitted(), numbered_rows(200), 3)
        assert strategy.last_query_.n_candidates == 200

    def test_one_class_only(self):
        strategy = ClusterMargin(random_state=0)
        strategy(ByRowNumber(np.ones((20, 1))), numbered_rows(20), 4)
        np.testing.assert_array_equal(strategy.last_query_.margin, 1)

    def test_the_record_by_hand(self):
        #                      cluster 0     1          2
        embeddings = np.repeat(np.eye(3), [2, 3, 1], axis=0)
        margins = [0.1, 0.9, 0.2, 0.3, 0.95, 0.4]
        strategy = ClusterMargin(
            AverageLinkage(distance_threshold=0.1),
            candidate_factor=4 / 3,
            embedding=embeddings,
            random_state=0,
        )
        indices = strategy(of_margins(margins), numbered_rows(6), 3)
        record = strategy.last_query_
        # Candidates are rows 0, 2, 3 and 5; cluster 1 holds two of them.
        assert set(indices[:2]) == {0, 5}
        assert indices[2] in (2, 3)
        np.testing.assert_array_equal(record.indices, indices)
        np.testing.assert_allclose(record.margin, np.take(margins, indices))
        np.testing.assert_array_equal(record.cluster, [*embeddings[indices].argmax(1)])
        np.testing.assert_array_equal(record.cluster_size, [1, 1, 2])
        np.testing.assert_array_equal(record.turn, [0, 0, 0])
        np.testing.assert_array_equal(record.represents(2), [2, 3, 4])


class TestTreeCoverage:
    @given(query=queries())
    def test_is_chosen_from_the_whole_dendrogram(self, query):
        classifier, margins, X_pool, embeddings, n = query
        strategy = ClusterMargin(
            AverageLinkage(mean_cluster_size=3), embedding=embeddings
        )
        indices = strategy(classifier, X_pool, n)
        record = strategy.last_query_
        clustering = AverageLinkage(mean_cluster_size=3, compute_full_tree=True)
        clustering.fit(embeddings)
        tree = (clustering.children_, clustering.distances_)
        tree += (clustering.mean_distance_, len(X_pool))
        uncertainty = (1 - margins) * density_weights(*tree)
        picks, gains, covering = tree_coverage(
            *tree, np.arange(len(X_pool)), uncertainty, n
        )
        np.testing.assert_array_equal(indices, picks)
        np.testing.assert_allclose(record.gain, gains)
        np.testing.assert_array_equal(record.pool_pick, covering)
        rows = np.concatenate([record.represents(pick) for pick in range(n)])
        assert sorted(rows) == list(range(len(X_pool)))

    def test_before_the_first_label_takes_typical_rows_of_every_region(self):
        rng = np.random.RandomState(0)
        centers = np.repeat(10 * np.eye(3), [60, 30, 20], axis=0)
        X_pool = np.vstack([centers + rng.normal(size=centers.shape), [[-20, -20, 0]]])
        strategy = ClusterMargin(AverageLinkage("sqeuclidean"))
        picks = strategy(Unfitted(), X_pool, 3)
        assert sorted(np.digitize(picks, [60, 90, 110])) == [0, 1, 2]

    def test_rows_that_left_the_pool_keep_their_place(self):
        X_pool = np.array([[1, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1]])
        strategy = ClusterMargin()
        first = strategy(Unfitted(), X_pool, 2)
        np.testing.assert_array_equal(first, [1, 3])
        rest = np.delete(X_pool, first, axis=0)
        np.testing.assert_array_equal(strategy(Unfitted(), rest, 2), [0, 2])
        assert strategy.clustering_.n_leaves_ == 5

    def test_copies_wait(self):
        X_pool = np.repeat(np.eye(3), [5, 3, 1], axis=0)
        strategy = ClusterMargin()
        picks = strategy(Unfitted(), X_pool, 5)
        np.testing.assert_array_equal(picks, [0, 5, 8, 1, 2])
        np.testing.assert_allclose(strategy.last_query_.gain, [1, 1, 1, 0, 0])

    def test_a_threshold_makes_a_forest(self):
        embeddings = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]])
        strategy = ClusterMargin(
            AverageLinkage(distance_threshold=0.1), embedding=embeddings
        )
        strategy(Unfitted(), numbered_rows(4), 1)
        assert len(strategy.clustering_.children_) == 2
        np.testing.assert_array_equal(strategy.last_query_.pool_pick, [0, 0, -1, -1])


class TestEmbeddings:
    X = numbered_rows(40)

    class Network(ByRowNumber):
        """A fitted estimator with embeddings."""

        def embed(self, X):
            return np.asarray(X).reshape(len(X), -1)[:, 1:2] * [1.0, -1.0]

    def halved(self, n_columns, last):
        halve = FunctionTransformer(lambda X: X[:, :n_columns]).fit(self.X)
        return make_pipeline(halve, last)

    def test_come_from_the_classifier_or_a_function(self, fits):
        plain = of_margins(np.zeros(40))
        network = self.Network(np.full((40, 2), 0.5))
        for classifier in (
            plain,
            network,
            self.halved(2, plain),
            self.halved(3, network),
        ):
            ClusterMargin()(classifier, self.X, 3)
        ClusterMargin(embedding=lambda classifier, X: X[:, 1:])(plain, self.X, 3)
        # The rows, the network's, the pipeline's, its last step's, and the function's.
        assert [n_columns for _, n_columns in fits] == [4, 2, 2, 2, 3]

    def test_fit_clusters_the_embeddings_it_gets(self, fits):
        strategy = ClusterMargin().fit(self.X, embeddings=self.X[:, :1])
        strategy(of_margins(np.zeros(40)), self.X, 3)
        assert fits == [(40, 1)]

    def test_of_an_unfitted_network_wait_for_the_fit(self, fits):
        class Network(self.Network):
            fitted = False

            def predict_proba(self, X):
                if not self.fitted:
                    raise NotFittedError
                return super().predict_proba(X)

            def embed(self, X):
                if not self.fitted:
                    raise NotFittedError
                return super().embed(X)

        network = Network(np.full((40, 2), 0.5))
        strategy = ClusterMargin()
        strategy(network, self.X, 3)
        strategy(network, self.X, 3)
        network.fitted = True
        strategy(network, self.X, 3)
        strategy(network, self.X, 3)
        assert fits == [(40, 4), (40, 2)]

    def test_must_be_one_a_row(self):
        classifier = of_margins(np.zeros(40))
        message = r"ClusterMargin got 39 rows of embeddings for a pool of 40 rows"
        with pytest.raises(ValueError, match=message):
            ClusterMargin(embedding=np.ones((39, 2)))(classifier, self.X, 3)
        assert classifier.n_calls == 0
        with pytest.raises(ValueError, match=message):
            ClusterMargin().fit(self.X, embeddings=np.ones((39, 2)))
        with pytest.raises(ValueError, match=message):
            ClusterMargin(embedding=lambda c, X: X[1:])(classifier, self.X, 3)

    def test_with_nan_name_the_row(self):
        embeddings = np.ones((40, 2))
        embeddings[33, 1] = np.nan
        with pytest.raises(ValueError, match=r"finite embeddings; row 33 .*NaN"):
            ClusterMargin(embedding=embeddings)(of_margins(np.zeros(40)), self.X, 3)

    @pytest.mark.parametrize("pool", [["a", "b", "c"], [[1, 2], [3], [4]]])
    def test_must_be_numbers(self, pool):
        with pytest.raises(
            ValueError, match=r"that are numbers; got .*Pass embedding="
        ):
            ClusterMargin()(Unfitted(), pool, 1)

    def test_may_be_numbers_in_an_array_of_objects(self, fits):
        strategy = ClusterMargin()
        strategy(of_margins(np.zeros(40)), self.X.astype(object), 3)
        assert fits == [(40, 4)]

    def test_of_words_can_come_from_a_function(self):
        pool = ["ape", "bee", "cat", "cow", "yak"]
        lengths = lambda classifier, X: [[ord(x[0]), ord(x[1])] for x in X]  # noqa: E731
        strategy = ClusterMargin(embedding=lengths, random_state=0)
        first = strategy(Unfitted(), pool, 2)
        rest = [x for i, x in enumerate(pool) if i not in first]
        strategy(Unfitted(), rest, 2)
        assert len(strategy.last_query_.pool_cluster) == 3

    def test_sparse_rows_too_wide_to_be_dense_raise(self):
        from scipy import sparse

        wide = sparse.csr_array((2000, 1_000_000))
        with pytest.raises(ValueError, match=r"7\.5 GiB .*TruncatedSVD"):
            ClusterMargin()(Unfitted(), wide, 2)


class TestTheShrinkingPool:
    def shrink(self, strategy, X, *, rounds=10, ids=None, classifier=None):
        """Query and delete; returns the clusters seen, by row number."""
        seen = {}
        classifier = classifier or of_margins(np.random.RandomState(0).rand(len(X)))
        for _ in range(rounds):
            given = {} if ids is None else {"ids": ids}
            picks = strategy(classifier, X, 5, **given)
            for row, cluster in zip(
                X[:, 0].astype(int), strategy.last_query_.pool_cluster, strict=True
            ):
                assert seen.setdefault(row, cluster) == cluster
            X = np.delete(X, picks, axis=0)
            ids = None if ids is None else np.delete(ids, picks)
        return seen

    @pytest.mark.parametrize("with_ids", [False, True])
    def test_is_clustered_once(self, fits, with_ids):
        X = numbered_rows(100)
        ids = np.array([f"image-{i}.png" for i in range(100)]) if with_ids else None
        self.shrink(ClusterMargin(random_state=0), X, ids=ids)
        assert fits == [(100, 4)]

    def test_with_equal_rows_keeps_them_in_one_cluster(self):
        X = np.repeat(numbered_rows(20), 3, axis=0)
        self.shrink(ClusterMargin(random_state=0), X, rounds=8)

    def test_may_come_back_in_another_order(self, fits):
        X = numbered_rows(50)
        strategy = ClusterMargin()
        classifier = of_margins(np.zeros(50))
        strategy(classifier, X, 3)
        clusters = strategy.last_query_.pool_cluster
        strategy(classifier, X[::-2], 3)
        np.testing.assert_array_equal(strategy.last_query_.pool_cluster, clusters[::-2])
        assert len(fits) == 1

    def test_may_gain_rows_with_one_warning(self, fits):
        X = np.repeat(np.eye(4), 10, axis=0) + 0.01 * np.random.RandomState(0).rand(
            40, 4
        )
        far = -np.ones((1, 4))
        strategy = ClusterMargin(AverageLinkage(distance_threshold=0.1))
        strategy(Unfitted(), X, 3)
        more = np.vstack([X[5:], [[0, 0, 1, 0.001]], far, far])
        with pytest.warns(UserWarning, match=r"3 rows of X_pool were not in the pool"):
            strategy(Unfitted(), more, 3)
        joined, alone, same = strategy.last_query_.pool_cluster[-3:]
        assert joined == strategy.last_query_.pool_cluster[20]
        assert alone == same == 4
        strategy(Unfitted(), more[1:], 3)  # known by now: no warning
        assert len(fits) == 1

    @pytest.mark.parametrize("kind", ["coo_matrix", "csr_array", "DataFrame", "list"])
    def test_a_pool_of_any_kind_may_gain_rows(self, kind):
        X = numbered_rows(20)
        strategy = ClusterMargin()
        strategy(Unfitted(), POOL_KINDS[kind](X, None), 3)
        more = POOL_KINDS[kind](np.vstack([X, -X[3]]), None)
        with pytest.warns(UserWarning, match="1 rows of X_pool were not"):
            strategy(Unfitted(), more, 3)
        assert len(strategy.last_query_.pool_cluster) == 21

    def test_new_rows_beside_an_array_of_embeddings_stand_alone(self):
        X = numbered_rows(20)
        strategy = ClusterMargin(embedding=np.ones((20, 2)))
        strategy(Unfitted(), X, 3)
        with pytest.warns(UserWarning, match="1 rows of X_pool were not"):
            strategy(Unfitted(), np.vstack([X, -X[3]]), 3)
        assert strategy.last_query_.pool_cluster[-1] == 1

    def test_new_rows_beside_given_embeddings_stand_alone(self):
        X = numbered_rows(20)
        strategy = ClusterMargin().fit(X, embeddings=X[:, ::-1])
        with pytest.warns(UserWarning, match="1 rows of X_pool were not"):
            strategy(Unfitted(), np.vstack([X, X[:1, ::-1]]), 3)
        assert (
            strategy.last_query_.pool_cluster[-1]
            not in (strategy.last_query_.pool_cluster[:-1])
        )

    def test_says_that_given_embeddings_are_of_another_pool(self):
        strategy = ClusterMargin(embedding=np.ones((20, 2)))
        strategy(Unfitted(), numbered_rows(20), 3)
        with pytest.raises(ValueError, match=r"None of the 20 rows .*Call fit with"):
            strategy(Unfitted(), -numbered_rows(20, seed=1), 3)

    def test_that_is_another_pool_is_clustered_anew_with_a_warning(self, fits):
        strategy = ClusterMargin()
        strategy(Unfitted(), numbered_rows(20), 3)
        with pytest.warns(UserWarning, match=r"None of the 30 rows .*anew.*pass ids="):
            strategy(Unfitted(), -numbered_rows(30, seed=1), 3)
        assert fits == [(20, 4), (30, 4)]

    def test_says_that_ids_come_always_or_never(self):
        X = numbered_rows(10)
        strategy = ClusterMargin().fit(X, ids=range(10))
        with pytest.raises(
            ValueError, match=r"with ids and is now called without ids="
        ):
            strategy(Unfitted(), X, 2)
        strategy = ClusterMargin().fit(X)
        with pytest.raises(
            ValueError, match=r"without ids and is now called with ids="
        ):
            strategy(Unfitted(), X, 2, ids=range(10))

    def test_can_be_clustered_before_the_first_query(self, fits):
        X = numbered_rows(30)
        strategy = ClusterMargin(random_state=0).fit(X)
        assert len(fits) == 1
        self.shrink(strategy, X, rounds=4)
        assert len(fits) == 1

    def test_a_fitted_clustering_is_used_as_it_is(self, fits):
        X = numbered_rows(40)
        clustering = AverageLinkage(n_clusters=8).fit(X)
        classifier = of_margins(np.random.RandomState(0).rand(40))
        for rows in (slice(None), slice(7, None), slice(0, 40, 3)):
            picks = cluster_margin_sampling(
                classifier, X[rows], 5, clustering=clustering, random_state=0
            )
            own = ClusterMargin(clustering, random_state=0)
            np.testing.assert_array_equal(picks, own(classifier, X[rows], 5))
            np.testing.assert_array_equal(
                own.last_query_.pool_cluster, clustering.labels_[rows]
            )
        assert len(fits) == 1

    def test_an_unfitted_clustering_is_left_alone(self):
        clustering = AverageLinkage(n_clusters=3)
        ClusterMargin(clustering).fit(numbered_rows(9))
        assert not hasattr(clustering, "labels_")


class TestMessages:
    def test_an_empty_pool_to_fit(self):
        with pytest.raises(ValueError, match="empty X_pool to fit"):
            ClusterMargin().fit(np.empty((0, 2)))

    @pytest.mark.parametrize("factor", [0.9, "most", None])
    def test_a_bad_candidate_factor(self, factor):
        with pytest.raises(ValueError, match="'candidate_factor' parameter of Cluster"):
            ClusterMargin(candidate_factor=factor)(Unfitted(), numbered_rows(9), 3)

    @pytest.mark.parametrize(
        ("strategy", "message"),
        [
            (
                ClusterMargin(AverageLinkage(n_clusters=3, distance_threshold=1)),
                "takes one of",
            ),
            (
                ClusterMargin(AverageLinkage(n_clusters=10)),
                "n_clusters=10 clusters of 9",
            ),
            (ClusterMargin(AverageLinkage(memory=__file__)), "cannot be a folder"),
            (ClusterMargin(embedding=np.full((9, 2), np.nan)), "row 0 .*NaN"),
        ],
    )
    def test_come_before_any_work(self, strategy, message):
        classifier = of_margins(np.zeros(9))
        with pytest.raises(ValueError, match=message):
            strategy(classifier, numbered_rows(9), 3)
        assert classifier.n_calls == 0
