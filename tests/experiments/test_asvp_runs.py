"""Runs of ASVP experiments: what is trained, and what is written."""

import dataclasses

import numpy as np
import pytest
from _asvp_runs import COLUMNS, asvp_methods, run_rounds

from modal_clustermargin.comparison import ResultTable
from modal_clustermargin.strategies import AtLabels
from tests.experiments.make_runs import Counted, blobs


@pytest.fixture
def experiment():
    return blobs()


def rows_of(experiment, method, shared=None, known=None, **parameters):
    methods = asvp_methods(experiment, 0, switch_at=30, **parameters)
    run = run_rounds(
        experiment, methods[method], method=method, seed=0, known=known, shared=shared
    )
    return list(run)


@pytest.mark.parametrize("method", ["random", "standard", "SVPp", "ASVP"])
def test_a_row_has_both_trainings_and_the_seconds_of_the_query(experiment, method):
    rows = rows_of(experiment, method)
    assert [row["n_labels"] for row in rows] == [20, 30, 40]
    for row in rows:
        assert set(row) == set(COLUMNS)
        assert 0 <= row["lp_ft_accuracy"] <= 1
        assert row["ft_seconds"] > 0
    assert rows[0]["selection_seconds"] > 0
    assert rows[-1]["selection_seconds"] == 0
    assert (rows[0]["fine_tuning_seconds"] > 0) == (method == "standard")


def test_methods_begin_alike_and_train_what_they_share_once(experiment):
    shared = {}
    for method in ("random", "SVPp", "ASVP"):
        rows_of(experiment, method, shared)
    # 20 for all; 30 and 40 for random, and for SVPp and ASVP, which never aligned.
    assert len(Counted.fits) == 2 * 5


def test_the_first_batch_is_drawn_by_the_seed_alone(experiment):
    def pools(seed):
        """What each strategy is shown first: the pool without the first batch."""
        for method, strategy in asvp_methods(experiment, seed, switch_at=30).items():
            shown = []

            def strategy_shown(learner, X_pool, n, strategy=strategy, shown=shown):
                shown.append(X_pool)
                return strategy(learner, X_pool, n)

            run = run_rounds(experiment, strategy_shown, method=method, seed=seed)
            next(run)
            yield shown[0]

    of_seed_0, of_seed_1 = list(pools(0)), list(pools(1))
    assert len(of_seed_0) == 4
    for each in (of_seed_0, of_seed_1):
        for pool in each:
            np.testing.assert_array_equal(pool, each[0])
    assert not np.array_equal(of_seed_0[0], of_seed_1[0])


def test_standard_selects_by_the_training_that_is_better(experiment):
    rows = rows_of(experiment, "standard")
    assert Counted.fits[0] == (20, True)
    assert [row["is_switched"] for row in rows] == [False, True, True]
    # Trained by the query, the network is not trained again to be tested.
    expected = [(n, has_probe) for n in (20, 30, 40) for has_probe in (False, True)]
    assert sorted(Counted.fits) == sorted([*expected, (30, False)])


def test_asvp_aligns_and_switches_where_the_indicator_says(experiment):
    rows = rows_of(experiment, "ASVP", indicator=AtLabels(30))
    assert [row["is_aligned"] for row in rows] == [False, True, False]
    assert [row["is_switched"] for row in rows] == [False, True, True]
    assert rows[1]["fine_tuning_seconds"] > 0


def test_known_rows_are_not_trained_again(experiment, tmp_path):
    table = ResultTable(tmp_path / "blobs.csv", COLUMNS)
    for row in rows_of(experiment, "SVPp")[:2]:
        table.append(row)
    Counted.fits = ()
    known = {int(row["n_labels"]): row for row in table.rows()}
    rows = rows_of(experiment, "SVPp", known=known)
    assert [int(row["n_labels"]) for row in rows] == [20, 30, 40]
    assert sorted(Counted.fits) == [(40, False), (40, True)]


def test_more_labels_than_rows_are_refused(experiment):
    more = dataclasses.replace(experiment, budgets=(200, 200))
    with pytest.raises(ValueError, match="to label 400 rows, .* and blobs has 300"):
        rows_of(more, "random")


def test_a_table_drops_a_line_half_written_and_refuses_other_columns(tmp_path):
    path = tmp_path / "table.csv"
    table = ResultTable(path, ["a", "b"])
    assert table.rows() == []
    table.append({"a": 1, "b": "x, y"})
    with path.open("a") as file:
        file.write("2,hal")
    table = ResultTable(path, ["a", "b"])
    table.append({"a": 3})
    assert table.rows() == [{"a": "1", "b": "x, y"}, {"a": "3", "b": ""}]
    with pytest.raises(ValueError, match=r"has other columns than .*: a,b\. Name an"):
        ResultTable(path, ["a", "c"])
