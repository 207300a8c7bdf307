"""Pools, classifiers and learners for the checks, and the check of positions."""

import contextlib
import copy
import functools
import inspect

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

N_POOL = 60


class Broken(AssertionError):
    """A strategy breaks its contract; the message says how."""


def name_of(strategy):
    """The name of a strategy in messages."""
    if isinstance(strategy, functools.partial):
        return name_of(strategy.func)
    return getattr(strategy, "__name__", type(strategy).__name__)


def expect(condition, strategy, sentence):
    """Raise `Broken` unless the condition holds."""
    if not condition:
        raise Broken(f"{name_of(strategy)} {sentence}")


@contextlib.contextmanager
def no_error(strategy, when):
    """Turn every error of a strategy into a `Broken` that says when it was raised."""
    try:
        yield
    except Broken:
        raise
    except Exception as error:
        raise Broken(
            f"{name_of(strategy)} raised {type(error).__name__} {when}: {error}"
        ) from error


def make_data():
    """20 labelled rows, their labels, and a pool of `N_POOL` rows."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(20 + N_POOL, 4))
    y = (X[:20, 0] > 0) + (X[:20, 1] > 0.5)
    return X[:20], y.astype(int), X[20:]


class AskedClassifier(LogisticRegression):
    """Records whether it was asked for probabilities; takes every kind of pool."""

    was_asked = False

    def predict_proba(self, X):
        self.was_asked = True
        X = X.toarray() if sparse.issparse(X) else np.asarray(X)
        return super().predict_proba(X.reshape(len(X), -1))


class NaNClassifier(AskedClassifier):
    """Returns NaN probabilities."""

    def predict_proba(self, X):
        return np.full(super().predict_proba(X).shape, np.nan)


def make_classifier(kind=AskedClassifier):
    """A classifier without modAL, fitted to the labelled rows."""
    X, y, _ = make_data()
    return kind().fit(X, y)


def make_learner(strategy):
    """A fitted ActiveLearner of the installed modAL."""
    from modAL.models import ActiveLearner

    X, y, _ = make_data()
    return ActiveLearner(LogisticRegression(), strategy, X, y)


def query(strategy, X_pool, *n_instances):
    """The positions and rows that a query of a modAL learner returns."""
    answer = make_learner(copy.deepcopy(strategy)).query(X_pool, *n_instances)
    expect(
        isinstance(answer, tuple) and len(answer) == 2,
        strategy,
        "makes a modAL learner return something other than (positions, rows).",
    )
    return answer


def positions_of(strategy, X_pool, n_instances, classifier=None):
    """Positions that a copy of the strategy returns to a classifier."""
    classifier = make_classifier() if classifier is None else classifier
    positions = copy.deepcopy(strategy)(classifier, X_pool, n_instances)
    if isinstance(positions, tuple) and len(positions) == 2:
        positions = positions[0]  # another check reports the pair
    return np.asarray(positions)


def seeded(strategy):
    """The strategy, with ``random_state=0`` if it has a seed, and whether it has."""
    with contextlib.suppress(TypeError, ValueError):  # no signature
        if "random_state" in inspect.signature(strategy).parameters:
            return functools.partial(strategy, random_state=0), True
    if isinstance(strategy, functools.partial):
        inner, has_seed = seeded(copy.deepcopy(strategy.func))
        return functools.partial(inner, *strategy.args, **strategy.keywords), has_seed
    if hasattr(strategy, "random_state") and not inspect.isroutine(strategy):
        strategy.random_state = 0
        return strategy, True
    return strategy, False


def expect_positions(strategy, positions, n_instances, n_pool, where):
    """Expect `n_instances` different integers below `n_pool`."""
    expect(
        not isinstance(positions, tuple),
        strategy,
        f"returned a tuple where positions were expected, {where}. Return a pair to"
        " learners whose query takes return_metrics, and to no others.",
    )
    positions = np.asarray(positions)
    expect(
        positions.shape == (n_instances,),
        strategy,
        f"was asked for {n_instances} of {n_pool} rows and returned positions of shape"
        f" {positions.shape}, {where}.",
    )
    expect(
        positions.dtype.kind in "iu",
        strategy,
        f"returned positions of type {positions.dtype}, {where}; integers were"
        " expected.",
    )
    outside = (positions < 0) | (positions >= n_pool)
    expect(
        not outside.any(),
        strategy,
        f"returned positions outside the pool of {n_pool} rows, {where}:"
        f" {positions[outside][:3].tolist()}.",
    )
    n_repeated = n_instances - len(np.unique(positions))
    expect(
        not n_repeated,
        strategy,
        f"returned {n_repeated} of {n_instances} positions twice or more, {where}.",
    )
