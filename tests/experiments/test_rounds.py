import dataclasses

import numpy as np
import pytest
from rounds import COLUMNS, asvp_methods, fill_table, run_rounds

from modal_clustermargin.comparison import ResultTable
from modal_clustermargin.strategies import AtLabels
from tests.experiments.make_runs import CountedNetwork, make_experiment


@pytest.fixture
def experiment():
    return make_experiment()


def rows_of(experiment, method, shared=None, **parameters):
    methods = asvp_methods(experiment, 0, switch_at=30, **parameters)
    return list(
        run_rounds(experiment, methods[method], method=method, seed=0, shared=shared)
    )


@pytest.mark.parametrize("method", ["random", "standard", "SVPp", "ASVP"])
def test_row_has_both_trainings_and_seconds_of_the_query(experiment, method):
    rows = rows_of(experiment, method)
    assert [row["n_labels"] for row in rows] == [20, 30, 40]
    for row in rows:
        assert set(row) == set(COLUMNS)
        assert 0 <= row["lp_ft_accuracy"] <= 1
        assert row["ft_seconds"] > 0
    assert rows[0]["selection_seconds"] > 0
    assert rows[-1]["selection_seconds"] == 0
    assert (rows[0]["fine_tuning_seconds"] > 0) == (method == "standard")


def test_methods_share_trainings_on_the_same_labels(experiment):
    shared = {}
    for method in ("random", "SVPp", "ASVP"):
        rows_of(experiment, method, shared)
    # 20 for all; 30 and 40 for random, and for SVPp and ASVP, which never aligned.
    assert len(CountedNetwork.fits) == 2 * 5


def test_seed_alone_draws_the_first_batch(experiment):
    def first_pools(seed):
        for method, strategy in asvp_methods(experiment, seed, switch_at=30).items():
            pools = []

            def recording(learner, X_pool, n, strategy=strategy, pools=pools):
                pools.append(X_pool)
                return strategy(learner, X_pool, n)

            next(run_rounds(experiment, recording, method=method, seed=seed))
            yield pools[0]

    pools = list(first_pools(0))
    assert len(pools) == 4
    for pool in pools:
        np.testing.assert_array_equal(pool, pools[0])
    assert not np.array_equal(pools[0], next(first_pools(1)))


def test_standard_selects_with_the_final_training(experiment):
    rows = rows_of(experiment, "standard")
    assert CountedNetwork.fits[0] == (20, True)
    assert [row["is_switched"] for row in rows] == [False, True, True]
    # A network that the query trained is not trained again for the test.
    expected = [(n, has_probe) for n in (20, 30, 40) for has_probe in (False, True)]
    assert sorted(CountedNetwork.fits) == sorted([*expected, (30, False)])


def test_asvp_aligns_and_switches_when_the_indicator_says_so(experiment):
    rows = rows_of(experiment, "ASVP", indicator=AtLabels(30))
    assert [row["is_aligned"] for row in rows] == [False, True, False]
    assert [row["is_switched"] for row in rows] == [False, True, True]
    assert rows[1]["fine_tuning_seconds"] > 0


def test_known_rows_are_not_trained_again(experiment, tmp_path):
    table = ResultTable(tmp_path / "blobs.csv", COLUMNS)
    for row in rows_of(experiment, "SVPp")[:2]:
        table.append(row)
    CountedNetwork.fits = ()
    methods = {"SVPp": asvp_methods(experiment, 0, switch_at=30)["SVPp"]}
    new = list(fill_table(table, experiment, methods, 0))
    assert [row["n_labels"] for row in new] == [40]
    assert [int(row["n_labels"]) for row in table.rows()] == [20, 30, 40]
    assert sorted(CountedNetwork.fits) == [(40, False), (40, True)]


def test_budgets_above_the_pool_raise(experiment):
    more = dataclasses.replace(experiment, budgets=(200, 200))
    with pytest.raises(ValueError, match="at most 300 .* blobs; got 400"):
        rows_of(more, "random")
