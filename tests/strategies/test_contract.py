"""The contract of every strategy: the public checks, and what is ours alone."""

import functools
import inspect
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.svm import LinearSVC

from modal_clustermargin import strategies
from modal_clustermargin.learners import ActiveLearner, Committee
from modal_clustermargin.testing import check_query_strategy
from tests.strategies.make_pools import (
    POOL_KINDS,
    STRATEGIES,
    ByRowNumber,
    Unfitted,
    make,
    numbered_rows,
    of_margins,
    parameters_of,
    queries,
)

ASKS_THE_CLASSIFIER = [
    strategies.BADGE,
    strategies.ClusterMargin,
    strategies.MarginSampling,
    strategies.UncertaintyHerding,
]


CONTRACT = [
    *map(make, STRATEGIES),
    strategies.BADGE(first="drawn", n_partitions=3),
    strategies.CoreSet(metric="cosine", n_partitions=3),
    strategies.margin_sampling,
    functools.partial(strategies.badge_sampling, first="drawn", random_state=0),
    functools.partial(strategies.RandomSampling(), ids=None),
]


@pytest.mark.parametrize(
    "check",
    [check for strategy in CONTRACT for check in check_query_strategy(strategy)],
    ids=repr,
)
def test_keeps_the_public_contract(check):
    check()


@pytest.mark.parametrize("strategy", STRATEGIES)
class TestEveryStrategy:
    @settings(max_examples=50)
    @given(query=queries())
    def test_same_seed_gives_the_same_distinct_positions(self, strategy, query):
        classifier, _, X_pool, _, n_instances = query
        instance = make(strategy)
        first = instance(classifier, X_pool, n_instances)
        assert first.dtype == np.intp
        assert len(set(first)) == len(first) == n_instances
        assert set(first) <= set(range(len(X_pool)))
        for again in (instance, make(strategy)):
            picks = again(classifier, X_pool, n_instances)
            np.testing.assert_array_equal(picks, first)

    @pytest.mark.parametrize("kind", POOL_KINDS)
    def test_takes_a_pool_of_any_kind(self, strategy, kind, tmp_path):
        X = numbered_rows(50)
        classifier = of_margins(np.random.RandomState(1).uniform(size=50))
        expected = make(strategy)(classifier, X, 10)
        picks = make(strategy)(classifier, POOL_KINDS[kind](X, tmp_path), 10)
        np.testing.assert_array_equal(picks, expected)

    def test_more_than_the_pool_is_all_of_it_with_a_warning(self, strategy):
        classifier = of_margins(np.linspace(0, 1, 6))
        with pytest.warns(
            UserWarning, match=r"n_instances=9 of a pool of 6 rows; all 6"
        ):
            indices = make(strategy)(classifier, numbered_rows(6), 9)
        assert sorted(indices) == list(range(6))

    def test_answers_with_metrics_only_to_a_learner_that_takes_them(self, strategy):
        class Old(ByRowNumber):
            def query(self, X_pool, *args, **kwargs): ...

        class New(ByRowNumber):
            def query(self, X_pool, *args, return_metrics=False, **kwargs): ...

        proba, X_pool = np.full((4, 2), 0.5), numbered_rows(4)
        assert isinstance(make(strategy)(Old(proba), X_pool, 2), np.ndarray)
        indices, metrics = make(strategy)(New(proba), X_pool, 2)
        assert indices.shape == metrics.shape == (2,)

    def test_keeps_its_parameters_and_can_be_cloned_and_printed(self, strategy):
        instance = make(strategy, seed=3)
        parameters = instance.get_params()
        classifier, X_pool = of_margins(np.linspace(0, 1, 20)), numbered_rows(20)
        expected = instance(classifier, X_pool, 5)
        assert instance.get_params() == parameters
        picks = clone(instance)(classifier, X_pool, 5)
        np.testing.assert_array_equal(picks, expected)
        assert repr(instance).startswith(strategy.__name__)

    def test_has_a_function_that_does_the_same_once(self, strategy):
        wanted = strategy.__name__.removesuffix("Sampling").lower() + "sampling"
        (name,) = (n for n in strategies.__all__ if n.replace("_", "") == wanted)
        function = getattr(strategies, name)
        instance = make(strategy)
        classifier, X_pool = of_margins(np.linspace(0, 1, 20)), numbered_rows(20)
        np.testing.assert_array_equal(
            function(classifier, X_pool, 5, **parameters_of(strategy)),
            instance(classifier, X_pool, 5),
        )
        with pytest.raises(TypeError, match=f"{strategy.__name__}.*'misspelt'"):
            function(classifier, X_pool, 5, misspelt=1)
        # A comparison looks here for a parameter to pass its seed by.
        known = {"classifier", "X_pool", "n_instances", "ids", *instance.get_params()}
        assert set(inspect.signature(function).parameters) == known
        assert pickle.loads(pickle.dumps(function)) is function

    @pytest.mark.parametrize(
        ("X_pool", "n_instances", "message"),
        [
            (np.ones((3, 2)), 0, r"needs n_instances >= 1; got 0\."),
            (np.ones((3, 2)), -1, r"needs n_instances >= 1; got -1\."),
            (np.ones((3, 2)), 2.5, "needs n_instances to be an integer >= 1; got 2.5"),
            (np.ones((3, 2)), "2", "needs n_instances to be an integer >= 1; got '2'"),
            (np.ones((3, 2)), True, "to be an integer >= 1; got True"),
            (np.ones((3, 2)), None, "to be an integer >= 1; got None"),
            (np.empty((0, 3)), 2, "got an empty X_pool"),
            ([], 2, "got an empty X_pool"),
            (None, 2, "needs rows as X_pool; got None"),
            ("pool.zarr", 2, "needs rows as X_pool; got 'pool.zarr'"),
        ],
    )
    def test_rejects_invalid_arguments(self, strategy, X_pool, n_instances, message):
        with pytest.raises(ValueError, match=f"{strategy.__name__} .*{message}"):
            make(strategy)(Unfitted(), X_pool, n_instances)

    def test_says_that_several_inputs_are_no_rows(self, strategy):
        X_pool = {"a": numbered_rows(9), "b": numbered_rows(9)}
        message = f"{strategy.__name__} needs X_pool with one item for each row"
        with pytest.raises(TypeError, match=message):
            make(strategy)(Unfitted(), X_pool, 1)

    def test_says_what_is_wrong_with_ids(self, strategy):
        X_pool = numbered_rows(3)
        with pytest.raises(ValueError, match=r"ids of shape \(2,\) for a pool of 3"):
            make(strategy)(Unfitted(), X_pool, 1, ids=[1, 2])
        with pytest.raises(ValueError, match=r"different id .*; b is given 2 times"):
            make(strategy)(Unfitted(), X_pool, 1, ids=["b", "a", "b"])


@pytest.mark.parametrize("strategy", ASKS_THE_CLASSIFIER)
class TestWhatIsAskedOfTheClassifier:
    def test_is_asked_once_for_each_row_in_blocks(self, strategy):
        n_pool = 30_000
        proba = np.random.RandomState(0).dirichlet(np.ones(600), size=n_pool // 100)
        proba = np.repeat(proba, 100, axis=0).astype(np.float32)
        classifier = ByRowNumber(proba)
        instance = make(strategy)
        if strategy is strategies.ClusterMargin:
            instance.fit(numbered_rows(n_pool, 1), embeddings=np.ones((n_pool, 1)))
        instance(classifier, numbered_rows(n_pool, 1), 10)
        # 32 MiB of float64 probabilities, and the first block of 1,024 rows.
        assert classifier.largest_block <= 2**25 / 8 / 600
        assert classifier.n_calls <= 2 + n_pool // (2**25 // 8 // 600)

    @pytest.mark.parametrize(
        ("n_pool", "row", "values", "message"),
        [
            (2000, 1500, [np.nan, 0.5], "NaN or infinity for row 1500 of X_pool"),
            (2000, 1500, [np.inf, 0.5], "NaN or infinity for row 1500 of X_pool"),
            (1500, 1400, 0.9, "sum to 1.8 for row 1400 of X_pool, and to one"),
            (9, 4, 0.52, "sum to 1.04 for row 4 of X_pool"),
            (3, ..., [-3, 7], r"between 0 and 1; .* row 0 of X_pool"),
        ],
    )
    def test_says_which_row_has_bad_probabilities(
        self, strategy, n_pool, row, values, message
    ):
        proba = np.full((n_pool, 2), 0.5)
        proba[row] = values
        with pytest.raises(ValueError, match=message):
            make(strategy)(ByRowNumber(proba), numbered_rows(n_pool), 1)

    @pytest.mark.parametrize("asks", ["itself", "learner", "committee"])
    @pytest.mark.parametrize(
        "estimator", [LinearSVC(), Ridge(), GridSearchCV(LinearSVC(), {}, cv=2)]
    )
    def test_says_that_predict_proba_is_missing(self, strategy, asks, estimator):
        X, y = numbered_rows(6), np.arange(6) % 2
        name, classifier = type(estimator).__name__, clone(estimator).fit(X, y)
        if asks != "itself":
            classifier = ActiveLearner(classifier, X_training=X, y_training=y)
        if asks == "committee":
            classifier = Committee([classifier])
        with pytest.raises(
            ValueError, match=rf"predict_proba, but {name} has none\. Use"
        ):
            make(strategy)(classifier, X, 1)

    @pytest.mark.parametrize("shape", [(3,), (3, 2, 1), (2, 2), (3, 0)])
    def test_says_what_shape_it_wanted(self, strategy, shape):
        class Odd:
            def predict_proba(self, X):
                return np.ones(shape)

        with pytest.raises(ValueError, match="predict_proba with 3 rows and got"):
            make(strategy)(Odd(), numbered_rows(3), 1)

    def test_says_that_probabilities_must_be_numbers(self, strategy):
        with pytest.raises(ValueError, match="probabilities of type <U1"):
            make(strategy)(ByRowNumber([["a", "b"]] * 3), numbered_rows(3), 1)

    @pytest.mark.parametrize("form", ["float16", ">f8", "longdouble", "tensor"])
    def test_takes_probabilities_in_any_form(self, strategy, form):
        proba = np.random.RandomState(0).dirichlet(np.ones(100), size=20)
        exact = make(strategy)(ByRowNumber(proba), numbered_rows(20), 20)

        class InThisForm(ByRowNumber):
            def predict_proba(self, X):
                answer = super().predict_proba(X)
                if form == "tensor":
                    return torch.tensor(answer, requires_grad=True)
                return answer.astype(form)

        picks = make(strategy)(InThisForm(proba), numbered_rows(20), 20)
        assert sorted(picks) == sorted(exact)
        if form != "float16":
            np.testing.assert_array_equal(picks, exact)

    def test_outputs_in_a_list_are_labels_too(self, strategy):
        """The form of a forest with several outputs."""

        class Forest:
            def predict_proba(self, X):
                p = np.array([[0.9, 0.9], [0.6, 0.5], [0.8, 0.6]])[: len(X)]
                return [np.column_stack([1 - q, q]) for q in p.T]

        assert make(strategy)(Forest(), numbered_rows(3), 1) == [1]


@pytest.mark.parametrize(
    "strategy", [strategies.ClusterMargin, strategies.MarginSampling]
)
@pytest.mark.parametrize(
    ("reduction", "expected"), [("mean", [2, 1, 0]), ("min", [1, 2, 0])]
)
def test_several_labels_make_one_margin(strategy, reduction, expected):
    # The margins of the labels are 1, 1, 1; 0.2, 0.8, 0.8; 0.4, 0.4, 0.4.
    proba = np.array([[1.0, 0.0, 1.0], [0.6, 0.9, 0.9], [0.3, 0.7, 0.3]])
    instance = make(strategy).set_params(multilabel=reduction)
    classifier, X_pool = ByRowNumber(proba), numbered_rows(3)
    if strategy is strategies.ClusterMargin:
        instance.set_params(candidate_factor=1)
    assert instance(classifier, X_pool, 1) == expected[:1]


def concrete(strategy):
    """The subclasses of a strategy, without base classes and those of a study."""
    for each in strategy.__subclasses__():
        yield from concrete(each)
        is_ours = each.__module__.startswith("modal_clustermargin.")
        if is_ours and not inspect.isabstract(each):
            yield each


def test_every_strategy_is_public_and_tested():
    assert set(STRATEGIES) == {*concrete(strategies.QueryStrategy)}
    assert {s.__name__ for s in STRATEGIES} <= set(strategies.__all__)
