"""The cost of labels and computing, and the savings of a curve against a reference.

The three savings have the names of the ASVP paper (Wen et al., "Feature Alignment",
TMLR 2024, arXiv 2403.01101). The formulas are this project's own, because the paper's
were not available.
"""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from modal_clustermargin.comparison._learning_curves import value_at


@dataclass(frozen=True)
class Prices:
    """Prices of a label and of an hour of computing, in the same currency.

    Parameters
    ----------
    label, hour : float
        Finite and at least 0; other prices raise ValueError.
    """

    label: float
    hour: float

    def __post_init__(self):
        for name, price in vars(self).items():
            if not (isinstance(price, Real) and math.isfinite(price) and price >= 0):
                raise ValueError(
                    f"Prices needs {name} as a finite number of at least 0; got"
                    f" {price!r}."
                )

    def __str__(self):
        return f"{self.label:g} per label and {self.hour:g} per hour of computing"


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
    """
    return prices.label * curve.n_labels + prices.hour * (curve.seconds / 3600)


def cost_at(accuracy, curve, prices):
    """Cost to reach an accuracy, in the shape that `labels_needed` returns."""
    return value_at(accuracy, curve, cost(curve, prices))


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
        Accuracies. None means the mean over `shared_accuracies`.

    Returns
    -------
    ratio : float or ndarray of the shape of `at`
        At most 1. With `at`, nan where a curve never reaches the accuracy, or where
        the reference needs no labels. Without `at`, nan if no accuracy is shared.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, sample_saving_ratio
    >>> random = LearningCurve([100, 200, 300, 400], accuracy=[60, 70, 80, 90])
    >>> margin = LearningCurve([100, 200], accuracy=[60, 80])
    >>> sample_saving_ratio(margin, random, at=[70, 80, 90])
    array([0.25      , 0.33333333,        nan])
    """
    labels_alone = Prices(label=1, hour=0)
    return overall_cost_reduction(curve, reference, labels_alone, at=at)


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
    """
    spent, reference_spent = _costs(curve, reference, prices, at)
    share = 1 - spent / np.where(reference_spent == 0, np.nan, reference_spent)
    return _at_or_mean(share, at)


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
        If labels cost nothing, ValueError is raised.

    Returns
    -------
    n_labels : float or ndarray of the shape of `at`
        nan where a curve never reaches the accuracy; without `at`, nan if no accuracy
        is shared.
    """
    if prices.label == 0:
        raise ValueError(
            "equivalent_saving counts money in labels, so it needs a price of a label"
            f" above 0; got {prices!r}. Use overall_cost_reduction to compare computing"
            " alone."
        )
    spent, reference_spent = _costs(curve, reference, prices, at)
    return _at_or_mean((reference_spent - spent) / prices.label, at)


def _costs(curve, reference, prices, at):
    """Costs of both curves at given or at the shared accuracies."""
    at = shared_accuracies(curve, reference) if at is None else at
    return cost_at(at, curve, prices), cost_at(at, reference, prices)


def _at_or_mean(saved, at):
    """Savings at given accuracies, or the mean over the shared ones."""
    if at is None:
        return float(np.mean(saved)) if np.size(saved) else math.nan
    return saved if np.ndim(saved) else float(saved)
