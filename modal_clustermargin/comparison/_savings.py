"""The cost of labels and computing, and the savings of a curve against a reference.

The three savings have the names of the ASVP paper (Wen et al., "Feature Alignment",
TMLR 2024, arXiv 2403.01101). The formulas are this project's own, because the paper's
were not available.
"""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from modal_clustermargin.comparison._learning_curves import (
    as_accuracies,
    labels_needed,
    seconds_needed,
)


@dataclass(frozen=True)
class Prices:
    """Prices of a label and of an hour of computing, in the same currency.

    Parameters
    ----------
    label : float
        Price per label; finite and at least 0.

    hour : float
        Price per hour of computing; finite and at least 0.

    Raises
    ------
    ValueError
        If a price is not as described.

    Examples
    --------
    >>> from modal_clustermargin.comparison import Prices
    >>> Prices(label=0.5, hour=20)
    Prices(label=0.5, hour=20)
    """

    label: float
    hour: float

    def __post_init__(self):
        for name, price in {"label": self.label, "hour": self.hour}.items():
            if not (isinstance(price, Real) and math.isfinite(price) and price >= 0):
                raise ValueError(
                    f"Prices needs {name} as a finite number of at least 0; got"
                    f" {price!r}."
                )


def cost(curve, prices):
    """Cost of labels and computing up to each point of a curve.

    Parameters
    ----------
    curve : LearningCurve

    prices : Prices

    Returns
    -------
    cost : ndarray of shape (n_points,), dtype=float64
        In the currency of the prices.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, Prices, cost
    >>> curve = LearningCurve([100, 200], accuracy=[60, 80], seconds=[900, 3600])
    >>> cost(curve, Prices(label=0.5, hour=20))
    array([ 55., 120.])
    """
    return _cost(curve.n_labels, curve.seconds, prices)


def cost_at(curve, prices, accuracy):
    """Cost to reach an accuracy, in the shape that `labels_needed` returns."""
    return _cost(
        labels_needed(curve, accuracy), seconds_needed(curve, accuracy), prices
    )


def _cost(n_labels, seconds, prices):
    return prices.label * n_labels + prices.hour * (seconds / 3600)


def shared_accuracies(curve, reference):
    """Accuracies at which a curve is compared with its reference by default.

    Parameters
    ----------
    curve, reference : LearningCurve
        In the same unit of accuracy.

    Returns
    -------
    accuracies : ndarray of shape (n_shared,), dtype=float64
        The different values of the `best_accuracy` of `reference` that are above the
        first point of both curves, and that `curve` reaches. May be empty.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, shared_accuracies
    >>> reference = LearningCurve([10, 20, 30, 40, 50], [60, 70, 65, 80, 90])
    >>> shared_accuracies(LearningCurve([10, 20], [60, 85]), reference)
    array([70., 80.])
    """
    accuracies = np.unique(reference.best_accuracy)
    start = max(curve.best_accuracy[0], reference.best_accuracy[0])
    end = curve.best_accuracy[-1]
    return accuracies[(accuracies > start) & (accuracies <= end)]


def sample_saving_ratio(curve, reference, *, at=None):
    """Share of the labels of the reference that a curve saves.

    At an accuracy a, ``1 - N(a) / N_reference(a)`` with N by `labels_needed`. Negative
    where the curve needs more labels than the reference.

    Parameters
    ----------
    curve : LearningCurve

    reference : LearningCurve
        Usually that of random sampling.

    at : float or array-like, default=None
        Accuracies, not nan. None means the mean over `shared_accuracies`.

    Returns
    -------
    ratio : float or ndarray of the shape of `at`
        At most 1. With `at`, nan where a curve never reaches the accuracy, or where
        the reference needs no labels. Without `at`, nan if no accuracy is shared.

    Raises
    ------
    ValueError
        If `at` is not numbers, or contains nan.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, sample_saving_ratio
    >>> random = LearningCurve([100, 200, 300, 400], accuracy=[60, 70, 80, 90])
    >>> margin = LearningCurve([100, 200], accuracy=[60, 80])
    >>> sample_saving_ratio(margin, random, at=[70, 80, 90])
    array([0.25      , 0.33333333,        nan])
    >>> round(sample_saving_ratio(margin, random), 4)
    0.2917
    """

    def saved(at):
        return _share_saved(labels_needed(curve, at), labels_needed(reference, at))

    return _at_or_mean(saved, curve, reference, at, "sample_saving_ratio")


def overall_cost_reduction(curve, reference, prices, *, at=None):
    """Share of the cost of the reference, for labels and computing, that is saved.

    At an accuracy a, ``1 - cost(a) / cost_reference(a)``, with the price of a label
    times `labels_needed` plus the price of an hour times `seconds_needed` in hours.
    Negative where the curve costs more than the reference.

    Parameters
    ----------
    curve, reference, at
        As in `sample_saving_ratio`.

    prices : Prices

    Returns
    -------
    reduction : float or ndarray of the shape of `at`
        At most 1; nan as in `sample_saving_ratio`, and where the reference costs
        nothing.

    Raises
    ------
    ValueError
        If no point of the reference costs anything, or `at` is not numbers, or
        contains nan.

    Examples
    --------
    >>> from modal_clustermargin.comparison import (
    ...     LearningCurve, Prices, overall_cost_reduction
    ... )
    >>> random = LearningCurve([100, 200], [60, 70], seconds=[900, 1800])
    >>> margin = LearningCurve([100, 150], [60, 70], seconds=[900, 2250])
    >>> overall_cost_reduction(margin, random, Prices(label=0.5, hour=0))
    0.25
    >>> round(overall_cost_reduction(margin, random, Prices(label=0.5, hour=20)), 4)
    0.2045
    """
    if not cost(reference, prices).any():
        raise ValueError(
            "overall_cost_reduction divides by the cost of the reference, which is 0 at"
            f" all points with {prices}. Give the price of a label, or the price of an"
            " hour and the seconds of the reference."
        )

    def saved(at):
        return _share_saved(cost_at(curve, prices, at), cost_at(reference, prices, at))

    return _at_or_mean(saved, curve, reference, at, "overall_cost_reduction")


def equivalent_saving(curve, reference, prices, *, at=None):
    """Number of labels that the saved cost would pay for.

    At an accuracy a, ``(cost_reference(a) - cost(a)) / price of a label``: the labels
    saved, less the extra computing in labels. Negative where the extra computing costs
    more than the saved labels.

    Parameters
    ----------
    curve, reference, at
        As in `sample_saving_ratio`.

    prices : Prices
        With a price of a label above 0.

    Returns
    -------
    n_labels : float or ndarray of the shape of `at`
        nan where a curve never reaches the accuracy; without `at`, nan if no accuracy
        is shared.

    Raises
    ------
    ValueError
        If labels cost nothing, or `at` is not numbers, or contains nan.

    Examples
    --------
    Fifty labels fewer, for 450 seconds more:

    >>> from modal_clustermargin.comparison import (
    ...     LearningCurve, Prices, equivalent_saving
    ... )
    >>> random = LearningCurve([100, 200], [60, 70], seconds=[900, 1800])
    >>> margin = LearningCurve([100, 150], [60, 70], seconds=[900, 2250])
    >>> equivalent_saving(margin, random, Prices(label=0.5, hour=20))
    45.0
    """
    if prices.label == 0:
        raise ValueError(
            "equivalent_saving counts money in labels, so it needs a price of a label"
            f" above 0; got {prices}. Use overall_cost_reduction to compare computing"
            " alone."
        )

    def saved(at):
        money = cost_at(reference, prices, at) - cost_at(curve, prices, at)
        return money / prices.label

    return _at_or_mean(saved, curve, reference, at, "equivalent_saving")


def _share_saved(spent, reference_spent):
    """The share, nan where the reference spends nothing."""
    return 1 - spent / np.where(reference_spent == 0, np.nan, reference_spent)


def _at_or_mean(saved, curve, reference, at, who):
    """``saved(accuracies)`` at given accuracies, or the mean over the shared ones."""
    if at is None:
        accuracies = shared_accuracies(curve, reference)
        return float(np.mean(saved(accuracies))) if accuracies.size else math.nan
    values = saved(as_accuracies(at, who, "at"))
    return values if np.ndim(values) else float(values)
