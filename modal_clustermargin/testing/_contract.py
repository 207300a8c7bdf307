"""The promises of a query strategy, a function for each."""

# ruff: noqa: NPY002  numpy's global generator is what is looked at
import copy
import pickle
import warnings

import numpy as np
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.testing._subjects import (
    N_POOL,
    Broken,
    Counted,
    Diverged,
    OfRows,
    data,
    expect,
    expect_positions,
    fitted,
    learner_with,
    name_of,
    positions_of,
    query_of,
    seeded,
)


def check_gives_the_number_asked_of_distinct_rows(strategy):
    """A learner's query returns exactly as many different positions as asked."""
    _, _, X_pool = data()
    for n_instances in (1, 2, 3, 17, N_POOL):
        positions, _ = query_of(copy.deepcopy(strategy), X_pool, n_instances)
        where = f"in a learner's query with n_instances={n_instances}"
        expect_positions(strategy, positions, n_instances, N_POOL, where)


def check_gives_the_rows_at_its_positions(strategy):
    """The rows that a learner's query returns are those at the positions."""
    _, _, X_pool = data()
    for n_instances in (1, 2, 5):
        positions, rows = query_of(copy.deepcopy(strategy), X_pool, n_instances)
        positions = np.asarray(positions)
        right = positions.dtype.kind in "iu" and np.array_equal(
            np.atleast_2d(rows), np.atleast_2d(X_pool[positions])
        )
        expect(
            right,
            strategy,
            f"has a learner return other rows than those at its positions, with"
            f" n_instances={n_instances}. modAL 0.4.2 unpacks two values from what a"
            " strategy returns, and 0.4.1 none.",
        )


def check_runs_once(strategy):
    """A query calls the strategy once."""
    _, _, X_pool = data()
    for n_instances in (1, 2, 5):
        counted = Counted(copy.deepcopy(strategy))
        learner_with(counted).query(X_pool, n_instances=n_instances)
        expect(
            counted.n_calls == 1,
            strategy,
            f"ran {counted.n_calls} times in one query with n_instances={n_instances}:"
            " this modAL unpacks (positions, metrics), and calls again what it cannot"
            " unpack.",
        )


def check_gives_positions_to_a_plain_classifier(strategy):
    """Called without modAL, it returns positions."""
    _, _, X_pool = data()
    positions = strategy(fitted(), X_pool, 5)
    where = "called with a classifier that is no learner"
    expect_positions(strategy, positions, 5, N_POOL, where)


def check_gives_distinct_rows_of_equal_ones(strategy):
    """Duplicates, constant rows and zeros do not make it repeat positions."""
    _, _, X_pool = data()
    pools = {
        "rows that come ten times": np.repeat(X_pool[:6], 10, axis=0),
        "rows that are all equal": np.ones((N_POOL, 4)),
        "rows of zeros": np.zeros((N_POOL, 4)),
    }
    for kind, pool in pools.items():
        for n_instances in (13, N_POOL):
            positions, _ = query_of(copy.deepcopy(strategy), pool, n_instances)
            where = f"in a pool of {kind}"
            expect_positions(strategy, positions, n_instances, N_POOL, where)


def check_keeps_up_with_a_pool_that_shrinks(strategy):
    """One instance is asked round after round, and rows leave the pool."""
    _, _, X_pool = data()
    learner = learner_with(strategy)
    for n_instances in (5, 2, 11):
        positions, _ = learner.query(X_pool, n_instances=n_instances)
        where = f"asked again when {len(X_pool)} rows were left"
        expect_positions(strategy, positions, n_instances, len(X_pool), where)
        X_pool = np.delete(X_pool, positions, axis=0)


def check_leaves_the_pool_alone(strategy):
    """Neither the pool nor the labelled rows are changed."""
    _, _, X_pool = data()
    before = X_pool.copy()
    learner = learner_with(strategy)
    labelled, labels = learner.X_training.copy(), learner.y_training.copy()
    learner.query(X_pool, n_instances=5)
    expect(
        np.array_equal(X_pool, before),
        strategy,
        "changed the pool that it was given; work on a copy of what you change.",
    )
    expect(
        np.array_equal(learner.X_training, labelled)
        and np.array_equal(learner.y_training, labels),
        strategy,
        "changed the labelled rows of the learner, or their labels.",
    )


def check_gives_the_same_rows_for_the_same_seed(strategy):
    """Equal seeds, equal positions, whatever the global generator is at."""
    _, _, X_pool = data()
    strategy, has_seed = seeded(strategy)
    found = []
    for seed in (1, 2):
        np.random.seed(seed)
        found.append(positions_of(copy.deepcopy(strategy), X_pool, 9))
    why = (
        "although its random_state was 0 both times"
        if has_seed
        else "and has no random_state to say which"
    )
    expect(
        np.array_equal(*found),
        strategy,
        f"returned other positions for the same pool, {why}.",
    )


def check_leaves_the_global_generator_alone(strategy):
    """numpy's global generator is not moved on."""
    _, _, X_pool = data()
    classifier = fitted()
    before = np.random.get_state()
    positions_of(strategy, X_pool, 9, classifier)
    now = np.random.get_state()
    expect(
        all(np.array_equal(a, b) for a, b in zip(before, now, strict=True)),
        strategy,
        "drew from numpy's global generator, which changes what the rest of the"
        " program draws.",
    )


def check_gives_the_whole_pool_if_asked_for_more(strategy):
    """More rows than there are: all of them, and a warning."""
    _, _, X_pool = data()
    with warnings.catch_warnings(record=True) as usual:
        warnings.simplefilter("always")
        positions_of(copy.deepcopy(strategy), X_pool, 5, fitted())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            positions = positions_of(strategy, X_pool, N_POOL + 5, fitted())
        except Exception as error:
            raise Broken(
                f"{name_of(strategy)} raised {type(error).__name__} when it was asked"
                " for more rows than the pool has; all of them were expected, with a"
                " warning."
            ) from error
    where = "asked for more than the pool has"
    expect_positions(strategy, positions, N_POOL, N_POOL, where)
    expect(
        {str(each.message) for each in caught} - {str(each.message) for each in usual},
        strategy,
        "returned fewer rows than it was asked for, without a warning.",
    )


def check_refuses_senseless_queries(strategy):
    """No rows asked for, and an empty pool, are a ValueError."""
    _, _, X_pool = data()
    classifier = fitted()
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
            raise Broken(
                f"{name_of(strategy)} raised {type(error).__name__} for {what}; a"
                " ValueError that says so was expected."
            ) from error
        expect(False, strategy, f"accepted {what}; a ValueError was expected.")


def check_refuses_probabilities_that_are_no_numbers(strategy):
    """NaN among probabilities is a ValueError, if they are asked for."""
    _, _, X_pool = data()
    classifier = fitted(Diverged)
    try:
        strategy(classifier, X_pool, 5)
    except ValueError:
        return
    expect(
        not classifier.was_asked,
        strategy,
        "chose rows by probabilities that are NaN; a ValueError was expected.",
    )


def check_works_before_the_first_label(strategy):
    """A classifier that is not fitted is no error."""
    _, _, X_pool = data()
    try:
        positions = positions_of(strategy, X_pool, 7, LogisticRegression())
    except NotFittedError as error:
        raise Broken(
            f"{name_of(strategy)} needs a classifier that is fitted; a first batch can"
            " be chosen without."
        ) from error
    where = "with a classifier that is not fitted"
    expect_positions(strategy, positions, 7, N_POOL, where)


def check_takes_pools_of_every_kind(strategy):
    """The same rows are chosen of lists, frames, sparse and higher-ranked pools."""
    _, _, X_pool = data()
    X_pool = X_pool.round(1)
    strategy, _ = seeded(strategy)
    classifier = fitted(OfRows)
    expected, again = (
        positions_of(copy.deepcopy(strategy), X_pool, 9, classifier) for _ in range(2)
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
            found = positions_of(copy.deepcopy(strategy), pool, 9, classifier)
        except Exception as error:
            raise Broken(
                f"{name_of(strategy)} raised {type(error).__name__} for a pool that is"
                f" {kind}: {error}"
            ) from error
        expect_positions(strategy, found, 9, N_POOL, f"of a pool that is {kind}")
        expect(
            np.array_equal(found, expected) or not is_settled,
            strategy,
            f"chose other rows when the pool was {kind}.",
        )


def check_can_be_pickled(strategy):
    """A copy that went through a pickle chooses the same rows."""
    _, _, X_pool = data()
    strategy, has_seed = seeded(strategy)
    try:
        again = pickle.loads(pickle.dumps(strategy))
    except Exception as error:
        raise Broken(
            f"{name_of(strategy)} cannot be pickled, so a learner with it cannot be"
            f" kept: {error}"
        ) from error
    if has_seed:
        expect(
            np.array_equal(
                positions_of(strategy, X_pool, 5, fitted()),
                positions_of(again, X_pool, 5, fitted()),
            ),
            strategy,
            "chose other rows after it was pickled.",
        )


CHECKS = (
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
