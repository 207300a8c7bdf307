"""The contract of a query strategy, as checks that anybody can run.

What scikit-learn's ``check_estimator`` is for estimators, `check_query_strategy` is
for whatever can be passed to modAL as ``query_strategy``.
"""

# ruff: noqa: NPY002  numpy's global generator is what is looked at
import contextlib
import copy
import functools
import inspect
import pickle
import warnings

import numpy as np
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

__all__ = ["QueryStrategyCheck", "check_query_strategy"]

_N_POOL = 60


class _Broken(AssertionError):
    """A promise that is not kept, in a sentence."""


class QueryStrategyCheck:
    """One promise of a query strategy, and how to see whether it is kept.

    Calling it raises AssertionError with a sentence if the promise is broken, and
    does nothing otherwise. ``str`` gives its name.

    Attributes
    ----------
    name : str

    strategy : callable
        Copied by each call.
    """

    def __init__(self, check, strategy):
        self.name = check.__name__
        self.strategy = strategy
        self._check = check

    def __call__(self):
        name = _name_of(self.strategy)
        try:
            strategy = copy.deepcopy(self.strategy)
        except Exception as error:
            raise _Broken(
                f"{name} cannot be copied, so it cannot be checked, nor a learner with"
                f" it be kept: {error}"
            ) from error
        state = np.random.get_state()
        try:
            with warnings.catch_warnings():
                # modAL calls scikit-learn by an argument's old name.
                warnings.filterwarnings("ignore", "'force_all_finite'", FutureWarning)
                self._check(strategy)
        except _Broken:
            raise
        except Exception as error:
            raise _Broken(
                f"{name} raised {type(error).__name__} where it should have chosen rows"
                f" ({self.name}): {error}"
            ) from error
        finally:
            np.random.set_state(state)

    def __str__(self):
        return self.name

    def __repr__(self):
        return f"<{self.name} of {_name_of(self.strategy)}>"


def check_query_strategy(strategy):
    """Checks of what a strategy promises to those who call it.

    Run under the modAL that is installed: what a strategy has to return differs
    from 0.4.1 to 0.4.2. numpy's global generator is put back after each.

    Parameters
    ----------
    strategy : callable
        ``strategy(learner, X_pool, n_instances)``: a function, a partial or an
        instance, which is copied for each check.

    Returns
    -------
    checks : iterator of QueryStrategyCheck
        To be called; AssertionError explains what is broken.

    Raises
    ------
    TypeError
        If `strategy` cannot be called, or is a class.

    Examples
    --------
    >>> from modal_clustermargin import MarginSampling
    >>> from modal_clustermargin.testing import check_query_strategy
    >>> for check in check_query_strategy(MarginSampling()):
    ...     check()

    Under pytest:

    >>> import pytest
    >>> checks = check_query_strategy(MarginSampling())
    >>> @pytest.mark.parametrize("check", checks, ids=str)
    ... def test_contract(check):
    ...     check()
    """
    if not callable(strategy) or isinstance(strategy, type):
        raise TypeError(
            "check_query_strategy wants a strategy that can be called with (learner,"
            f" X_pool, n_instances); got {strategy!r}. Of a class, pass an instance."
        )
    return (QueryStrategyCheck(check, strategy) for check in _CHECKS)


# ---- what checks are made of -------------------------------------------------


def _name_of(strategy):
    if isinstance(strategy, functools.partial):
        return _name_of(strategy.func)
    return getattr(strategy, "__name__", type(strategy).__name__)


def _expect(condition, strategy, sentence):
    if not condition:
        raise _Broken(f"{_name_of(strategy)} {sentence}")


def _data(n_pool=_N_POOL):
    """Labelled rows with labels, and a pool."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(20 + n_pool, 4))
    y = (X[:20, 0] > 0) + (X[:20, 1] > 0.5)
    return X[:20], y.astype(int), X[20:]


class _Counted:
    """A strategy whose calls are counted."""

    def __init__(self, strategy):
        self.strategy = strategy
        self.n_calls = 0

    def __call__(self, *arguments, **keywords):
        self.n_calls += 1
        return self.strategy(*arguments, **keywords)


def _learner(strategy):
    from modAL.models import ActiveLearner

    X, y, _ = _data()
    return ActiveLearner(LogisticRegression(), strategy, X, y)


def _query(strategy, X_pool, n_instances):
    """Positions and rows that a modAL learner returns, as they come."""
    answer = _learner(strategy).query(X_pool, n_instances=n_instances)
    _expect(
        isinstance(answer, tuple) and len(answer) == 2,
        strategy,
        "has a modAL learner return something else than (positions, rows).",
    )
    return answer


def _positions(strategy, X_pool, n_instances, classifier=None):
    """Positions, from a learner or from a plain classifier, checked for their form."""
    if classifier is None:
        positions, _ = _query(strategy, X_pool, n_instances)
    else:
        positions = strategy(classifier, X_pool, n_instances)
        if isinstance(positions, tuple) and len(positions) == 2:
            positions = positions[0]  # another check tells of it
    return np.asarray(positions)


def _expect_positions(strategy, positions, n_instances, n_pool, where):
    _expect(
        not isinstance(positions, tuple),
        strategy,
        f"returned a tuple where positions were expected, {where}. Return a pair to"
        " learners whose query takes return_metrics, and to no others.",
    )
    positions = np.asarray(positions)
    _expect(
        positions.shape == (n_instances,),
        strategy,
        f"was asked for {n_instances} of {n_pool} rows and returned positions of shape"
        f" {positions.shape}, {where}.",
    )
    _expect(
        positions.dtype.kind in "iu",
        strategy,
        f"returned positions of type {positions.dtype}, {where}; integers were"
        " expected.",
    )
    _expect(
        ((positions >= 0) & (positions < n_pool)).all(),
        strategy,
        f"returned positions outside of the pool of {n_pool} rows, {where}:"
        f" {positions[(positions < 0) | (positions >= n_pool)][:3].tolist()}.",
    )
    _expect(
        len(np.unique(positions)) == n_instances,
        strategy,
        f"returned {n_instances - len(np.unique(positions))} of {n_instances} positions"
        f" twice or more, {where}.",
    )


class _Asked(LogisticRegression):
    """Says whether it was asked for probabilities."""

    was_asked = False

    def predict_proba(self, X):
        self.was_asked = True
        return super().predict_proba(X)


class _Diverged(_Asked):
    def predict_proba(self, X):
        return np.full(super().predict_proba(X).shape, np.nan)


def _fitted(kind=LogisticRegression):
    X, y, _ = _data()
    return kind().fit(X, y)


def _seeded(strategy):
    """The strategy with ``random_state=0``, if it has one; and whether it has."""
    with contextlib.suppress(TypeError, ValueError):  # no signature to look at
        if "random_state" in inspect.signature(strategy).parameters:
            return functools.partial(strategy, random_state=0), True
    if isinstance(strategy, functools.partial):
        inner, has_seed = _seeded(copy.deepcopy(strategy.func))
        return functools.partial(inner, *strategy.args, **strategy.keywords), has_seed
    if hasattr(strategy, "random_state") and not inspect.isroutine(strategy):
        strategy.random_state = 0
        return strategy, True
    return strategy, False


# ---- the checks --------------------------------------------------------------


def check_gives_the_number_asked_of_distinct_rows(strategy):
    """A learner's query returns exactly as many different positions as asked."""
    _, _, X_pool = _data()
    for n_instances in (1, 2, 3, 17, _N_POOL):
        positions, _ = _query(copy.deepcopy(strategy), X_pool, n_instances)
        where = f"in a learner's query with n_instances={n_instances}"
        _expect_positions(strategy, positions, n_instances, _N_POOL, where)


def check_gives_the_rows_at_its_positions(strategy):
    """The rows that a learner's query returns are those at the positions."""
    _, _, X_pool = _data()
    for n_instances in (1, 2, 5):
        positions, rows = _query(copy.deepcopy(strategy), X_pool, n_instances)
        positions = np.asarray(positions)
        right = positions.dtype.kind in "iu" and np.array_equal(
            np.atleast_2d(rows), np.atleast_2d(X_pool[positions])
        )
        _expect(
            right,
            strategy,
            f"has a learner return other rows than those at its positions, with"
            f" n_instances={n_instances}. modAL 0.4.2 unpacks two values from what a"
            " strategy returns, and 0.4.1 none.",
        )


def check_runs_once(strategy):
    """A query calls the strategy once."""
    _, _, X_pool = _data()
    for n_instances in (1, 2, 5):
        counted = _Counted(copy.deepcopy(strategy))
        _learner(counted).query(X_pool, n_instances=n_instances)
        _expect(
            counted.n_calls == 1,
            strategy,
            f"ran {counted.n_calls} times in one query with n_instances={n_instances}:"
            " this modAL unpacks (positions, metrics), and calls again what it cannot"
            " unpack.",
        )


def check_gives_positions_to_a_plain_classifier(strategy):
    """Called without modAL, it returns positions."""
    _, _, X_pool = _data()
    positions = strategy(_fitted(), X_pool, 5)
    where = "called with a classifier that is no learner"
    _expect_positions(strategy, positions, 5, _N_POOL, where)


def check_gives_distinct_rows_of_equal_ones(strategy):
    """Duplicates, constant rows and zeros do not make it repeat positions."""
    _, _, X_pool = _data()
    pools = {
        "rows that come ten times": np.repeat(X_pool[:6], 10, axis=0),
        "rows that are all equal": np.ones((_N_POOL, 4)),
        "rows of zeros": np.zeros((_N_POOL, 4)),
    }
    for kind, pool in pools.items():
        for n_instances in (13, _N_POOL):
            positions, _ = _query(copy.deepcopy(strategy), pool, n_instances)
            where = f"in a pool of {kind}"
            _expect_positions(strategy, positions, n_instances, _N_POOL, where)


def check_keeps_up_with_a_pool_that_shrinks(strategy):
    """One instance is asked round after round, and rows leave the pool."""
    _, _, X_pool = _data()
    learner = _learner(strategy)
    for n_instances in (5, 2, 11):
        positions, _ = learner.query(X_pool, n_instances=n_instances)
        where = f"asked again when {len(X_pool)} rows were left"
        _expect_positions(strategy, positions, n_instances, len(X_pool), where)
        X_pool = np.delete(X_pool, positions, axis=0)


def check_leaves_the_pool_alone(strategy):
    """Neither the pool nor the labelled rows are changed."""
    _, _, X_pool = _data()
    before = X_pool.copy()
    learner = _learner(strategy)
    labelled, labels = learner.X_training.copy(), learner.y_training.copy()
    learner.query(X_pool, n_instances=5)
    _expect(
        np.array_equal(X_pool, before),
        strategy,
        "changed the pool that it was given; work on a copy of what you change.",
    )
    _expect(
        np.array_equal(learner.X_training, labelled)
        and np.array_equal(learner.y_training, labels),
        strategy,
        "changed the labelled rows of the learner, or their labels.",
    )


def check_gives_the_same_rows_for_the_same_seed(strategy):
    """Equal seeds, equal positions, whatever the global generator is at."""
    _, _, X_pool = _data()
    strategy, has_seed = _seeded(strategy)
    found = []
    for seed in (1, 2):
        np.random.seed(seed)
        found.append(_positions(copy.deepcopy(strategy), X_pool, 9))
    why = (
        "although its random_state was 0 both times"
        if has_seed
        else "and has no random_state to say which"
    )
    _expect(
        np.array_equal(*found),
        strategy,
        f"returned other positions for the same pool, {why}.",
    )


def check_leaves_the_global_generator_alone(strategy):
    """numpy's global generator is not moved on."""
    _, _, X_pool = _data()
    classifier = _fitted()
    before = np.random.get_state()
    _positions(strategy, X_pool, 9, classifier)
    now = np.random.get_state()
    _expect(
        all(np.array_equal(a, b) for a, b in zip(before, now, strict=True)),
        strategy,
        "drew from numpy's global generator, which changes what the rest of the"
        " program draws.",
    )


def check_gives_the_whole_pool_if_asked_for_more(strategy):
    """More rows than there are: all of them, and a warning."""
    _, _, X_pool = _data()
    with warnings.catch_warnings(record=True) as usual:
        warnings.simplefilter("always")
        _positions(copy.deepcopy(strategy), X_pool, 5, _fitted())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            positions = _positions(strategy, X_pool, _N_POOL + 5, _fitted())
        except Exception as error:
            raise _Broken(
                f"{_name_of(strategy)} raised {type(error).__name__} when it was asked"
                " for more rows than the pool has; all of them were expected, with a"
                " warning."
            ) from error
    where = "asked for more than the pool has"
    _expect_positions(strategy, positions, _N_POOL, _N_POOL, where)
    _expect(
        {str(each.message) for each in caught} - {str(each.message) for each in usual},
        strategy,
        "returned fewer rows than it was asked for, without a warning.",
    )


def check_refuses_senseless_queries(strategy):
    """No rows asked for, and an empty pool, are a ValueError."""
    _, _, X_pool = _data()
    classifier = _fitted()
    for pool, n_instances, what in (
        (X_pool, 0, "n_instances=0"),
        (X_pool, -1, "n_instances=-1"),
        (X_pool[:0], 1, "an empty pool"),
    ):
        try:
            copy.deepcopy(strategy)(classifier, pool, n_instances)
        except ValueError:
            continue
        except Exception as error:
            raise _Broken(
                f"{_name_of(strategy)} raised {type(error).__name__} for {what}; a"
                " ValueError that says so was expected."
            ) from error
        _expect(False, strategy, f"accepted {what}; a ValueError was expected.")


def check_refuses_probabilities_that_are_no_numbers(strategy):
    """NaN among probabilities is a ValueError, if they are asked for."""
    _, _, X_pool = _data()
    classifier = _fitted(_Diverged)
    try:
        strategy(classifier, X_pool, 5)
    except ValueError:
        return
    _expect(
        not classifier.was_asked,
        strategy,
        "chose rows by probabilities that are NaN; a ValueError was expected.",
    )


def check_works_before_the_first_label(strategy):
    """A classifier that is not fitted is no error."""
    _, _, X_pool = _data()
    try:
        positions = _positions(strategy, X_pool, 7, LogisticRegression())
    except NotFittedError as error:
        raise _Broken(
            f"{_name_of(strategy)} needs a classifier that is fitted; a first batch can"
            " be chosen without."
        ) from error
    where = "with a classifier that is not fitted"
    _expect_positions(strategy, positions, 7, _N_POOL, where)


def check_takes_pools_of_every_kind(strategy):
    """The same rows are chosen of lists, frames, sparse and higher-ranked pools."""
    _, _, X_pool = _data()
    X_pool = X_pool.round(1)
    strategy, _ = _seeded(strategy)
    classifier = _fitted(_OfRows)
    expected, again = (
        _positions(copy.deepcopy(strategy), X_pool, 9, classifier) for _ in range(2)
    )
    # Of one that draws and cannot be seeded, there is nothing to compare.
    is_settled = np.array_equal(expected, again)
    read_only = X_pool.copy()
    read_only.flags.writeable = False
    pools = {
        "a read-only array": read_only,
        "rows of shape (2, 2)": X_pool.reshape(-1, 2, 2),
        "a list": X_pool.tolist(),
        "a sparse matrix": sparse.csr_matrix(X_pool),
    }
    try:
        import pandas as pd

        pools["a DataFrame"] = pd.DataFrame(X_pool)
    except ImportError:
        pass
    for kind, pool in pools.items():
        try:
            found = _positions(copy.deepcopy(strategy), pool, 9, classifier)
        except Exception as error:
            raise _Broken(
                f"{_name_of(strategy)} raised {type(error).__name__} for a pool that is"
                f" {kind}: {error}"
            ) from error
        _expect_positions(strategy, found, 9, _N_POOL, f"of a pool that is {kind}")
        _expect(
            np.array_equal(found, expected) or not is_settled,
            strategy,
            f"chose other rows when the pool was {kind}.",
        )


class _OfRows(LogisticRegression):
    """Takes pools of every kind itself, so that failures are the strategy's."""

    def predict_proba(self, X):
        X = X.toarray() if sparse.issparse(X) else np.asarray(X)
        return super().predict_proba(X.reshape(len(X), -1))


def check_can_be_pickled(strategy):
    """A copy that went through a pickle chooses the same rows."""
    _, _, X_pool = _data()
    strategy, has_seed = _seeded(strategy)
    try:
        again = pickle.loads(pickle.dumps(strategy))
    except Exception as error:
        raise _Broken(
            f"{_name_of(strategy)} cannot be pickled, so a learner with it cannot be"
            f" kept: {error}"
        ) from error
    if has_seed:
        _expect(
            np.array_equal(
                _positions(strategy, X_pool, 5, _fitted()),
                _positions(again, X_pool, 5, _fitted()),
            ),
            strategy,
            "chose other rows after it was pickled.",
        )


_CHECKS = (
    check_gives_the_number_asked_of_distinct_rows,
    check_gives_the_rows_at_its_positions,
    check_runs_once,
    check_gives_positions_to_a_plain_classifier,
    check_gives_distinct_rows_of_equal_ones,
    check_keeps_up_with_a_pool_that_shrinks,
    check_leaves_the_pool_alone,
    check_gives_the_same_rows_for_the_same_seed,
    check_leaves_the_global_generator_alone,
    check_gives_the_whole_pool_if_asked_for_more,
    check_refuses_senseless_queries,
    check_refuses_probabilities_that_are_no_numbers,
    check_works_before_the_first_label,
    check_takes_pools_of_every_kind,
    check_can_be_pickled,
)
