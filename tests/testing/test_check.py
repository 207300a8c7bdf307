"""`check_query_strategy` reports what is wrong with a broken strategy."""

import contextlib
import re
import threading
import warnings

import numpy as np
import pytest
from modAL.models import ActiveLearner

from modal_clustermargin import strategies
from modal_clustermargin.testing import check_query_strategy

unpacks = "return_metrics" in ActiveLearner.query.__code__.co_varnames


def answer(positions):
    """The return value that the installed modAL expects."""
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
    """Repeats its first answer in every call."""

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
    """Gives the same unrelated warning in every call."""

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


def failure(strategy, name):
    """Message of the check of that name, or None if the check passes."""
    checks = {check.name: check for check in check_query_strategy(strategy)}
    try:
        checks[name]()
    except AssertionError as error:
        return str(error)


@pytest.mark.filterwarnings("ignore:did not converge")
@pytest.mark.parametrize(
    ("strategy", "check", "sentence"),
    [
        (duplicates, "check_gives_the_number_asked_of_distinct_rows", "twice or more"),
        (scales_the_pool, "check_does_not_change_its_inputs", "changed the pool"),
        (
            IgnoresItsSeed(),
            "check_gives_the_same_rows_for_the_same_seed",
            "although its random_state was 0",
        ),
        (
            IgnoresItsSeed(),
            "check_does_not_use_the_global_generator",
            "drew from numpy's global generator",
        ),
        (too_few, "check_gives_the_number_asked_of_distinct_rows", r"shape \(1,\)"),
        (
            bare_pair,
            "check_gives_positions_to_a_plain_classifier",
            "a tuple where positions were expected",
        ),
        (Cached(), "check_follows_a_pool_that_shrinks", "Cached"),
        (
            ChangesLabels(),
            "check_does_not_change_its_inputs",
            "changed the learner's labels",
        ),
        (
            Clips(),
            "check_gives_the_whole_pool_if_asked_for_more",
            "without a warning",
        ),
        (Locked(), "check_runs_once", "TypeError when it was copied"),
        (bare_positions, "check_rejects_invalid_queries", "accepted n_instances=0"),
        (bare_positions, "check_gives_the_whole_pool_if_asked_for_more", "shape"),
        (
            lambda learner, X_pool, n: of_learner(learner, np.arange(n)),
            "check_can_be_pickled",
            "when it was pickled",
        ),
    ],
)
def test_a_broken_strategy_is_reported(strategy, check, sentence):
    assert re.search(sentence, failure(strategy, check) or "no failure")


def test_a_return_value_that_this_modal_does_not_expect():
    name = "check_gives_the_number_asked_of_distinct_rows"
    if unpacks:
        assert "ran 2 times" in failure(bare_positions, "check_runs_once")
        expected = "asked for 2 of 60 rows and returned positions of shape ()"
        assert expected in failure(bare_positions, name)
    else:
        assert failure(bare_pair, name)


@pytest.mark.parametrize("strategy", [outside, floats])
def test_positions_outside_the_pool_or_not_integers(strategy):
    assert failure(strategy, "check_gives_the_number_asked_of_distinct_rows")


def test_names_of_checks_and_invalid_strategies():
    names = [str(check) for check in check_query_strategy(bare_positions)]
    assert len(names) == len(set(names)) > 10
    with pytest.raises(TypeError, match=r"can be called.*got 'margin'.*an instance"):
        check_query_strategy("margin")
    with pytest.raises(TypeError, match="Pass an instance"):
        check_query_strategy(strategies.MarginSampling)


def test_neither_the_strategy_nor_the_global_generator_changes():
    def drawing(learner, X_pool, n_instances=1):
        return of_learner(learner, np.random.choice(len(X_pool), n_instances, False))

    drawing.random_state = 5
    before = np.random.get_state()[1:3]
    for check in check_query_strategy(drawing):
        with contextlib.suppress(AssertionError):
            check()
    after = np.random.get_state()[1:3]
    assert drawing.random_state == 5
    assert np.array_equal(before[0], after[0])
    assert before[1] == after[1]
