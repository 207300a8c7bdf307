"""Uncertainty Herding and MaxHerding: their batches, their graph, what labels cover."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from modal_clustermargin import (
    ASVP,
    MaxHerding,
    NeighborGraph,
    UncertaintyHerding,
    max_herding_sampling,
    uncertainty_herding_sampling,
)
from modal_clustermargin.estimators import MLP, DeferredFit, NetworkClassifier
from modal_clustermargin.learners import ActiveLearner, Committee
from modal_clustermargin.strategies import Never, _herding
from tests.strategies.make_pools import (
    ByRowNumber,
    Unfitted,
    numbered_rows,
    of_margins,
)


@pytest.fixture
def fits(monkeypatch):
    """The shape of every X that a NeighborGraph was fitted to."""
    shapes = []
    fit = NeighborGraph.fit
    monkeypatch.setattr(
        NeighborGraph,
        "fit",
        lambda self, X, y=None: shapes.append(np.shape(X)) or fit(self, X, y),
    )
    return shapes


def kernel_of(X, scale=2.0, k=16, metric="sqeuclidean"):
    """Similarities of all rows, by the formula."""
    D = cdist(X, X, metric)
    unit = np.median(np.sort(D, axis=1)[:, min(k, len(X) - 1)])
    return np.exp(-D / (scale * unit))


def herd_by_formula(kernel, uncertainty, n_picks, labelled=()):
    coverage = np.max([np.zeros(len(kernel)), *labelled], axis=0)
    picks, gains = [], []
    for _ in range(n_picks):
        gain = np.maximum(kernel - coverage, 0) @ uncertainty
        gain[picks] = -1
        picks.append(int(gain.argmax()))
        gains.append(gain.max())
        coverage = np.maximum(coverage, kernel[picks[-1]])
    return picks, gains


def whole_graph(n_rows):
    """Lists of all other rows, so that no row is missing from the kernel."""
    return NeighborGraph(n_rows - 1, metric="sqeuclidean")


class TestTheBatch:
    @given(
        n_pool=st.integers(2, 40),
        n_labelled=st.integers(0, 5),
        scale=st.sampled_from([0.5, 2.0, 7.0]),
        seed=st.integers(0, 999),
    )
    def test_is_the_greedy_maximum_of_the_formula(
        self, n_pool, n_labelled, scale, seed
    ):
        rng = np.random.RandomState(seed)
        X_pool, margins = numbered_rows(n_pool, seed=seed), rng.rand(n_pool)
        points, labelled = rng.normal(size=(n_pool, 3)), rng.normal(size=(5, 3))
        labelled = labelled[:n_labelled]
        strategy = UncertaintyHerding(
            whole_graph(n_pool),
            embedding=points,
            labelled=labelled,
            kernel_scale=scale,
        )
        n_picks = min(n_pool, 6)
        picks = strategy(of_margins(margins), X_pool, n_picks)
        D = cdist(points, points, "sqeuclidean")
        unit = np.median(np.sort(D, axis=1)[:, min(16, n_pool - 1)])
        covered = np.exp(-cdist(labelled, points, "sqeuclidean") / (scale * unit))
        if n_labelled:  # a labelled row covers as many rows as are in a list
            least = np.sort(covered, axis=1)[:, [1]]
            covered[covered < least] = 0
        kernel = kernel_of(points, scale)
        expected, gains = herd_by_formula(kernel, 1 - margins, n_picks, covered)
        np.testing.assert_array_equal(picks, expected)
        record = strategy.last_query_
        np.testing.assert_array_equal(record.indices, picks)
        np.testing.assert_allclose(record.gain, gains, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(record.uncertainty, 1 - margins[picks])
        total = (1 - margins).sum()
        share = record.covered - record.covered_before
        np.testing.assert_allclose(share, record.gain.sum() / total)

    def test_lists_that_are_short_limit_the_reach(self):
        points = np.arange(10.0)[:, np.newaxis]
        strategy = MaxHerding(NeighborGraph(2, metric="sqeuclidean"), embedding=points)
        strategy(None, numbered_rows(10), 10)
        # Rows 1, 4 and 7 cover three rows each. The unit is 1 for inner rows.
        assert strategy.last_query_.indices[:3].tolist() == [1, 4, 7]
        np.testing.assert_allclose(
            strategy.last_query_.gain[:3], 1 + 2 * np.exp(-1 / 2), rtol=1e-6
        )

    def test_max_herding_is_uncertainty_herding_before_the_first_label(self):
        X_pool = numbered_rows(100)
        expected = MaxHerding()(None, X_pool, 20)
        np.testing.assert_array_equal(
            UncertaintyHerding()(Unfitted(), X_pool, 20), expected
        )
        classifier = of_margins(np.random.RandomState(0).rand(100))
        np.testing.assert_array_equal(MaxHerding()(classifier, X_pool, 20), expected)
        assert classifier.n_calls == 0
        assert not np.array_equal(
            UncertaintyHerding()(classifier, X_pool, 20), expected
        )

    def test_copies_get_one_pick_before_a_second(self):
        X_pool = np.repeat(np.random.RandomState(0).normal(size=(8, 3)), 50, axis=0)
        order = np.random.RandomState(1).permutation(400)
        strategy = MaxHerding()
        picks = strategy(None, X_pool[order], 12)
        assert len(set(order[picks[:8]] // 50)) == 8
        assert strategy.last_query_.gain[7] > 0
        np.testing.assert_array_equal(strategy.last_query_.gain[8:], 0)
        # Then the first of the others.
        others = np.setdiff1d(np.arange(400), picks[:8])
        np.testing.assert_array_equal(picks[8:], others[:4])

    def test_when_all_is_covered_the_most_uncertain_rows_come_first(self):
        margins = np.array([0.5, 0.2, 0.9, 0.2, 1.0])
        strategy = UncertaintyHerding(embedding=np.ones((5, 2)))
        picks = strategy(of_margins(margins), numbered_rows(5), 5)
        np.testing.assert_array_equal(picks, [0, 1, 3, 2, 4])
        np.testing.assert_allclose(strategy.last_query_.gain, [2.2, 0, 0, 0, 0])

    def test_certain_rows_come_in_the_order_of_the_pool(self):
        strategy = UncertaintyHerding()
        picks = strategy(of_margins(np.ones(6)), numbered_rows(6), 4)
        np.testing.assert_array_equal(picks, [0, 1, 2, 3])
        np.testing.assert_array_equal(strategy.last_query_.gain, 0)
        assert strategy.last_query_.covered == 0

    def test_a_pool_of_one_row(self):
        strategy = UncertaintyHerding()
        assert strategy(of_margins([0.25]), numbered_rows(1), 1) == [0]
        np.testing.assert_array_equal(strategy.last_query_.gain, [0.75])
        assert strategy.graph_ is None
        labelled = UncertaintyHerding(labelled=numbered_rows(1))
        assert labelled(of_margins([0.25]), numbered_rows(1), 1) == [0]
        np.testing.assert_array_equal(labelled.last_query_.gain, [0])


class TestUncertainty:
    X = np.column_stack([np.arange(4.0), 1000.0 ** np.arange(4)])

    def first(self, proba, **parameters):
        """The first pick, and its uncertainty, of rows that are far from each other."""
        parameters.setdefault("kernel_scale", 1e-9)
        strategy = UncertaintyHerding(**parameters)
        pick = strategy(ByRowNumber(proba), self.X[: len(proba)], 1)[0]
        return pick, strategy.last_query_.uncertainty[0]

    def test_measures(self):
        proba = np.array([[0.5, 0.5, 0.0], [0.45, 0.35, 0.2], [0.4, 0.3, 0.3]])
        assert self.first(proba) == (0, 1.0)
        pick, value = self.first(proba, uncertainty="entropy")
        assert pick == 2
        np.testing.assert_allclose(value, -(0.4 * np.log(0.4) + 0.6 * np.log(0.3)))
        pick, value = self.first(proba, uncertainty="least_confidence")
        assert pick == 2
        np.testing.assert_allclose(value, 0.6)

    @pytest.mark.parametrize("uncertainty", ["margin", "entropy", "least_confidence"])
    def test_of_several_labels(self, uncertainty):
        # Row 0 has one uncertain label, row 1 has three that are a little uncertain.
        labels = np.array([[0.5, 1.0, 1.0], [0.8, 0.8, 0.8], [1.0, 0.0, 1.0]])
        for multilabel, expected in (("mean", 1), ("min", 0)):
            found = self.first(labels, uncertainty=uncertainty, multilabel=multilabel)
            assert found[0] == expected

        class Forest:
            def predict_proba(self, X):
                return [np.column_stack([1 - p, p])[: len(X)] for p in labels.T]

        strategy = UncertaintyHerding(uncertainty=uncertainty, kernel_scale=1e-9)
        assert strategy(Forest(), self.X[:3], 1) == [1]

    def test_a_function(self):
        def by_number(classifier, X):
            assert classifier == "mine"
            return torch.tensor(X[:, 0] % 3)

        strategy = UncertaintyHerding(uncertainty=by_number, kernel_scale=1e-9)
        assert strategy("mine", self.X, 1) == [2]

    def test_a_function_of_a_classifier_that_is_not_fitted(self):
        strategy = UncertaintyHerding(
            uncertainty=lambda classifier, X: classifier.predict_proba(X)[:, 0]
        )
        expected = MaxHerding()(None, self.X, 2)
        np.testing.assert_array_equal(strategy(Unfitted(), self.X, 2), expected)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ([0.1, np.nan, 0.2, 0.3], r"finite, not negative .*nan for row 1 of"),
            ([0.1, 0.2, np.inf, 0.3], r"finite, not negative .*inf for row 2 of"),
            ([0.1, 0.2, 0.2, -0.5], r"finite, not negative .*-0.5 for row 3 of"),
            ([1e308] * 4, r"at most 1e.290, .*returned 1e\+308 for row 0"),
            ([0.1, 0.2], r"of shape \(2,\) .*numbers of shape \(4,\) are expected"),
            (["a", "b", "c", "d"], r"type <U1 .*uncertainty=; numbers of shape"),
            ([[0.1], [0.2], [0.3], [0.4]], r"of shape \(4, 1\) "),
        ],
    )
    def test_messages_come_before_the_graph(self, fits, values, message):
        strategy = UncertaintyHerding(uncertainty=lambda *_: values)
        with pytest.raises(ValueError, match=f"UncertaintyHerding .*{message}"):
            strategy(Unfitted(), self.X, 2)
        assert fits == []


class TestLabelledRows:
    X = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0], [13.0]])
    graph = NeighborGraph(3, metric="sqeuclidean")

    def test_of_a_learner_cover_from_the_start(self):
        assert MaxHerding(self.graph)(None, self.X, 1) == [4]
        learner = ActiveLearner(
            LogisticRegression(), MaxHerding(self.graph), self.X[[4, 5]], [0, 1]
        )
        assert learner.query(self.X, n_instances=1)[0] == [1]
        # As near as the rows of the pool, but not among them.
        learner = ActiveLearner(
            LogisticRegression(), MaxHerding(self.graph), self.X[[4, 5]] + 0.1, [0, 1]
        )
        assert learner.query(self.X, n_instances=1)[0] == [1]

    def test_of_a_committee_are_those_of_all_members(self):
        members = [
            ActiveLearner(LogisticRegression(), X_training=self.X[rows], y_training=y)
            for rows, y in (([4, 5], [0, 1]), ([1, 2], [0, 1]))
        ]
        committee = Committee(members, query_strategy=MaxHerding(self.graph))
        picks, _ = committee.query(self.X, n_instances=2)
        assert set(picks) == {0, 3}  # the rows beside them

    @pytest.mark.parametrize("shift", [0, 0.1])
    def test_given_in_any_form(self, shift):
        rows = self.X[[4, 5]] + shift
        for form in (
            rows,
            torch.tensor(rows),
            rows.tolist(),
            sparse.csr_array(rows),
            lambda classifier: rows,
        ):
            assert MaxHerding(self.graph, labelled=form)(None, self.X, 1) == [1]
        for embedding in (self.X, lambda classifier, X: np.asarray(X)):
            strategy = MaxHerding(self.graph, labelled=rows, embedding=embedding)
            assert strategy(None, self.X, 1) == [1]
        frames = [pd.DataFrame(part) for part in (rows, self.X)]
        assert MaxHerding(self.graph, labelled=frames[0])(None, frames[1], 1) == [1]

    def test_are_rows_that_left_the_pool_if_the_learner_holds_none(self):
        strategy = MaxHerding(self.graph)
        strategy(None, self.X, 1)
        assert strategy(None, np.delete(self.X, 4, axis=0), 1) == [1]
        strategy = MaxHerding(self.graph, labelled=self.X[[1]])
        strategy(None, self.X, 1)
        rest = np.delete(self.X, 4, axis=0)
        assert sorted(rest[strategy(None, rest, 2)].ravel()) == [0, 12]

    def test_may_have_left_without_having_been_picked(self):
        strategy = MaxHerding(self.graph).fit(self.X)
        strategy(None, np.delete(self.X, 1, axis=0), 1)
        assert strategy.last_query_.covered_before > 0.1

    def test_are_not_the_rows_that_are_missing_if_the_learner_holds_some(self):
        """A part of the pool in each query: the other rows are not labelled."""
        learner = ActiveLearner(
            LogisticRegression(), MaxHerding(self.graph), self.X[[1, 2]], [0, 1]
        )
        learner.query(self.X, n_instances=1)
        part = self.X[[0, 2, 5, 6]]
        picks, _ = learner.query(part, n_instances=1)
        assert part[picks] == 12
        assert learner.query_strategy.last_query_.covered_before < 0.6

    def test_one_copy_that_left_covers_the_others(self):
        X = np.repeat(self.X, 2, axis=0)
        strategy = MaxHerding(NeighborGraph(4, metric="sqeuclidean"))
        first = strategy(None, X, 1)
        rest = np.delete(X, first, axis=0)
        second = strategy(None, rest, 1)
        assert sorted([X[first].item(), rest[second].item()]) == [1, 11]

    def test_are_recognised_when_the_pool_has_ids(self):
        ids = list("abcdefg")
        calls = []

        def embedding(classifier, X):
            calls.append(np.ravel(X).tolist())
            return X

        learner = ActiveLearner(
            LogisticRegression(), X_training=self.X[[4, 5]], y_training=[0, 1]
        )
        strategy = MaxHerding(self.graph, embedding=embedding)
        for rows in (slice(None), slice(4)):
            picks, _ = strategy(learner, self.X[rows], 1, ids=ids[rows])
            assert picks == [1]
        assert calls == [self.X.ravel().tolist()]  # to find neighbours

    def test_of_a_learner_beside_an_array_of_embeddings(self):
        learner = ActiveLearner(
            LogisticRegression(), X_training=self.X[[4, 5]], y_training=[0, 1]
        )
        strategy = MaxHerding(self.graph, embedding=-self.X)
        assert strategy(learner, self.X, 1)[0] == [1]
        learner.teach(np.array([[5.0]]), [0])
        with pytest.warns(UserWarning, match="1 labelled rows .*MaxHerding ignores"):
            assert strategy(learner, self.X, 1)[0] == [1]

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            (
                {"labelled": np.ones((2, 3))},
                r"shape \(2, 3\), but the rows of X_pool have shape \(7, 1\)",
            ),
            (
                {"labelled": np.ones((2, 3)), "embedding": np.ones((7, 2))},
                r"shape \(2, 3\), but the embeddings of X_pool have shape \(7, 2\)",
            ),
            (
                {"labelled": [[1.0, 2.0]], "embedding": lambda c, X: np.asarray(X)},
                r"embeddings of 2 columns, but the embeddings of X_pool have 1",
            ),
        ],
    )
    def test_of_another_width(self, parameters, message):
        strategy = UncertaintyHerding(self.graph, **parameters)
        with pytest.raises(ValueError, match=f"UncertaintyHerding got .*{message}"):
            strategy(Unfitted(), self.X, 1)

    def test_that_are_not_finite(self):
        with pytest.raises(ValueError, match=r"MaxHerding needs finite.*NaN"):
            MaxHerding(labelled=[[np.nan]])(None, self.X, 1)


class TestFewLabels:
    """A sample of two lists a label, while one list a label is below a quarter."""

    X = numbered_rows(400)
    graph = NeighborGraph(5)

    def test_choose_from_a_sample_of_two_lists_a_label(self, fits):
        strategy = MaxHerding(self.graph)
        strategy(None, self.X, 10)
        assert strategy.last_query_.n_sampled == 100
        assert fits == [(100, 4)]
        assert strategy.graph_ is None
        strategy(None, self.X, 19)
        strategy(None, self.X, 20)
        assert strategy.last_query_.n_sampled == 400
        assert fits == [(100, 4), (100, 4), (400, 4)]
        assert strategy.graph_.indices_.shape == (400, 5)
        # The graph is kept, for when there are more labels again.
        strategy(None, self.X, 10)
        assert strategy.last_query_.n_sampled == 100
        assert len(fits) == 4
        strategy(None, self.X, 30)
        assert len(fits) == 4

    def test_picks_are_the_greedy_maximum_in_the_sample(self):
        """With a list that holds the whole sample."""
        X = numbered_rows(400)
        uncertain = np.random.RandomState(0).choice(400, 20, replace=False)
        margins = np.ones(400)
        margins[uncertain] = np.linspace(0.1, 0.9, 20)
        strategy = UncertaintyHerding(NeighborGraph(30, metric="sqeuclidean"))
        picks = strategy(of_margins(margins), X, 3)
        assert strategy.last_query_.n_sampled == 100
        np.testing.assert_array_equal(
            strategy.last_query_.uncertainty, 1 - margins[picks]
        )
        # All uncertain rows are in the sample, so the gains are exact.
        assert set(picks) <= set(uncertain) or strategy.last_query_.gain[-1] > 0
        assert strategy.last_query_.covered <= 1

    def test_gains_estimate_those_of_the_whole_pool(self):
        """Rows that cover only themselves: the gain is the mean uncertainty or more."""
        margins = np.random.RandomState(1).rand(400)
        strategy = UncertaintyHerding(self.graph, kernel_scale=1e-9)
        strategy(of_margins(margins), self.X, 5)
        per_row = (1 - margins).sum() / 50
        np.testing.assert_allclose(strategy.last_query_.gain, per_row, rtol=0.4)

    def test_the_sample_depends_on_the_rows_alone(self):
        order = np.random.RandomState(0).permutation(400)
        margins = np.random.RandomState(1).rand(400)
        classifier = of_margins(margins)
        picks = UncertaintyHerding(self.graph)(classifier, self.X, 10)
        moved = UncertaintyHerding(self.graph)(classifier, self.X[order], 10)
        np.testing.assert_array_equal(order[moved], picks)

    def test_reach_farther_than_the_lists(self, monkeypatch):
        """Two dense spots in a wide, thin pool take fewer of the picks."""
        rng = np.random.RandomState(0)
        spots = rng.normal(size=(100, 2)) / 100 + [[2, 2]]
        X = np.vstack([spots, -spots, rng.uniform(-5, 5, size=(1000, 2))])

        def batch():
            picks = MaxHerding(NeighborGraph(metric="sqeuclidean"))(None, X, 9)
            gaps = cdist(X[200:], X[picks]).min(axis=1)
            return np.count_nonzero(picks < 200), gaps.mean()

        in_spots, gap = batch()
        monkeypatch.setattr(_herding, "_LARGEST_SAMPLE", 0)
        assert in_spots < batch()[0]
        assert gap < 0.9 * batch()[1]

    def test_labelled_rows_cover_the_sample(self):
        learner = ActiveLearner(
            LogisticRegression(), MaxHerding(self.graph), self.X[::50], [0, 1] * 4
        )
        learner.query(self.X, n_instances=2)
        before = learner.query_strategy.last_query_.covered_before
        assert 0.05 < before < 0.9
        strategy = MaxHerding(self.graph, labelled=self.X[::50])
        strategy(None, self.X, 2)
        assert strategy.last_query_.covered_before == before

    def test_picks_that_left_cover_whatever_the_source_of_embeddings(self):
        for embedding in (None, self.X, lambda classifier, X: X):
            strategy = MaxHerding(self.graph, embedding=embedding)
            first = strategy(None, self.X, 4)
            covered = strategy.last_query_.covered
            rest = np.delete(self.X, first, axis=0)
            strategy(None, rest, 4)
            assert strategy.last_query_.n_sampled == 80
            assert covered / 4 < strategy.last_query_.covered_before < covered
            # They cover in the graph, too, which is made after they left.
            strategy(None, rest, 30)
            assert strategy.last_query_.n_sampled == 396
            assert strategy.last_query_.covered_before > 0.01
            assert strategy.graph_.indices_.shape == (396, 5)

    def test_picks_that_stayed_do_not_cover(self):
        strategy = MaxHerding(self.graph)
        strategy(None, self.X, 4)
        strategy(None, self.X[::-1], 4)
        assert strategy.last_query_.covered_before == 0
        copies = np.repeat(self.X, 2, axis=0)
        strategy = MaxHerding(self.graph)
        first = strategy(None, copies, 4)
        strategy(None, np.delete(copies, first, axis=0), 4)
        assert strategy.last_query_.covered_before > 0

    def test_picks_of_another_pool_do_not_cover(self):
        strategy = MaxHerding(self.graph)
        strategy(None, self.X, 4)
        strategy(None, numbered_rows(400, n_features=2, seed=3), 4)
        assert strategy.last_query_.covered_before == 0

    def test_picks_cover_when_most_rows_have_left(self):
        X = numbered_rows(1500)
        strategy = MaxHerding(self.graph)
        picks = strategy(None, X, 4)
        strategy(None, np.delete(X, [*range(1000), *picks[picks >= 1000]], axis=0), 4)
        assert strategy.last_query_.covered_before > 0

    def test_equal_rows_are_drawn_together(self):
        X = np.repeat(numbered_rows(20), 40, axis=0)
        strategy = MaxHerding(self.graph)
        picks = strategy(None, X, 20)
        assert len(set(picks // 40)) == 20
        assert strategy.last_query_.n_sampled == 20

    def test_of_more_picks_than_uncertain_rows(self):
        margins = np.ones(400)
        margins[[7, 300, 50]] = 0.5
        strategy = UncertaintyHerding(self.graph, kernel_scale=1e-9)
        picks = strategy(of_margins(margins), self.X, 5)
        assert set(picks[:3]) == {7, 300, 50}
        np.testing.assert_array_equal(picks[3:], [0, 1])
        np.testing.assert_array_equal(strategy.last_query_.gain, [0.5] * 3 + [0, 0])

    def test_new_rows_are_rows_of_the_pool(self):
        strategy = MaxHerding(self.graph)
        strategy(None, self.X, 4)
        strategy(None, numbered_rows(500, seed=3), 4)
        given = MaxHerding(self.graph, embedding=self.X)
        given(None, self.X, 4)
        with pytest.raises(ValueError, match="100 of the 500 rows .*embeddings belong"):
            given(None, np.vstack([self.X, numbered_rows(100, seed=3)]), 4)

    def test_messages_come_as_with_many(self):
        other = numbered_rows(400, seed=5)
        graph = NeighborGraph(5).fit(other)
        with pytest.raises(ValueError, match="graph of another pool: of 100 rows"):
            MaxHerding(graph)(None, self.X, 10)
        with pytest.raises(ValueError, match=r"labelled rows of shape \(2, 3\)"):
            MaxHerding(labelled=np.ones((2, 3)))(None, self.X, 2)
        with pytest.raises(ValueError, match="labelled rows with embeddings of 3 col"):
            MaxHerding(labelled=[[1, 2, 3]])(None, self.X, 2)


class TestTheGraph:
    def test_is_made_once(self, fits):
        X = numbered_rows(60)
        strategy = UncertaintyHerding()
        classifier = of_margins(np.random.RandomState(0).rand(60))
        for _ in range(5):
            X = np.delete(X, strategy(classifier, X, 5), axis=0)
        assert fits == [(60, 4)]
        strategy(classifier, X[::-1], 5)
        assert len(fits) == 1

    def test_that_is_fitted_is_used_as_it_is(self, fits):
        X = numbered_rows(60)
        graph = NeighborGraph(20).fit(X)
        classifier = of_margins(np.random.RandomState(0).rand(60))
        for rows in (slice(None), slice(40)):
            strategy = UncertaintyHerding(graph)
            picks = strategy(classifier, X[rows], 5)
            once = uncertainty_herding_sampling(classifier, X[rows], 5, graph=graph)
            np.testing.assert_array_equal(picks, once)
            assert strategy.graph_ is graph
        np.testing.assert_array_equal(
            max_herding_sampling(None, X, 5, graph=graph), MaxHerding(graph)(None, X, 5)
        )
        assert len(fits) == 1

    def test_that_is_not_fitted_is_left_alone(self):
        graph = NeighborGraph(3)
        strategy = MaxHerding(graph)
        strategy(None, numbered_rows(9), 2)
        assert not hasattr(graph, "indices_")
        assert strategy.graph_.indices_.shape == (9, 3)

    @pytest.mark.parametrize("strategy", [UncertaintyHerding, MaxHerding])
    def test_can_be_made_before_the_first_query(self, fits, strategy):
        X, classifier = numbered_rows(400), of_margins(np.linspace(0, 1, 400))
        early = strategy(NeighborGraph(5)).fit(X)
        assert early.graph_.indices_.shape == (400, 5)
        np.testing.assert_array_equal(
            early(classifier, X, 30), strategy(NeighborGraph(5))(classifier, X, 30)
        )
        assert fits == [(400, 4)] * 2
        # Embeddings that `fit` got serve the samples of later queries, too.
        given = strategy(NeighborGraph(5)).fit(X, embeddings=X[:, 1:], ids=range(400))
        given(classifier, X[10:], 3, ids=range(10, 400))
        assert fits[2:] == [(400, 3), (30, 3)]
        with pytest.raises(ValueError, match="with ids and is now called without"):
            given(classifier, X, 3)
        with pytest.raises(ValueError, match="empty X_pool to fit"):
            strategy().fit(X[:0])
        with pytest.raises(ValueError, match="399 rows of embeddings for a pool of 40"):
            strategy().fit(X, embeddings=X[:399])

    def test_of_an_unfitted_network_waits_for_the_fit(self, fits):
        class Network(ByRowNumber):
            fitted = False

            def predict_proba(self, X):
                return super().predict_proba(X) if self.fitted else self.embed(X)

            def embed(self, X):
                if not self.fitted:
                    raise NotFittedError
                return np.asarray(X)[:, 1:3]

        X, network = numbered_rows(40), Network(np.full((40, 2), 0.5))
        for strategy in (UncertaintyHerding(), MaxHerding()):
            network.fitted = False
            strategy(network, X, 3)
            strategy(network, X, 3)
            network.fitted = True
            strategy(network, X, 3)
            strategy(network, X[:30], 3)
        assert fits == [(40, 4), (40, 2)] * 2

    def test_gains_rows_with_a_warning(self, fits):
        X = np.arange(10.0)[:, np.newaxis]
        strategy = MaxHerding(NeighborGraph(2, metric="sqeuclidean"))
        strategy(None, X, 2)
        more = np.vstack([X, [[50.0], [4.5], [4.5]]])
        with pytest.warns(UserWarning, match=r"3 rows of X_pool were not in the pool"):
            picks = strategy(None, more, 13)
        # The new rows 4.5 are equal, so one pick covers both and rows 4 and 5.
        assert picks[0] == 11
        np.testing.assert_allclose(
            strategy.last_query_.gain[0], 2 + 2 * np.exp(-1 / 8), rtol=1e-6
        )
        assert sorted(picks) == list(range(13))
        strategy(None, more[1:], 2)  # known by now: no warning
        assert len(fits) == 1

    def test_of_another_pool(self, fits):
        X, other = numbered_rows(20), -numbered_rows(30, seed=1)
        strategy = MaxHerding()
        strategy(None, X, 3)
        with pytest.warns(UserWarning, match=r"None of the 30 rows .*anew.*pass ids="):
            strategy(None, other, 3)
        assert fits == [(20, 4), (30, 4)]
        strategy = MaxHerding(embedding=X)
        strategy(None, X, 3)
        with pytest.raises(
            ValueError, match=r"30 of the 30 rows .*embeddings belong.*new instance"
        ):
            strategy(None, other, 3)
        graph = NeighborGraph(5).fit(X)
        classifier = of_margins(np.zeros(30))
        with pytest.raises(
            ValueError, match=r"graph of another pool: of 30 rows .* among its 20 rows"
        ):
            UncertaintyHerding(graph)(classifier, other, 3)
        strategy = UncertaintyHerding(graph)
        with pytest.raises(
            ValueError,
            match="another pool: .*of 2 columns, none .*of 4 columns",
        ):
            strategy(classifier, X[:, :2], 3)
        strategy(classifier, X, 3)
        with pytest.raises(ValueError, match="graph of another pool: of 30 rows"):
            strategy(classifier, other, 3)

    def test_of_one_row_may_gain_rows(self):
        X = numbered_rows(40)
        strategy = MaxHerding()
        strategy(None, X[:1], 1)
        with pytest.warns(UserWarning, match="39 rows of X_pool were not in the pool"):
            picks = strategy(None, X, 40)
        assert sorted(picks) == list(range(40))

    def test_cannot_have_more_neighbours_than_rows(self):
        classifier = of_margins(np.zeros(9))
        strategy = UncertaintyHerding(NeighborGraph(9))
        with pytest.raises(ValueError, match=r"n_neighbors=9 .*n_samples=9 rows"):
            strategy(classifier, numbered_rows(9), 2)
        assert classifier.n_calls == 0

    def test_needs_ids_always_or_never(self):
        X = numbered_rows(9)
        strategy = MaxHerding()
        strategy(None, X, 2, ids=range(9))
        with pytest.raises(ValueError, match="with ids and is now called without ids="):
            strategy(None, X, 2)

    def test_recognises_rows_by_ids(self, fits):
        X = numbered_rows(30)
        strategy = MaxHerding()
        strategy(None, X, 2, ids=range(30))
        strategy(None, np.float32(X[5:]), 2, ids=range(5, 30))
        assert len(fits) == 1


@pytest.mark.parametrize("scale", [0, -1, "auto", None])
def test_a_bad_kernel_scale(scale):
    for strategy in (UncertaintyHerding, MaxHerding):
        message = f"'kernel_scale' parameter of {strategy.__name__}"
        with pytest.raises(ValueError, match=message):
            strategy(kernel_scale=scale)(None, numbered_rows(9), 3)


def test_selects_for_asvp():
    """The pool has features and ids, and the proxy holds the labelled rows."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(300, 4)).astype(np.float32), np.arange(300) % 3
    network = NetworkClassifier(MLP, max_epochs=2, random_state=0)
    for graph, expected in ((NeighborGraph(2), (67, 260)), (None, (270, 260))):
        strategy = ASVP(UncertaintyHerding(graph), indicator=Never(), random_state=0)
        learner = ActiveLearner(DeferredFit(network), strategy, X[:20], y[:20])
        rest = np.arange(30, 300)
        for n_sampled in expected:
            indices, _ = learner.query(X[rest], n_instances=10)
            assert len(set(indices)) == 10
            record = strategy.selector_.last_query_
            assert record.n_sampled == n_sampled
            assert 0 < record.covered_before < record.covered <= 1
            learner.teach(X[rest[indices]], y[rest[indices]])
            rest = np.delete(rest, indices)
