"""Learning curves, costs and savings, by hand and by their invariants."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modal_clustermargin.comparison import (
    LearningCurve,
    Prices,
    cost,
    equivalent_saving,
    labels_needed,
    overall_cost_reduction,
    sample_saving_ratio,
    seconds_needed,
    shared_accuracies,
)

# By hand: at 70, 80 and 90 percent margin needs 150, 200 and 300 labels, and 2250,
# 3600 and 7200 seconds.
RANDOM = LearningCurve(
    [100, 200, 300, 400], [60, 70, 80, 90], seconds=[900, 1800, 2700, 3600]
)
MARGIN = LearningCurve([100, 200, 300], [60, 80, 90], seconds=[900, 3600, 7200])
PRICES = Prices(label=0.5, hour=20)

# A dip at 300 and a plateau at 400.
DIPPING = LearningCurve([100, 200, 300, 400, 500], [50, 70, 60, 70, 90])


@st.composite
def curves(draw):
    # Coarse accuracies: dips, plateaus and ties between curves are common.
    n_points = draw(st.integers(1, 6))
    steps = draw(st.lists(st.integers(1, 9), min_size=n_points, max_size=n_points))
    accuracy = draw(st.lists(st.integers(0, 8), min_size=n_points, max_size=n_points))
    seconds = draw(
        st.lists(st.integers(0, 50_000), min_size=n_points, max_size=n_points)
    )
    return LearningCurve(np.cumsum(steps) * 10, accuracy, seconds=seconds)


label_prices = st.sampled_from([0.01, 0.5, 3.0])
hour_prices = st.sampled_from([0.0, 0.25, 4.0, 90.0])
prices = st.builds(Prices, label=label_prices, hour=hour_prices)
factors = st.sampled_from([0.25, 0.8, 1.0, 1.5, 4.0])


def at_most(smaller, larger):
    """Whether entries are equal up to rounding, with nan equal to nan."""
    smaller, larger = np.atleast_1d(smaller), np.atleast_1d(larger)
    np.testing.assert_array_equal(np.isnan(smaller), np.isnan(larger))
    known = ~np.isnan(smaller)
    room = 1e-9 * (1 + np.abs(larger[known]))
    return bool(np.all(smaller[known] <= larger[known] + room))


# Labels and seconds to an accuracy


@pytest.mark.parametrize(
    ("accuracy", "n_labels"),
    [
        (40, 100),  # the first point has it
        (50, 100),
        (60, 150),
        (70, 200),  # not again at 400
        (75, 425),  # from the end of the plateau
        (90, 500),
    ],
)
def test_labels_needed_are_linear_on_the_best_so_far(accuracy, n_labels):
    assert labels_needed(DIPPING, accuracy) == n_labels


def test_seconds_may_fall():
    curve = LearningCurve([100, 200], [60, 80], seconds=[1000, 600])
    assert seconds_needed(curve, [50, 60, 65, 80]).tolist() == [1000, 1000, 900, 600]


def test_accuracies_that_are_never_reached_are_nan():
    for needed in (labels_needed, seconds_needed):
        assert math.isnan(needed(RANDOM, 90.5))
        assert np.isnan(needed(RANDOM, [np.inf, 90, -np.inf])).tolist() == [1, 0, 0]


def test_shapes_are_kept():
    assert isinstance(labels_needed(RANDOM, 70), float)
    assert isinstance(sample_saving_ratio(MARGIN, RANDOM), float)
    assert isinstance(equivalent_saving(MARGIN, RANDOM, PRICES, at=70), float)
    at = [[60, 70, 80], [80, 90, 100]]
    assert labels_needed(RANDOM, at).shape == (2, 3)
    assert seconds_needed(RANDOM, []).shape == (0,)
    assert overall_cost_reduction(MARGIN, RANDOM, PRICES, at=at).shape == (2, 3)


@given(curves(), st.floats(-1, 9))
def test_labels_needed_agree_with_numpy(curve, accuracy):
    # At an accuracy where the best so far stands still, numpy may take any point.
    best = np.maximum.accumulate(curve.accuracy)
    assume(accuracy not in best)
    expected = np.interp(accuracy, best, curve.n_labels, right=np.nan)
    np.testing.assert_allclose(labels_needed(curve, accuracy), expected)


@given(curves())
def test_a_point_needs_the_labels_of_the_first_point_as_good(curve):
    best = [max(curve.accuracy[: i + 1]) for i in range(len(curve.accuracy))]
    first = [np.flatnonzero(curve.accuracy >= a)[0] for a in best]
    found = labels_needed(curve, best)
    np.testing.assert_array_equal(found, curve.n_labels[first])
    found = seconds_needed(curve, best)
    np.testing.assert_array_equal(found, curve.seconds[first])


@given(curves(), st.lists(st.floats(-1, 9), min_size=2))
def test_a_higher_accuracy_needs_no_fewer_labels(curve, accuracies):
    needed = labels_needed(curve, sorted(accuracies))
    reached = needed[~np.isnan(needed)]
    assert np.isnan(needed[len(reached) :]).all()
    assert at_most(reached[:-1], reached[1:])


# Worked by hand


def test_cost_of_each_point():
    assert cost(MARGIN, PRICES).tolist() == [55, 120, 190]


def test_the_three_numbers():
    at = [70, 80, 90]
    np.testing.assert_allclose(
        sample_saving_ratio(MARGIN, RANDOM, at=at), [1 / 4, 1 / 3, 1 / 4]
    )
    # Random pays 110, 165 and 220; margin 87.5, 120 and 190.
    np.testing.assert_allclose(
        overall_cost_reduction(MARGIN, RANDOM, PRICES, at=at),
        [22.5 / 110, 45 / 165, 30 / 220],
    )
    np.testing.assert_allclose(
        equivalent_saving(MARGIN, RANDOM, PRICES, at=at), [45, 90, 60]
    )
    assert sample_saving_ratio(MARGIN, RANDOM) == pytest.approx(5 / 18)
    assert equivalent_saving(MARGIN, RANDOM, PRICES) == pytest.approx(65)
    assert overall_cost_reduction(MARGIN, RANDOM, PRICES) == pytest.approx(
        (22.5 / 110 + 45 / 165 + 30 / 220) / 3
    )


def test_expensive_computing_turns_a_saving_into_a_loss():
    # At 90 percent: 100 labels for an hour.
    fair, dear = Prices(label=0.5, hour=50), Prices(label=0.5, hour=60)
    assert equivalent_saving(MARGIN, RANDOM, fair, at=90) == 0
    assert overall_cost_reduction(MARGIN, RANDOM, fair, at=90) == 0
    assert equivalent_saving(MARGIN, RANDOM, dear, at=90) == -20
    assert overall_cost_reduction(MARGIN, RANDOM, dear, at=90) == 1 - 270 / 260


def test_shared_accuracies():
    # 50 is where the reference starts; its dip and its plateau bring nothing.
    whole = LearningCurve([10, 20], [0, 100])
    assert shared_accuracies(whole, DIPPING).tolist() == [70, 90]
    # Neither what the curve has at once, nor what it never reaches.
    assert shared_accuracies(LearningCurve([10, 20], [70, 90]), DIPPING).tolist() == [
        90
    ]
    assert shared_accuracies(LearningCurve([10, 20], [50, 89]), DIPPING).tolist() == [
        70
    ]


@pytest.mark.parametrize("accuracy", [[60], [95, 99], [10, 40]])
def test_nan_where_no_accuracy_is_shared(accuracy):
    apart = LearningCurve(np.arange(len(accuracy)), accuracy)
    assert shared_accuracies(apart, RANDOM).size == 0
    assert math.isnan(sample_saving_ratio(apart, RANDOM))
    assert math.isnan(overall_cost_reduction(apart, RANDOM, PRICES))
    assert math.isnan(equivalent_saving(apart, RANDOM, PRICES))


def test_a_share_of_zero_is_nan():
    from_zero = LearningCurve([0, 10], [10, 20])
    ratio = sample_saving_ratio(from_zero, from_zero, at=[10, 15])
    np.testing.assert_array_equal(ratio, [np.nan, 0])
    assert math.isnan(overall_cost_reduction(from_zero, from_zero, PRICES, at=10))
    assert equivalent_saving(from_zero, from_zero, PRICES, at=10) == 0


# What holds of all curves


@given(curves(), prices)
def test_a_curve_saves_nothing_against_itself(curve, prices):
    at = curve.accuracy
    assert not sample_saving_ratio(curve, curve, at=at).any()
    assert not overall_cost_reduction(curve, curve, prices, at=at).any()
    assert not equivalent_saving(curve, curve, prices, at=at).any()
    nothing = 0 if len(np.unique(curve.best_accuracy)) > 1 else math.nan
    for mean in (
        sample_saving_ratio(curve, curve),
        overall_cost_reduction(curve, curve, prices),
        equivalent_saving(curve, curve, prices),
    ):
        assert mean == pytest.approx(nothing, abs=0, nan_ok=True)


@given(curves(), prices, factors)
def test_scaling_the_labels_scales_the_saving(curve, prices, factor):
    assume(len(np.unique(curve.best_accuracy)) > 1)
    scaled = dataclasses.replace(curve, n_labels=curve.n_labels * factor)
    assert sample_saving_ratio(scaled, curve) == pytest.approx(1 - factor)
    both = dataclasses.replace(scaled, seconds=curve.seconds * factor)
    assert overall_cost_reduction(both, curve, prices) == pytest.approx(1 - factor)


@given(curves(), curves(), label_prices)
def test_only_labels_count_if_computing_is_free(curve, reference, label):
    free = Prices(label=label, hour=0)
    at = reference.accuracy
    for kwargs in ({}, {"at": at}):
        np.testing.assert_allclose(
            overall_cost_reduction(curve, reference, free, **kwargs),
            sample_saving_ratio(curve, reference, **kwargs),
            atol=1e-12,
        )
    np.testing.assert_allclose(
        equivalent_saving(curve, reference, free, at=at),
        labels_needed(reference, at) - labels_needed(curve, at),
        atol=1e-9,
    )


@given(curves(), curves(), prices)
def test_the_mean_is_over_the_shared_accuracies(curve, reference, prices):
    at = shared_accuracies(curve, reference)
    assert np.isfinite(labels_needed(curve, at)).all()
    np.testing.assert_array_less(curve.n_labels[0], labels_needed(curve, at))
    np.testing.assert_array_less(reference.n_labels[0], labels_needed(reference, at))
    for saved, args in (
        (sample_saving_ratio, ()),
        (overall_cost_reduction, (prices,)),
        (equivalent_saving, (prices,)),
    ):
        each = saved(curve, reference, *args, at=at)
        mean = each.mean() if at.size else math.nan
        assert saved(curve, reference, *args) == pytest.approx(mean, nan_ok=True)
        for accuracy, value in zip(at, each, strict=True):
            assert saved(curve, reference, *args, at=accuracy) == value


@given(curves(), prices, st.floats(0, 10), st.floats(0, 10))
def test_cost_grows_with_each_price(curve, prices, label, hour):
    dearer = Prices(prices.label + label, prices.hour + hour)
    assert at_most(cost(curve, prices), cost(curve, dearer))


@given(curves(), curves(), label_prices, hour_prices, hour_prices)
def test_a_higher_price_of_computing_favors_less_computing(
    curve, reference, label, hour, other
):
    cheap, dear = (Prices(label, hour) for hour in sorted([hour, other]))
    at = reference.accuracy
    more = seconds_needed(curve, at) >= seconds_needed(reference, at)
    less = seconds_needed(curve, at) <= seconds_needed(reference, at)
    before = equivalent_saving(curve, reference, cheap, at=at)
    after = equivalent_saving(curve, reference, dear, at=at)
    assert at_most(after[more], before[more])
    assert at_most(before[less], after[less])


@given(curves(), curves(), prices, factors)
def test_the_currency_does_not_matter(curve, reference, prices, factor):
    other = Prices(prices.label * factor, prices.hour * factor)
    at = reference.accuracy
    for saved in (overall_cost_reduction, equivalent_saving):
        np.testing.assert_allclose(
            saved(curve, reference, other, at=at),
            saved(curve, reference, prices, at=at),
            atol=1e-9,
        )


@given(curves(), curves(), prices)
def test_equivalent_labels_times_their_price_are_the_saved_cost(
    curve, reference, prices
):
    at = reference.accuracy
    labels = equivalent_saving(curve, reference, prices, at=at)
    share = overall_cost_reduction(curve, reference, prices, at=at)
    paid = prices.label * labels_needed(reference, at)
    paid += prices.hour * seconds_needed(reference, at) / 3600
    np.testing.assert_allclose(labels * prices.label, share * paid, atol=1e-6)


# Curves and prices as objects


def test_a_curve_keeps_copies_that_cannot_be_written():
    accuracy = np.array([0.5, 0.75])
    curve = LearningCurve([10, 20], accuracy)
    accuracy[0] = 1
    assert curve.accuracy.tolist() == [0.5, 0.75]
    assert curve.seconds.tolist() == [0, 0]
    for values in (curve.n_labels, curve.accuracy, curve.seconds):
        assert values.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        curve.accuracy = accuracy


# Messages


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), r"same shape \(n_points,\), with at least one .* \(0,\), \(0,\)"),
        ((3, 3), r"same shape \(n_points,\).* got the shapes \(\), \(\), \(\)"),
        (([1, 2, 3], [1, 2]), r"of the same shape.* got the shapes \(3,\), \(2,\)"),
        (([1, 2], [1, 2], [1]), r"of the same shape.* \(2,\), \(2,\), \(1,\)"),
        (([1, 5, 5], [1, 2, 3]), r"increase.* got 5 at point 2 after 5\. Sort"),
        (([1, 5, 4], [1, 2, 3]), r"increase.* got 4 at point 2 after 5\. Sort"),
        (([-1, 5], [1, 2]), "finite n_labels >= 0; got -1 at point 0"),
        (([1, 2], [1, 2], [0, -3]), "finite seconds >= 0; got -3 at point 1"),
        (([1, 2], [0.5, np.nan]), "finite accuracy; got nan at point 1. Leave"),
        (([1, np.inf], [1, 2]), "finite n_labels >= 0; got inf at point 1"),
        (([1, 2], [1, 2], [np.nan, 1]), "finite seconds >= 0; got nan at point 0"),
        (([1, 2], ["a", "b"]), "could not convert string to float: 'a'"),
    ],
)
def test_bad_curves(arguments, message):
    with pytest.raises(ValueError, match=message):
        LearningCurve(*arguments)


@pytest.mark.parametrize("price", [-0.5, math.nan, math.inf, "3", None])
@pytest.mark.parametrize("name", ["label", "hour"])
def test_bad_prices(name, price):
    with pytest.raises(ValueError, match=f"Prices needs {name} .* at least 0; got"):
        Prices(**{"label": 1, "hour": 1, name: price})


def test_equivalent_saving_needs_a_price_of_a_label():
    message = r"equivalent_saving .* above 0; got Prices\(label=0, hour=2\)\. Use"
    with pytest.raises(ValueError, match=message):
        equivalent_saving(MARGIN, RANDOM, Prices(label=0, hour=2))


@pytest.mark.parametrize("prices", [Prices(0, 0), Prices(0, 5)])
def test_the_share_of_no_cost_is_nan(prices):
    untimed = dataclasses.replace(RANDOM, seconds=None)
    assert math.isnan(overall_cost_reduction(MARGIN, untimed, prices))


def test_the_saving_at_nan_is_nan():
    assert np.isnan(labels_needed(RANDOM, [70, np.nan])).tolist() == [False, True]
    for saved, args in (
        (sample_saving_ratio, ()),
        (overall_cost_reduction, (PRICES,)),
        (equivalent_saving, (PRICES,)),
    ):
        found = saved(MARGIN, RANDOM, *args, at=[70, np.nan])
        assert np.isnan(found).tolist() == [False, True]
