"""The public checks: all strategies here pass, and broken ones are told why."""

import functools
import threading
import warnings

import numpy as np
import pytest
from modAL.models import ActiveLearner
from scipy import sparse

from modal_clustermargin import strategies
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.testing import check_query_strategy

LABELLED = (
    np.array([[-1.0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]]),
    np.array([0, 1, 2]),
)


def rows_themselves(classifier, X):
    X = X.toarray() if sparse.issparse(X) else np.asarray(X)
    return X.reshape(len(X), -1)


OURS = [
    *[each() for each in QueryStrategy.__subclasses__() if each is not strategies.ASVP],
    strategies.ASVP(
        embedding=rows_themselves, indicator=strategies.Never(), labelled=LABELLED
    ),
    strategies.BADGE(first="drawn", n_partitions=3),
    strategies.CoreSet(metric="cosine", n_partitions=3),
    strategies.badge_sampling,
    functools.partial(strategies.badge_sampling, first="drawn"),
    functools.partial(strategies.RandomSampling(), ids=None),
    strategies.margin_sampling,
]
unpacks = "return_metrics" in ActiveLearner.query.__code__.co_varnames


@pytest.mark.parametrize(
    "check",
    [check for strategy in OURS for check in check_query_strategy(strategy)],
    ids=repr,
)
def test_strategies_of_this_package(check):
    check()


def answer(positions):
    """What this modAL wants."""
    return (positions, np.zeros(len(positions))) if unpacks else positions


def of_learner(learner, positions):
    return answer(positions) if hasattr(learner, "query") else positions


def duplicates(learner, X_pool, n_instances=1):
    positions = np.arange(n_instances)
    positions[-1] = 0
    return of_learner(learner, positions)


def bare_pair(learner, X_pool, n_instances=1):
    return np.arange(n_instances), np.zeros(n_instances)


def bare_positions(learner, X_pool, n_instances=1):
    return np.arange(n_instances)


def scales_the_pool(learner, X_pool, n_instances=1):
    X_pool -= 1
    return of_learner(learner, np.arange(n_instances))


class IgnoresItsSeed:
    def __init__(self, random_state=None):
        self.random_state = random_state

    def __call__(self, learner, X_pool, n_instances=1):
        picks = np.random.choice(len(X_pool), n_instances, replace=False)
        return of_learner(learner, picks)


class Cached:
    """Answers for ever what it answered first."""

    positions = None

    def __call__(self, learner, X_pool, n_instances=1):
        if self.positions is None:
            self.positions = np.arange(len(X_pool))[-n_instances:]
        return of_learner(learner, self.positions)


class ChangesLabels:
    def __call__(self, learner, X_pool, n_instances=1):
        if hasattr(learner, "y_training"):
            learner.y_training[:] = 0
        return of_learner(learner, np.arange(n_instances))


class Clips:
    """Warns of everything, and of nothing in particular."""

    def __call__(self, learner, X_pool, n_instances=1):
        warnings.warn("did not converge", UserWarning, stacklevel=2)
        return of_learner(learner, np.arange(min(n_instances, len(X_pool))))


class Locked:
    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, learner, X_pool, n_instances=1):
        return of_learner(learner, np.arange(n_instances))


def too_few(learner, X_pool, n_instances=1):
    return of_learner(learner, np.arange(max(n_instances - 1, 1)))


def outside(learner, X_pool, n_instances=1):
    return of_learner(learner, np.arange(n_instances) + len(X_pool) - 1)


def floats(learner, X_pool, n_instances=1):
    return of_learner(learner, np.arange(n_instances, dtype=float))


def failures(strategy):
    found = {}
    for check in check_query_strategy(strategy):
        try:
            check()
        except Exception as error:
            found[check.name] = str(error)
    return found


@pytest.mark.filterwarnings("ignore:did not converge")
@pytest.mark.parametrize(
    ("strategy", "check", "sentence"),
    [
        (duplicates, "check_gives_the_number_asked_of_distinct_rows", "twice or more"),
        (scales_the_pool, "check_leaves_the_pool_alone", "changed the pool"),
        (
            IgnoresItsSeed(),
            "check_gives_the_same_rows_for_the_same_seed",
            "although its random_state was 0",
        ),
        (
            IgnoresItsSeed(),
            "check_leaves_the_global_generator_alone",
            "drew from numpy's global generator",
        ),
        (too_few, "check_gives_the_number_asked_of_distinct_rows", r"shape \(1,\)"),
        (
            bare_pair,
            "check_gives_positions_to_a_plain_classifier",
            "a tuple where positions were expected",
        ),
        (Cached(), "check_keeps_up_with_a_pool_that_shrinks", "Cached"),
        (ChangesLabels(), "check_leaves_the_pool_alone", "or their labels"),
        (
            Clips(),
            "check_gives_the_whole_pool_if_asked_for_more",
            "without a warning",
        ),
        (Locked(), "check_runs_once", "cannot be copied"),
        (bare_positions, "check_refuses_senseless_queries", "accepted n_instances=0"),
        (bare_positions, "check_gives_the_whole_pool_if_asked_for_more", "shape"),
        (
            lambda learner, X_pool, n: of_learner(learner, np.arange(n)),
            "check_can_be_pickled",
            "cannot be pickled",
        ),
    ],
)
def test_broken_strategies_are_caught_by_name(strategy, check, sentence):
    found = failures(strategy)
    assert check in found
    with pytest.raises(AssertionError, match=sentence):
        raise AssertionError(found[check])


def test_what_modal_does_with_an_answer_that_it_does_not_expect():
    if unpacks:
        found = failures(bare_positions)
        assert "ran 2 times" in found["check_runs_once"]
        number = found["check_gives_the_number_asked_of_distinct_rows"]
        assert "asked for 2 of 60 rows and returned positions of shape ()" in number
    else:
        found = failures(bare_pair)
        expected = "check_gives_the_number_asked_of_distinct_rows"
        assert expected in found


def test_strange_positions():
    for strategy in (outside, floats):
        assert "check_gives_the_number_asked_of_distinct_rows" in failures(strategy)


def test_names_and_what_is_no_strategy():
    names = [str(check) for check in check_query_strategy(bare_positions)]
    assert len(names) == len(set(names)) > 10
    with pytest.raises(TypeError, match=r"can be called.*got 'margin'.*an instance"):
        check_query_strategy("margin")
    with pytest.raises(TypeError, match="pass an instance"):
        check_query_strategy(strategies.MarginSampling)


def test_leaves_no_trace():
    def drawing(learner, X_pool, n_instances=1):
        return of_learner(learner, np.random.choice(len(X_pool), n_instances, False))

    drawing.random_state = 5
    before = np.random.get_state()[1:3]
    failures(drawing)
    after = np.random.get_state()[1:3]
    assert drawing.random_state == 5
    assert np.array_equal(before[0], after[0])
    assert before[1] == after[1]
