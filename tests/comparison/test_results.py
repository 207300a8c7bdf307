"""Which rows of a comparison count, and the numbers by strategy, seed and round."""

import numpy as np
import pytest

from modal_clustermargin.comparison import ComparisonResults
from tests.comparison.make_comparison import rows

# Margin reaches with 200 labels what random reaches with 300, for every seed.
KNOWN = {
    "random": [[0.5, 0.6, 0.7], [0.4, 0.5, 0.6]],
    "margin": [[0.5, 0.7, 0.8], [0.4, 0.6, 0.7]],
}


def without(made, *keys):
    """The rows without those of (strategy, seed, round)."""
    dropped = {(strategy, str(seed), str(r)) for strategy, seed, r in keys}
    return [x for x in made if (x["strategy"], x["seed"], x["round"]) not in dropped]


def test_values_are_by_seed_and_round():
    results = ComparisonResults(rows(KNOWN))
    np.testing.assert_array_equal(results.values("margin", "accuracy"), KNOWN["margin"])
    assert np.isnan(results.values("random", "n_clusters")).all()
    assert (results.strategies, results.seeds) == (["random", "margin"], [0, 1])
    assert (results.random, results.versions) == ("random", ["numpy 2.0"])
    np.testing.assert_array_equal(results.n_labels, [100, 200, 300])


def test_earlier_trainings_count_if_queries_need_them():
    results = ComparisonResults(rows(KNOWN))
    np.testing.assert_array_equal(results.seconds("random")[0], [10, 10, 10])
    np.testing.assert_array_equal(results.seconds("margin")[1], [10, 22, 34])
    curve = results.curves("margin")[1]
    np.testing.assert_array_equal(curve.seconds, [10, 22, 34])
    np.testing.assert_array_equal(curve.accuracy, KNOWN["margin"][1])
    mean = results.mean_curve("margin")
    np.testing.assert_allclose(mean.accuracy, [0.45, 0.65, 0.75])


def test_seeds_without_a_row_of_some_strategy_are_unfinished():
    made = without(rows(KNOWN), ("margin", 1, 2))
    results = ComparisonResults(made, settings={"seeds": [0, 1, 2], "rounds": 2})
    assert results.seeds == [0]
    assert (results.n_rows, results.n_planned) == (11, 2 * 3 * 3)


def test_without_a_complete_seed_later_rounds_are_left_out():
    made = without(rows(KNOWN), ("margin", 0, 1), ("margin", 1, 2))
    made = without(made, ("margin", 0, 2))
    results = ComparisonResults(made)
    assert results.seeds == [1]
    np.testing.assert_array_equal(results.n_labels, [100, 200])


def test_strategies_are_in_planned_order_and_random_is_found_by_name():
    plan = {
        "BADGE": {"strategy": "badge"},
        "margin": {"strategy": "margin"},
        "chance": {"strategy": "random"},
    }
    made = rows({"chance": KNOWN["random"], "margin": KNOWN["margin"]})
    results = ComparisonResults(made, settings={"strategies": plan})
    assert results.strategies == ["margin", "chance"]
    assert results.random == "chance"
    assert results.n_planned == 3 * 2 * 3


def test_messages():
    with pytest.raises(ValueError, match="needs rows; got none. Let"):
        ComparisonResults([])
    made, apart = rows(KNOWN), {("random", "0"), ("margin", "1")}
    with pytest.raises(ValueError, match="needs a seed with rows of every strategy"):
        ComparisonResults([x for x in made if (x["strategy"], x["seed"]) in apart])
    made[4] = made[4] | {"accuracy": "lots"}
    match = "as accuracy; got 'lots' for strategy 'random', seed 1, round 1. Delete"
    with pytest.raises(ValueError, match=match):
        ComparisonResults(made)
    made[4] = made[4] | {"accuracy": ""}
    with pytest.raises(ValueError, match="finite number as accuracy; got ''"):
        ComparisonResults(made)
    made[4] = made[4] | {"accuracy": "0.5", "n_labels": "250"}
    with pytest.raises(ValueError, match="one number of labels in each round"):
        ComparisonResults(made)
