"""What strategies are tried on, and what is expected of every answer.

This imports modAL, since a check is of what the modAL that is installed makes of a
strategy.
"""

import contextlib
import copy
import functools
import inspect

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

N_POOL = 60


class Broken(AssertionError):
    """A promise that is not kept, in a sentence."""


def name_of(strategy):
    """What to call a strategy in a sentence."""
    if isinstance(strategy, functools.partial):
        return name_of(strategy.func)
    return getattr(strategy, "__name__", type(strategy).__name__)


def expect(condition, strategy, sentence):
    """Raise `Broken` with a sentence about the strategy, unless the condition holds."""
    if not condition:
        raise Broken(f"{name_of(strategy)} {sentence}")


def data(n_pool=N_POOL):
    """Labelled rows with labels, and a pool."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(20 + n_pool, 4))
    y = (X[:20, 0] > 0) + (X[:20, 1] > 0.5)
    return X[:20], y.astype(int), X[20:]


class Counted:
    """A strategy whose calls are counted."""

    def __init__(self, strategy):
        self.strategy = strategy
        self.n_calls = 0

    def __call__(self, *arguments, **keywords):
        self.n_calls += 1
        return self.strategy(*arguments, **keywords)


def learner_with(strategy):
    """A fitted ActiveLearner of the modAL that is installed."""
    from modAL.models import ActiveLearner

    X, y, _ = data()
    return ActiveLearner(LogisticRegression(), strategy, X, y)


def query_of(strategy, X_pool, n_instances):
    """Positions and rows that a modAL learner returns, as they come."""
    answer = learner_with(strategy).query(X_pool, n_instances=n_instances)
    expect(
        isinstance(answer, tuple) and len(answer) == 2,
        strategy,
        "has a modAL learner return something else than (positions, rows).",
    )
    return answer


def positions_of(strategy, X_pool, n_instances, classifier=None):
    """Positions, from a learner or from a plain classifier, checked for their form."""
    if classifier is None:
        positions, _ = query_of(strategy, X_pool, n_instances)
    else:
        positions = strategy(classifier, X_pool, n_instances)
        if isinstance(positions, tuple) and len(positions) == 2:
            positions = positions[0]  # another check tells of it
    return np.asarray(positions)


def expect_positions(strategy, positions, n_instances, n_pool, where):
    """Expect different integers in the pool, as many as asked for."""
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
    expect(
        ((positions >= 0) & (positions < n_pool)).all(),
        strategy,
        f"returned positions outside of the pool of {n_pool} rows, {where}:"
        f" {positions[(positions < 0) | (positions >= n_pool)][:3].tolist()}.",
    )
    expect(
        len(np.unique(positions)) == n_instances,
        strategy,
        f"returned {n_instances - len(np.unique(positions))} of {n_instances} positions"
        f" twice or more, {where}.",
    )


class Asked(LogisticRegression):
    """Says whether it was asked for probabilities."""

    was_asked = False

    def predict_proba(self, X):
        self.was_asked = True
        return super().predict_proba(X)


class Diverged(Asked):
    """Answers NaN."""

    def predict_proba(self, X):
        return np.full(super().predict_proba(X).shape, np.nan)


def fitted(kind=LogisticRegression):
    """A plain classifier that knows the labelled rows."""
    X, y, _ = data()
    return kind().fit(X, y)


def seeded(strategy):
    """The strategy with ``random_state=0``, if it has one; and whether it has."""
    with contextlib.suppress(TypeError, ValueError):  # no signature to look at
        if "random_state" in inspect.signature(strategy).parameters:
            return functools.partial(strategy, random_state=0), True
    if isinstance(strategy, functools.partial):
        inner, has_seed = seeded(copy.deepcopy(strategy.func))
        return functools.partial(inner, *strategy.args, **strategy.keywords), has_seed
    if hasattr(strategy, "random_state") and not inspect.isroutine(strategy):
        strategy.random_state = 0
        return strategy, True
    return strategy, False


class OfRows(LogisticRegression):
    """Takes pools of every kind itself, so that failures are the strategy's."""

    def predict_proba(self, X):
        X = X.toarray() if sparse.issparse(X) else np.asarray(X)
        return super().predict_proba(X.reshape(len(X), -1))
