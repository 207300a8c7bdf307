"""How much a curve saves against a reference: labels, money, money as labels.

Three numbers, each at an accuracy or as a mean over those that both curves reach.
"""

import math

import numpy as np

from modal_clustermargin.comparison._costs import cost, cost_at
from modal_clustermargin.comparison._learning_curves import (
    as_accuracies,
    labels_needed,
)


def shared_accuracies(curve, reference):
    """Accuracies at which a curve is compared with its reference by default.

    Parameters
    ----------
    curve, reference : LearningCurve
        In one unit of accuracy.

    Returns
    -------
    accuracies : ndarray of shape (n_shared,), dtype=float64
        The best accuracies so far at the points of `reference`, increasing, each
        once. Left out are points of `reference`

        - that are no better than an earlier one;
        - whose accuracy `curve` never reaches: what it would need is unknown;
        - whose accuracy one of the two has at its first point already, where fewer
          labels than that point's might have been enough.

        Nothing else is left out. It may be that none remains.

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
    """Share of the reference's labels that a curve does without [1]_.

    At an accuracy a, ``1 - N(a) / N_reference(a)`` with N by `labels_needed`. Below 0
    where the curve needs more labels than the reference.

    Parameters
    ----------
    curve : LearningCurve

    reference : LearningCurve
        Commonly that of random sampling.

    at : float or array-like, default=None
        Accuracies, not nan. None means the mean over `shared_accuracies`.

    Returns
    -------
    ratio : float or ndarray of the shape of `at`
        At most 1. With `at`, nan where one of the two never reaches the accuracy, or
        the reference needs nothing; where a curve starts above the accuracy, its
        first point counts. Without `at`, nan if no accuracy is shared.

    Raises
    ------
    ValueError
        If `at` is not numbers, or holds nan.

    Notes
    -----
    The definition is this project's own, under the name that the paper uses; the
    paper's formula was not at hand.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.

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
    """Share of the reference's money, for labels and computing, that is saved [1]_.

    At an accuracy a, ``1 - cost(a) / cost_reference(a)``, where the cost is the
    price of a label times `labels_needed` plus the price of an hour times
    `seconds_needed` in hours. Below 0 where the curve costs more than the reference.
    With computing for free it is the `sample_saving_ratio`.

    Parameters
    ----------
    curve : LearningCurve

    reference : LearningCurve
        Commonly that of random sampling.

    prices : Prices

    at : float or array-like, default=None
        Accuracies, not nan. None means the mean over `shared_accuracies`.

    Returns
    -------
    reduction : float or ndarray of the shape of `at`
        At most 1. With `at`, nan where one of the two never reaches the accuracy, or
        the reference costs nothing; where a curve starts above the accuracy, its
        first point counts. Without `at`, nan if no accuracy is shared, or if the
        reference costs nothing at one of them.

    Raises
    ------
    ValueError
        If no point of the reference costs anything, or `at` is not numbers, or
        holds nan.

    Notes
    -----
    The definition is this project's own, under the name that the paper uses; the
    paper's formula was not at hand.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.

    Examples
    --------
    Margin sampling trains the network in every round:

    >>> from modal_clustermargin.comparison import LearningCurve, Prices, overall_cost_reduction
    >>> random = LearningCurve([100, 200], [60, 70], seconds=[900, 1800])
    >>> margin = LearningCurve([100, 150], [60, 70], seconds=[900, 2250])
    >>> overall_cost_reduction(margin, random, Prices(label=0.5, hour=0))
    0.25
    >>> round(overall_cost_reduction(margin, random, Prices(label=0.5, hour=20)), 4)
    0.2045
    """
    if not cost(reference, prices).any():
        raise ValueError(
            "overall_cost_reduction divides by what the reference costs, and with"
            f" {prices} it costs nothing at any of its points. Give the price of a"
            " label, or the price of an hour and the reference's seconds."
        )

    def saved(at):
        return _share_saved(cost_at(curve, prices, at), cost_at(reference, prices, at))

    return _at_or_mean(saved, curve, reference, at, "overall_cost_reduction")


def equivalent_saving(curve, reference, prices, *, at=None):
    """Number of labels that the money saved would pay for [1]_.

    The paper's equivalent saving amount. At an accuracy a,
    ``(cost_reference(a) - cost(a)) / price of a label``: the labels saved less the
    extra computing, expressed in labels. Below 0 where the extra computing costs
    more than the labels that it saves.

    Parameters
    ----------
    curve : LearningCurve

    reference : LearningCurve
        Commonly that of random sampling.

    prices : Prices
        With a price of a label above 0.

    at : float or array-like, default=None
        Accuracies, not nan. None means the mean over `shared_accuracies`.

    Returns
    -------
    n_labels : float or ndarray of the shape of `at`
        With `at`, nan where one of the two never reaches the accuracy; where a curve
        starts above it, its first point counts. Without `at`, nan if no accuracy is
        shared.

    Raises
    ------
    ValueError
        If labels cost nothing, or `at` is not numbers, or holds nan.

    Notes
    -----
    The definition is this project's own, under the name that the paper uses; the
    paper's formula was not at hand.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.

    Examples
    --------
    Fifty labels less, for seven and a half minutes more:

    >>> from modal_clustermargin.comparison import LearningCurve, Prices, equivalent_saving
    >>> random = LearningCurve([100, 200], [60, 70], seconds=[900, 1800])
    >>> margin = LearningCurve([100, 150], [60, 70], seconds=[900, 2250])
    >>> equivalent_saving(margin, random, Prices(label=0.5, hour=20))
    45.0
    """
    if prices.label == 0:
        raise ValueError(
            "equivalent_saving counts money in labels, so it needs a price of a label"
            f" above 0; got {prices}. Where labels cost nothing,"
            " overall_cost_reduction compares the computing."
        )

    def saved(at):
        money = cost_at(reference, prices, at) - cost_at(curve, prices, at)
        return money / prices.label

    return _at_or_mean(saved, curve, reference, at, "equivalent_saving")


def _share_saved(spent, reference_spent):
    """Of nothing, no share is saved: nan."""
    return 1 - spent / np.where(reference_spent == 0, np.nan, reference_spent)


def _at_or_mean(saved, curve, reference, at, who):
    """``saved(accuracies)`` at those asked for, or their mean over the shared ones."""
    if at is None:
        accuracies = shared_accuracies(curve, reference)
        return float(np.mean(saved(accuracies))) if accuracies.size else math.nan
    values = saved(as_accuracies(at, who, "at"))
    return values if np.ndim(values) else float(values)
