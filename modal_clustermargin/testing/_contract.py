"""The contract of a query strategy, one function for each rule.

Each function gets a copy of the strategy and a pool of its own.
"""

# ruff: noqa: NPY002  numpy's global generator is checked
import copy
import pickle
import warnings
from importlib.util import find_spec

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.testing._fixtures import (
    N_POOL,
    NaNClassifier,
    expect,
    expect_positions,
    make_classifier,
    make_learner,
    no_error,
    positions_of,
    query,
    seeded,
)


def check_gives_the_number_asked_of_distinct_rows(strategy, X_pool):
    """A learner's query returns `n_instances` different positions."""
    for n_instances in (1, 2, 3, 17, N_POOL):
        positions, _ = query(strategy, X_pool, n_instances)
        where = f"in a learner's query with n_instances={n_instances}"
        expect_positions(strategy, positions, n_instances, N_POOL, where)


def check_chooses_one_row_by_default(strategy, X_pool):
    """Without n_instances, a learner's query returns one position."""
    positions, _ = query(strategy, X_pool)
    where = "in a learner's query without n_instances"
    expect_positions(strategy, positions, 1, N_POOL, where)


def check_gives_the_rows_at_its_positions(strategy, X_pool):
    """A learner's query returns the rows at the positions that it returns."""
    for n_instances in (1, 2, 5):
        positions, rows = query(strategy, X_pool, n_instances)
        positions = np.asarray(positions)
        expect(
            positions.dtype.kind in "iu"
            and np.array_equal(np.atleast_2d(rows), np.atleast_2d(X_pool[positions])),
            strategy,
            "makes a learner return other rows than those at its positions, with"
            f" n_instances={n_instances}. modAL 0.4.2 expects a strategy to return a"
            " pair (positions, metrics), and modAL 0.4.1 expects positions.",
        )


def check_runs_once(strategy, X_pool):
    """A query calls the strategy once."""
    for n_instances in (1, 2, 5):
        n_calls = 0

        def counted(*arguments, **keywords):
            nonlocal n_calls
            n_calls += 1
            return strategy(*arguments, **keywords)

        make_learner(counted).query(X_pool, n_instances=n_instances)
        expect(
            n_calls == 1,
            strategy,
            f"ran {n_calls} times in one query with n_instances={n_instances}: this"
            " modAL unpacks (positions, metrics), and calls a strategy again if it"
            " cannot.",
        )


def check_gives_positions_to_a_plain_classifier(strategy, X_pool):
    """Called with a classifier instead of a learner, it returns positions."""
    positions = strategy(make_classifier(), X_pool, 5)
    where = "called with a classifier that is not a learner"
    expect_positions(strategy, positions, 5, N_POOL, where)


def check_gives_distinct_rows_among_duplicates(strategy, X_pool):
    """Positions are distinct among duplicates, constant rows and zeros."""
    pools = {
        "ten copies of each row": np.repeat(X_pool[:6], 10, axis=0),
        "equal rows": np.ones((N_POOL, 4)),
        "rows of zeros": np.zeros((N_POOL, 4)),
    }
    for kind, pool in pools.items():
        for n_instances in (13, N_POOL):
            positions, _ = query(strategy, pool, n_instances)
            where = f"in a pool of {kind}"
            expect_positions(strategy, positions, n_instances, N_POOL, where)


def check_follows_a_pool_that_shrinks(strategy, X_pool):
    """One instance works in several rounds, while the chosen rows leave the pool."""
    learner = make_learner(strategy)
    for n_instances in (5, 2, 11):
        positions, _ = learner.query(X_pool, n_instances=n_instances)
        where = f"called again when {len(X_pool)} rows were left"
        expect_positions(strategy, positions, n_instances, len(X_pool), where)
        X_pool = np.delete(X_pool, positions, axis=0)


def check_does_not_change_its_inputs(strategy, X_pool):
    """The pool, the labelled rows and their labels stay as they were."""
    learner = make_learner(strategy)
    inputs = {
        "the pool": X_pool,
        "the learner's labelled rows": learner.X_training,
        "the learner's labels": learner.y_training,
    }
    before = copy.deepcopy(inputs)
    learner.query(X_pool, n_instances=5)
    for name, values in inputs.items():
        is_same = np.array_equal(values, before[name])
        expect(is_same, strategy, f"changed {name}; change a copy instead.")


def check_gives_the_same_rows_for_the_same_seed(strategy, X_pool):
    """Equal seeds give equal positions, whatever the state of the global generator."""
    strategy, has_seed = seeded(strategy)
    found = []
    for seed in (1, 2):
        np.random.seed(seed)
        found.append(np.asarray(query(strategy, X_pool, 9)[0]))
    why = "although its random_state was 0" if has_seed else "and has no random_state"
    sentence = f"returned other positions for the same pool, {why}."
    expect(np.array_equal(*found), strategy, sentence)


def check_does_not_use_the_global_generator(strategy, X_pool):
    """numpy's global generator keeps its state."""
    before = np.random.get_state()
    positions_of(strategy, X_pool, 9)
    after = np.random.get_state()
    expect(
        all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)),
        strategy,
        "drew from numpy's global generator, which changes what the rest of the"
        " program draws.",
    )


def check_gives_the_whole_pool_if_asked_for_more(strategy, X_pool):
    """Asked for more rows than the pool has, it returns all rows, with a warning."""
    texts = []
    for n_instances in (5, N_POOL + 5):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with no_error(strategy, f"when asked for {n_instances} of {N_POOL} rows"):
                positions = positions_of(strategy, X_pool, n_instances)
        texts.append({str(warning.message) for warning in caught})
    where = "asked for more rows than the pool has"
    expect_positions(strategy, positions, N_POOL, N_POOL, where)
    sentence = "returned fewer rows than it was asked for, without a warning."
    expect(texts[1] - texts[0], strategy, sentence)


def check_rejects_invalid_queries(strategy, X_pool):
    """Queries for fewer than one row, or of an empty pool, raise ValueError."""
    classifier = make_classifier()
    cases = (X_pool, 0, "n_instances=0"), (X_pool, -1, "n_instances=-1")
    for pool, n_instances, what in (*cases, (X_pool[:0], 1, "an empty pool")):
        with no_error(strategy, f"for {what} where a ValueError was expected"):
            try:
                copy.deepcopy(strategy)(classifier, pool, n_instances)
            except ValueError:
                continue
        expect(False, strategy, f"accepted {what}; a ValueError was expected.")


def check_rejects_nan_probabilities(strategy, X_pool):
    """NaN probabilities raise ValueError, if the strategy uses probabilities."""
    classifier = make_classifier(NaNClassifier)
    try:
        strategy(classifier, X_pool, 5)
    except ValueError:
        return
    sentence = "used probabilities that are NaN; a ValueError was expected."
    expect(not classifier.was_asked, strategy, sentence)


def check_works_before_the_first_label(strategy, X_pool):
    """A classifier that is not fitted raises no error."""
    when = "with a classifier that is not fitted"
    with no_error(strategy, when):
        positions = positions_of(strategy, X_pool, 7, LogisticRegression())
    expect_positions(strategy, positions, 7, N_POOL, when)


def check_takes_pools_of_every_kind(strategy, X_pool):
    """Lists, frames, sparse and higher-ranked pools give the same positions."""
    X_pool = X_pool.round(1)
    strategy, _ = seeded(strategy)
    expected, again = (positions_of(strategy, X_pool, 9) for _ in range(2))
    # The picks of a random strategy without a seed cannot be compared.
    is_repeatable = np.array_equal(expected, again)
    read_only = X_pool.copy()
    read_only.flags.writeable = False
    pools = {
        "a read-only array": read_only,
        "rows of shape (2, 2)": X_pool.reshape(-1, 2, 2),
        "a list": X_pool.tolist(),
        "a sparse matrix": sparse.csr_matrix(X_pool),
    }
    if find_spec("pandas"):
        import pandas as pd

        pools["a DataFrame"] = pd.DataFrame(X_pool)
    for kind, pool in pools.items():
        with no_error(strategy, f"for a pool that is {kind}"):
            found = positions_of(strategy, pool, 9)
        expect_positions(strategy, found, 9, N_POOL, f"of a pool that is {kind}")
        expect(
            np.array_equal(found, expected) or not is_repeatable,
            strategy,
            f"chose other rows when the pool was {kind}.",
        )


def check_can_be_pickled(strategy, X_pool):
    """An unpickled copy chooses the same rows."""
    strategy, has_seed = seeded(strategy)
    with no_error(strategy, "when it was pickled, which saving a learner does"):
        again = pickle.loads(pickle.dumps(strategy))
    if has_seed:
        found = [positions_of(each, X_pool, 5) for each in (strategy, again)]
        sentence = "chose other rows after it was pickled."
        expect(np.array_equal(*found), strategy, sentence)


CHECKS = [check for name, check in globals().items() if name.startswith("check_")]
