"""Runs of ASVP experiments: what is trained, what is written, what is reported."""

import dataclasses
from types import MappingProxyType

import numpy as np
import pytest

from modal_clustermargin.estimators import (
    MLP,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
)
from modal_clustermargin.experiments import (
    ASVPExperiment,
    Prices,
    ResultTable,
    asvp_methods,
    draw_rounds,
    run_rounds,
)
from modal_clustermargin.experiments._asvp_pictures import draw_asvp
from modal_clustermargin.experiments._asvp_report import report
from modal_clustermargin.experiments._asvp_results import ASVPResults
from modal_clustermargin.experiments._asvp_runs import COLUMNS
from modal_clustermargin.strategies import ASVPRound, AtLabels


class Counted(NetworkClassifier):
    """Counts what is trained, by the number of rows and whether there is a probe."""

    fits = ()

    def fit(self, X, y=None, **arguments):
        if self.max_epochs:
            Counted.fits += ((len(X), self.linear_probe is not None),)
        return super().fit(X, y, **arguments)


@pytest.fixture
def experiment():
    Counted.fits = ()
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=400)
    X = (rng.normal(size=(400, 5)) + 2 * np.eye(3, 5)[y]).astype(np.float32)
    network = Counted(MLP, max_epochs=2, random_state=0, classes=[0, 1, 2])
    lp_ft = Counted(**network.get_params(deep=False))
    lp_ft.set_params(linear_probe=LinearProbe(max_epochs=2))
    return ASVPExperiment(
        name="blobs",
        X=X[:300],
        y=y[:300],
        X_test=X[300:],
        y_test=y[300:],
        lp_ft=lp_ft,
        fine_tuning=network,
        proxy=ProxyClassifier(max_epochs=5, random_state=0),
        budgets=(20, 10, 10),
        evaluate_at=(20, 30, 40),
        n_seeds=1,
        sources=MappingProxyType({}),
    )


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


# ---- the report -------------------------------------------------------------


def row(method, n_labels, lp_ft, ft, **values):
    zeros = {name: 0.0 for name in COLUMNS if name.endswith("_seconds")}
    texts = {"experiment": "made up", "method": method, "seed": 0}
    flags = {"is_aligned": "False", "is_switched": "False", "log_me": ""}
    accuracy = {"lp_ft_accuracy": lp_ft, "ft_accuracy": ft}
    seconds = {"lp_ft_seconds": 3600, "ft_seconds": 1800}
    known = {**zeros, **texts, **flags, **accuracy, **seconds, "n_labels": n_labels}
    return {name: str(value) for name, value in (known | values).items()}


MADE_UP = [
    row("random", 100, 0.5, 0.1),
    row("random", 200, 0.6, 0.7),
    row("random", 300, 0.6, 0.8),
    row("SVPp", 100, 0.5, 0.1, features_seconds=100, proxy_seconds=40),
    row("SVPp", 200, 0.6, 0.8, proxy_seconds=40, selection_seconds=10),
    row("SVPp", 300, 0.6, 0.9),
    row("ASVP", 100, 0.5, 0.1, proxy_seconds=50),
    row("ASVP", 200, 0.9, 0.8, is_aligned="True", is_switched="True"),
    row("ASVP", 300, 0.6, 0.9, is_switched="True"),
]


class TestResults:
    results = ASVPResults(MADE_UP, switch_at=200)

    def test_the_final_training_is_switched_by_count_or_by_asvp_itself(self):
        final = self.results.final
        np.testing.assert_array_equal(final("random", "accuracy"), [[0.5, 0.7, 0.8]])
        np.testing.assert_array_equal(final("ASVP", "accuracy"), [[0.5, 0.8, 0.9]])
        later = ASVPResults(MADE_UP, switch_at=300).final("random", "accuracy")
        np.testing.assert_array_equal(later, [[0.5, 0.6, 0.8]])
        np.testing.assert_array_equal(final("random", "seconds"), [[3600, 1800, 1800]])

    def test_seconds_are_all_queries_before_and_the_training_at_hand(self):
        seconds = self.results.seconds
        np.testing.assert_array_equal(seconds("random"), [[3600, 1800, 1800]])
        np.testing.assert_array_equal(seconds("SVPp"), [[3600, 1940, 1990]])

    def test_savings_are_those_of_the_curves(self):
        # SVPp has .8 with 200 labels, random with 300; of .7, half way from 100.
        saved = self.results.savings("SVPp", "random", Prices(1.0, 0.0))
        by_hand = np.mean([1 - (100 + 100 * 2 / 3) / 200, 1 - 200 / 300])
        np.testing.assert_allclose(saved[0, :2], by_hand)

    def test_a_round_by_proxy_is_compared_with_a_fine_tuning(self):
        # Features of 100 seconds over two rounds.
        np.testing.assert_allclose(
            self.results.proxy_share("SVPp"), [(50 + 40) / 1800, (50 + 50) / 1800]
        )

    def test_seeds_without_all_rows_wait(self):
        more = [{**each, "seed": "1"} for each in MADE_UP[:-1]]
        assert ASVPResults(MADE_UP + more, 200).seeds == [0]
        with pytest.raises(ValueError, match="No seed of made up has all rows"):
            ASVPResults(more + MADE_UP[-1:], 200)

    def test_the_report_says_it_and_the_picture_shows_it(self, tmp_path):
        text = report(self.results, Prices(0.01, 50.0))
        assert "Features refreshed at 200 labels" in text
        assert "5.0% at 100, 5.6% at 200" in text
        assert "SVPp against random" in text
        draw_asvp([self.results], Prices(0.01, 50.0), tmp_path / "asvp.png")
        assert (tmp_path / "asvp.png").read_bytes().startswith(b"\x89PNG")


def test_the_history_of_a_strategy_is_a_picture(tmp_path):
    stages = {"features": 2.0, "proxy": 0.5, "selection": 0.1}
    first = ASVPRound(
        20, 80, 5, False, False, "proxy", 100, stages, {"log_me": 0.5, "evidence": 3.0}
    )
    second = ASVPRound(25, 75, 5, True, True, "network", 100, {"fine_tuning": 4.0}, {})
    draw_rounds([first, second], tmp_path / "rounds.png")
    assert (tmp_path / "rounds.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="a history without rounds: make a"):
        draw_rounds([], tmp_path / "rounds.png")
