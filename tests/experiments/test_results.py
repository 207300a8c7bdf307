"""Results of ASVP experiments, compared with numbers computed by hand."""

import csv

import numpy as np
import pytest
from report import draw_asvp, report, write_tables
from results import ASVPResults, mean_over_known

from modal_clustermargin.comparison import Prices
from tests.experiments.make_runs import make_row

ONE_SEED = [
    make_row("random", 100, 0.5, 0.1),
    make_row("random", 200, 0.6, 0.7),
    make_row("random", 300, 0.6, 0.8),
    make_row("SVPp", 100, 0.5, 0.1, features_seconds=100, proxy_seconds=40),
    make_row("SVPp", 200, 0.6, 0.8, proxy_seconds=40, selection_seconds=10),
    make_row("SVPp", 300, 0.6, 0.9),
    make_row("ASVP", 100, 0.5, 0.1, proxy_seconds=50),
    make_row("ASVP", 200, 0.9, 0.8, is_aligned="True", is_switched="True"),
    make_row("ASVP", 300, 0.6, 0.9, is_switched="True"),
]


class TestResults:
    results = ASVPResults(ONE_SEED, switch_at=200)

    def test_final_training_switches_by_labels_or_by_asvp(self):
        final = self.results.curves.values
        np.testing.assert_array_equal(final("random", "accuracy"), [[0.5, 0.7, 0.8]])
        np.testing.assert_array_equal(final("ASVP", "accuracy"), [[0.5, 0.8, 0.9]])
        later = ASVPResults(ONE_SEED, switch_at=300).curves.values("random", "accuracy")
        np.testing.assert_array_equal(later, [[0.5, 0.6, 0.8]])

    def test_seconds_are_those_of_earlier_queries_and_this_training(self):
        seconds = self.results.curves.seconds
        np.testing.assert_array_equal(seconds("random"), [[3600, 1800, 1800]])
        np.testing.assert_array_equal(seconds("SVPp"), [[3600, 1940, 1990]])

    def test_savings(self):
        # SVPp has .8 with 200 labels, random with 300; of .7, half way from 100.
        saved = self.results.savings("SVPp", "random", Prices(1.0, 0.0))
        by_hand = np.mean([1 - (100 + 100 * 2 / 3) / 200, 1 - 200 / 300])
        np.testing.assert_allclose(saved[0, :2], by_hand)

    def test_share_of_a_round_in_a_fine_tuning(self):
        share = self.results.proxy_share("SVPp")
        np.testing.assert_allclose(share, [40 / 1800, 50 / 1800])
        assert self.results.features_share("SVPp") == 100 / 3600

    def test_unfinished_seeds_are_left_out(self):
        more = [{**each, "seed": "1"} for each in ONE_SEED[:-1]]
        assert ASVPResults(ONE_SEED + more, 200).seeds == [0]
        with pytest.raises(ValueError, match="a seed of example with all rows"):
            ASVPResults(more + ONE_SEED[-1:], 200)

    def test_report(self):
        text = report(self.results, Prices(0.01, 50.0))
        assert "ASVP refreshes features at labels, by seed: 200" in text
        assert "this share of a fine-tuning: 2.2% at 100, 2.8% at 200 labels" in text
        assert "SVPp against random" in text


# Two seeds, fine-tuning from 300 labels on. A query of SVPp takes six minutes.
TWO_SEEDS = [
    make_row("random", 100, 0.5, 0.4),
    make_row("random", 200, 0.6, 0.1),
    make_row("random", 300, 0.1, 0.8),
    make_row("SVPp", 100, 0.5, 0.4, proxy_seconds=300, selection_seconds=60),
    make_row("SVPp", 200, 0.8, 0.1, proxy_seconds=360),
    make_row("SVPp", 300, 0.1, 0.9),
    make_row("random", 100, 0.5, 0.4, seed=1),
    make_row("random", 200, 0.7, 0.1, seed=1),
    make_row("random", 300, 0.1, 0.9, seed=1),
    make_row("SVPp", 100, 0.5, 0.4, seed=1, indicator_seconds=360),
    make_row("SVPp", 200, 0.7, 0.1, seed=1, fine_tuning_seconds=360),
    make_row("SVPp", 300, 0.1, 0.9, seed=1),
]
# Means .5, .65, .85 of random and .5, .75, .9 of SVPp, which comes to .65 at 160
# labels and to .85 at 266.7, after 1.06 and 0.833 hours.
OF_MEANS = [
    np.mean([1 - 160 / 200, 1 - 800 / 3 / 300]),
    np.mean([1 - 161.06 / 201, 1 - 267.5 / 300.5]),
    np.mean([201 - 161.06, 300.5 - 267.5]),
]
# Of seed 0: .6 at 133.3 labels and 1.033 hours, .8 at 200 and 1.1. Of seed 1: .7 at
# 200 labels and 1.1 hours, .9 at 300 and 0.7.
BY_SEED = [
    [
        np.mean([1 - 400 / 3 / 200, 1 - 200 / 300]),
        np.mean([1 - (400 + 3.1) / 3 / 201, 1 - 201.1 / 300.5]),
        np.mean([201 - (400 + 3.1) / 3, 300.5 - 201.1]),
    ],
    [0, np.mean([1 - 201.1 / 201, 1 - 300.7 / 300.5]), np.mean([-0.1, -0.2])],
]
PRICES = Prices(label=1.0, hour=1.0)


class TestTwoSeeds:
    results = ASVPResults(TWO_SEEDS, switch_at=300)

    def test_savings_by_seed_and_of_mean_curves(self):
        by_seed = self.results.savings("SVPp", "random", PRICES)
        np.testing.assert_allclose(by_seed, BY_SEED, atol=1e-12)
        of_means = self.results.savings_of_means("SVPp", "random", PRICES)
        np.testing.assert_allclose(of_means, OF_MEANS)

    def test_three_ways_of_training(self):
        means = {
            training: curves.values("SVPp", "accuracy").mean(axis=0)
            for training, curves in self.results.by_training.items()
        }
        assert list(means) == ["LP-FT", "fine-tuning", "switched"]
        np.testing.assert_allclose(means["LP-FT"], [0.5, 0.75, 0.1])
        np.testing.assert_allclose(means["fine-tuning"], [0.4, 0.1, 0.9])
        np.testing.assert_allclose(means["switched"], [0.5, 0.75, 0.9])

    def test_report_has_means_and_errors(self):
        lines = report(self.results, PRICES).splitlines()
        assert lines[0] == "example, 2 seeds"
        switched = lines.index(next(x for x in lines if x.startswith("switched")))
        assert lines[switched].split() == ["switched", "labels", "100", "200", "300"]
        assert lines[switched + 1].split("  ")[-3:] == [
            "0.500 ± 0.000",
            "0.650 ± 0.050",
            "0.850 ± 0.050",
        ]
        seconds = lines.index(next(x for x in lines if x.startswith("Seconds")))
        assert lines[seconds + 2].split() == ["SVPp", "3600.0", "3960.0", "2520.0"]
        saved = next(x for x in lines if "SVPp against random" in x)
        # 0.333 and 0; 0.3307 and -0.0006; 83.0 and -0.15
        for cell in ("0.167 ± 0.167 (0.156)", "0.165 ± 0.166 (0.154)", "41 ± 42 (36)"):
            assert cell in saved
        assert "in common" not in saved
        assert not any("refreshes features" in line for line in lines)

    def test_tables_have_the_same_numbers(self, tmp_path):
        write_tables([self.results], PRICES, tmp_path)
        tables = []
        for name in ("curves.csv", "savings.csv"):
            with (tmp_path / name).open(newline="") as file:
                tables.append(list(csv.DictReader(file)))
        curves, savings = tables
        assert len(curves) == 2 * 3 * 3
        found = next(
            each
            for each in curves
            if (each["method"], each["training"], each["n_labels"])
            == ("random", "switched", "200")
        )
        assert float(found["accuracy"]) == pytest.approx(0.65)
        assert float(found["accuracy_error"]) == pytest.approx(0.05)
        assert float(found["seconds"]) == 3600
        assert [each["saving"] for each in savings] == [
            "labels",
            "cost",
            "equivalent labels",
        ]
        for i, each in enumerate(savings):
            assert each["n_seeds"] == "2"
            ours = [float(each[name]) for name in ("mean", "error", "of_mean_curves")]
            low, high = BY_SEED[1][i], BY_SEED[0][i]
            by_hand = [(low + high) / 2, (high - low) / 2, OF_MEANS[i]]
            np.testing.assert_allclose(ours, by_hand, atol=1e-12)


def test_report_counts_seeds_with_a_common_accuracy():
    worse = [
        {**each, "lp_ft_accuracy": "0.3", "ft_accuracy": "0.3"}
        if (each["method"], each["seed"]) == ("SVPp", "1")
        else each
        for each in TWO_SEEDS
    ]
    text = report(ASVPResults(worse, switch_at=300), PRICES)
    line = next(x for x in text.splitlines() if "SVPp against random" in x)
    assert line.endswith("1 of 2 seeds have an accuracy in common")
    assert "0.333 (" in line  # of seed 0 alone, so without an error


def test_one_seed_has_no_error():
    mean, error, n_seeds = mean_over_known(np.array([[0.5, 1.0], [np.nan, 0.0]]))
    np.testing.assert_array_equal(mean, [0.5, 1.0])
    assert np.isnan(error).all()
    assert n_seeds == 1
    text = report(ASVPResults(ONE_SEED, switch_at=200), PRICES)
    assert "example, 1 seed\n" in text
    assert "±" not in text.replace("mean ± standard error", "")


def test_refreshed_features_count():
    rows = [
        {**each, "features_seconds": "400", "indicator_seconds": "10"}
        if each["is_aligned"] == "True"
        else each
        for each in ONE_SEED
    ]
    results = ASVPResults(rows, switch_at=200)
    np.testing.assert_allclose(results.proxy_share("ASVP"), [50 / 1800, 10 / 1800])
    assert results.features_share("ASVP") == 400 / 3600


def test_report_names_unfinished_seeds():
    more = [{**each, "seed": "7"} for each in ONE_SEED[:-1]]
    results = ASVPResults(ONE_SEED + more, switch_at=200)
    assert results.unfinished == [7]
    first = report(results, PRICES).splitlines()[0]
    assert first == "example, 1 seed (unfinished seeds are left out: 7)"


def test_rows_of_several_experiments_raise():
    other = [{**ONE_SEED[0], "experiment": "other"}]
    with pytest.raises(ValueError, match="of one experiment; got 'example', 'other'"):
        ASVPResults(ONE_SEED + other, 200)
    with pytest.raises(ValueError, match="of one experiment; got no rows"):
        ASVPResults([], 200)


def test_picture_of_two_experiments(tmp_path):
    results = [ASVPResults(rows, 200) for rows in (ONE_SEED, TWO_SEEDS)]
    draw_asvp(results, PRICES, tmp_path / "two.png")
    assert (tmp_path / "two.png").read_bytes().startswith(b"\x89PNG")
