"""Areas, paired differences and savings, on curves that are known by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from modal_clustermargin.comparison import ComparisonResults, LearningCurve
from modal_clustermargin.comparison._statistics import (
    Bootstrap,
    area_difference,
    equal_accuracies,
    paired_difference,
    ranking,
    seeds_won,
)
from modal_clustermargin.comparison._statistics import (
    areas_under_curve as areas,
)
from tests.comparison.make_comparison import rows

# Margin has at 200 labels what random has at 300, with every seed.
KNOWN = {
    "random": [[0.5, 0.6, 0.7], [0.4, 0.5, 0.6]],
    "margin": [[0.5, 0.7, 0.8], [0.4, 0.6, 0.7]],
}


def bootstrap(results, n_bootstrap=100):
    return Bootstrap(results, n_bootstrap, np.random.RandomState(0))


class TestKnownCurves:
    results = ComparisonResults(rows(KNOWN))

    def test_areas_are_by_the_trapezoid_rule_with_the_start(self):
        np.testing.assert_allclose(areas(self.results, "random"), [0.6, 0.5])
        np.testing.assert_allclose(areas(self.results, "margin"), [0.675, 0.575])

    def test_uneven_rounds_weigh_by_their_labels(self):
        made = rows({"random": [[0.0, 1.0, 1.0]]}, n_labels=(0, 100, 400))
        area = areas(ComparisonResults(made), "random")
        np.testing.assert_allclose(area, [(50 + 300) / 400])

    def test_the_area_of_a_single_round_is_its_accuracy(self):
        made = [x for x in rows(KNOWN) if x["round"] == "0"]
        results = ComparisonResults(made)
        np.testing.assert_array_equal(areas(results, "random"), [0.5, 0.4])

    def test_saved_labels_and_their_share(self):
        saving = bootstrap(self.results).saving("margin", "random")
        # Means .45, .55, .65 and .45, .65, .75: of .55, half of the labels to 200.
        assert saving.accuracy == pytest.approx(0.65)
        assert saving.labels.value == pytest.approx(300 - 200)
        by_hand = np.mean([1 - 150 / 200, 1 - 200 / 300])
        assert saving.share.value == pytest.approx(by_hand)
        # The seeds differ by their level alone, so every draw says the same.
        np.testing.assert_allclose(saving.labels[1:], 100)
        np.testing.assert_allclose(saving.share[1:], by_hand)

    def test_wins_and_ranking(self):
        assert seeds_won(self.results, "margin", "random") == 2
        assert seeds_won(self.results, "random", "margin") == 0
        assert ranking(self.results) == ["margin", "random"]

    def test_equal_accuracies(self):
        accuracies = equal_accuracies(self.results, 2)
        np.testing.assert_allclose(accuracies, [0.55, 0.65])
        level = ComparisonResults(rows({"random": [[0.5] * 3], "margin": [[0.5] * 3]}))
        np.testing.assert_array_equal(equal_accuracies(level), [0.5])


def test_rounding_errors_do_not_decide_a_win():
    made = rows(
        {"a": [[0.1, 0.35, 0.7, 0.1]], "b": [[0.1, 0.7, 0.35, 0.1]]}, n_labels=N4
    )
    results = ComparisonResults(made)
    assert seeds_won(results, "a", "b") == seeds_won(results, "b", "a") == 0


def test_rounding_errors_do_not_count_as_a_rise():
    # In floats .1 + .2 + .3 is above .3 + .2 + .1: random has .2 at 200 labels.
    curves = {
        "random": [[0.05, 0.3, 0.1], [0.05, 0.2, 0.2], [0.05, 0.1, 0.3]],
        "margin": [[0.05, 0.1, 0.5]] * 3,
    }
    results = ComparisonResults(rows(curves))
    labels = bootstrap(results).saving("margin", "random").labels
    assert labels.value == pytest.approx(200 - 225)
    np.testing.assert_array_equal(
        results.mean_curve("random").accuracy, [0.05, 0.2, 0.2]
    )


N4 = (100, 200, 300, 400)
accuracies = st.integers(0, 20).map(lambda n: n / 20)


@st.composite
def comparisons(draw):
    n_seeds, n_rounds = draw(st.integers(2, 5)), draw(st.integers(2, 4))
    seed = st.lists(accuracies, min_size=n_rounds, max_size=n_rounds)
    by_seed = st.lists(seed, min_size=n_seeds, max_size=n_seeds)
    curves = {name: draw(by_seed) for name in ("random", "margin", "badge")}
    return ComparisonResults(rows(curves, n_labels=N4[:n_rounds]))


@given(comparisons())
@settings(max_examples=25)
def test_areas_are_means_of_the_interpolated_curve(results):
    grid = np.linspace(results.n_labels[0], results.n_labels[-1], 1201)
    for strategy in results.strategies:
        by_hand = [
            np.interp((grid[1:] + grid[:-1]) / 2, curve.n_labels, curve.accuracy).mean()
            for curve in results.curves(strategy)
        ]
        np.testing.assert_allclose(areas(results, strategy), by_hand, atol=1e-6)


@given(comparisons())
@settings(max_examples=25)
def test_each_seed_is_a_win_or_a_tie(results):
    for one, other in itertools.combinations(results.strategies, 2):
        ties = np.sum(areas(results, one) == areas(results, other))
        won = seeds_won(results, one, other) + seeds_won(results, other, one)
        assert won + ties == len(results.seeds)


@given(comparisons())
@settings(max_examples=10)
def test_intervals_are_quantiles_over_draws_of_seeds(results):
    drawn = np.random.RandomState(0).randint(
        len(results.seeds), size=(20, len(results.seeds))
    )
    by_draw = []
    for draw in drawn:
        means = [
            results.values(s, "accuracy")[draw].mean(axis=0).round(12)
            for s in ("margin", "random")
        ]
        curves = [LearningCurve(results.n_labels, mean) for mean in means]
        end = min(curve.best_accuracy[-1] for curve in curves)
        ours, theirs = (_first_at(curve, end) for curve in curves)
        by_draw.append(theirs - ours)
    found = bootstrap(results, 20).saving("margin", "random").labels
    ends = np.quantile(by_draw, [0.025, 0.975])
    np.testing.assert_allclose(found[1:], ends, atol=1e-5)


def _first_at(curve, accuracy):
    """Number of labels at which a curve first reaches an accuracy, by bisection."""

    def reached(n):
        return np.interp(n, curve.n_labels, curve.best_accuracy) >= accuracy

    low, high = curve.n_labels[0], curve.n_labels[-1]
    if reached(low):
        return low
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


differences = st.lists(st.tuples(accuracies, accuracies), min_size=2, max_size=8)


@given(differences)
def test_differences_have_the_interval_of_the_paired_t_test(pairs):
    ours, theirs = np.array(pairs).T
    by = paired_difference(ours, theirs)
    assert by.value == pytest.approx(np.mean(ours - theirs))
    if np.ptp(ours - theirs) > 1e-9:
        expected = ttest_rel(ours, theirs).confidence_interval(0.95)
        np.testing.assert_allclose([by.low, by.high], expected)
        assert by.excludes_zero == (ttest_rel(ours, theirs).pvalue < 0.05)
    else:
        np.testing.assert_allclose([by.low, by.high], by.value)


def test_one_seed_has_no_interval():
    results = ComparisonResults(rows({k: v[:1] for k, v in KNOWN.items()}))
    by = area_difference(results, "margin", "random")
    assert by.value == pytest.approx(0.075)
    assert np.isnan(by.low)
    assert not by.excludes_zero
    saving = bootstrap(results).saving("margin", "random")
    assert saving.labels.value == pytest.approx(100)
    assert np.isnan([*saving.labels[1:], *saving.share[1:]]).all()


def test_curves_that_share_no_accuracy_have_no_share():
    apart = {"random": [[0.8, 0.9, 0.9]] * 2, "margin": [[0.1, 0.2, 0.3]] * 2}
    saving = bootstrap(ComparisonResults(rows(apart))).saving("margin", "random")
    assert np.isnan(saving.share).all()
    assert saving.accuracy == 0.3
    # Random is above .3 from its first point on, whose labels count.
    assert saving.labels == (-200, -200, -200)


def test_same_seed_same_interval():
    rng = np.random.RandomState(0)
    curves = {name: rng.uniform(size=(5, 3)) for name in ("random", "margin")}
    results = ComparisonResults(rows(curves))
    one, two = (bootstrap(results).saving("margin", "random") for _ in range(2))
    assert one == two
    other = Bootstrap(results, 100, np.random.RandomState(1))
    assert other.saving("margin", "random") != one
