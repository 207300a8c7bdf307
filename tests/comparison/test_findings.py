"""The headline and the sentences of a report, on curves that are known."""

import numpy as np

from modal_clustermargin.comparison import Bootstrap, ComparisonResults
from modal_clustermargin.comparison._findings import finding
from tests.comparison.make_comparison import CURVES, ODD, rows


def find(curves, **settings):
    """Headline and sentences, as two texts."""
    results = ComparisonResults(rows(curves), settings=settings)
    headline, sentences = finding(
        results, Bootstrap(results, 100, np.random.RandomState(0))
    )
    return headline, " ".join(sentences)


def test_the_best_leads_by_points_and_labels():
    headline, sentences = find({name: CURVES[name] for name in ("random", "margin")})
    assert headline.startswith(
        "margin is best, by +7.50 points of area over random, the next best (95 %"
        " interval +"
    )
    assert "accuracy of 67.5 % from 100 to 300 labels, over 3 seeds" in sentences
    assert (
        "To reach 70.0 %, the highest accuracy that both reach, margin saves 100"
        " labels (95 % interval " in sentences
    )
    assert "noise" not in sentences
    assert "With 3 seeds the intervals of labels are too narrow" in sentences


def test_random_may_be_best():
    headline, sentences = find({"random": CURVES["margin"], "margin": CURVES["random"]})
    assert headline.startswith("random is best, by +7.50 points of area over margin")
    assert "Against margin: +7.50" in sentences


def test_a_small_difference_is_noise():
    headline, sentences = find({name: CURVES[name] for name in ("margin", ODD)})
    assert headline == (
        f"margin is ahead, but the difference to {ODD} is within noise (95 % interval"
        " contains 0)."
    )
    assert f"Against {ODD}: +0.17 points" in sentences
    assert "; the difference is within noise: the interval contains 0." in sentences
    assert "Random sampling is not among the strategies" in sentences


def test_equal_accuracies():
    headline, sentences = find({"random": [[0.5] * 3] * 5, "margin": [[0.5] * 3] * 5})
    assert headline == "random and margin have the same area."
    assert "0.00 points of area (95 % interval 0.00 to 0.00); the diff" in sentences
    assert "saves 0 labels (95 % interval 0 to 0)" in sentences


def test_one_seed_has_no_intervals():
    headline, sentences = find({name: v[:1] for name, v in CURVES.items()})
    assert headline == "margin is ahead, but one seed is too few to say more."
    assert "interval " not in sentences.split("With one seed there are no")[0]


def test_one_strategy_has_nothing_to_compare_with():
    headline, sentences = find({"margin": CURVES["margin"]})
    assert headline.startswith("margin is the only strategy")
    assert "accuracy of 67.5 % from 100 to 300 labels" in sentences


def test_the_score_may_be_average_precision():
    _, sentences = find(CURVES, score="average precision")
    assert "a mean average precision of 67.5 % from 100" in sentences
    assert "the highest average precision that both reach" in sentences


def test_missing_rows():
    made = [x for x in rows(CURVES) if (x["strategy"], x["seed"]) != (ODD, "2")]
    plan = {name: {"strategy": name} for name in (*CURVES, "BADGE")}
    settings = {"strategies": plan, "seeds": [0, 1, 2, 3], "rounds": 4}
    results = ComparisonResults(made, settings=settings)
    _, sentences = finding(results, Bootstrap(results, 100, np.random.RandomState(0)))
    assert sentences[-1] == (
        "The comparison is not finished: it has 24 of 80 rows. The report covers 2"
        " seeds up to round 2, which all strategies with rows have finished."
    )
    assert "not finished" not in find(CURVES)[1]
