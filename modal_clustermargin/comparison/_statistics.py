"""Which strategy is better, by how much, and how certain the difference is.

All differences are paired: all strategies of a seed have the same start, so a
difference is taken within each seed.
"""

from typing import NamedTuple

import numpy as np
from scipy.integrate import trapezoid
from scipy.stats import t

from modal_clustermargin.comparison._learning_curves import (
    LearningCurve,
    labels_needed,
)
from modal_clustermargin.comparison._savings import sample_saving_ratio

_LEVEL = 0.95


class Estimate(NamedTuple):
    """A number and its 95 % interval."""

    value: float
    low: float  # nan if there is no interval
    high: float

    @property
    def excludes_zero(self):
        """Whether the interval is known and does not contain 0."""
        return bool(self.low > 0 or self.high < 0)


class Saving(NamedTuple):
    """Labels that one strategy saves against another, on the mean curves."""

    share: Estimate  # of the labels of the reference, mean over shared accuracies
    labels: Estimate  # at the highest shared accuracy
    accuracy: float  # that accuracy


def mean_and_error(values):
    """Mean over seeds of an array, and its standard error.

    Parameters
    ----------
    values : ndarray of shape (n_seeds, ...)

    Returns
    -------
    mean, error : ndarray of shape (...)
        The error is nan for a single seed.
    """
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, np.full_like(mean, np.nan)
    return mean, values.std(axis=0, ddof=1) / np.sqrt(len(values))


def areas_under_curve(results, strategy):
    """Area under the learning curve of each seed, as a mean accuracy over labels.

    The trapezoid rule, divided by the number of labels between the first and the last
    round. The common start is included: it makes all differences a little smaller, but
    favors no strategy. The area of a single round is its accuracy.

    Parameters
    ----------
    results : ComparisonResults

    strategy : str

    Returns
    -------
    areas : ndarray of shape (n_seeds,)
        In the unit of the accuracies.
    """
    accuracy = results.values(strategy, "accuracy")
    if accuracy.shape[1] == 1:
        return accuracy[:, 0]
    area = trapezoid(accuracy, results.n_labels) / np.ptp(results.n_labels)
    return area.round(12)  # a rounding error must not count as a difference


def ranking(results):
    """Strategies by mean area, the highest first; ties in the order of `results`."""
    means = {s: areas_under_curve(results, s).mean() for s in results.strategies}
    return sorted(means, key=means.get, reverse=True)


def paired_difference(values, reference):
    """Mean difference over seeds, with a paired t interval.

    Parameters
    ----------
    values, reference : ndarray of shape (n_seeds,)

    Returns
    -------
    difference : Estimate
        With `value`, `low` and `high`; the last two are nan for a single seed.
    """
    mean, error = mean_and_error(np.asarray(values) - np.asarray(reference))
    # For a single seed, scipy's quantile and the error are nan.
    reach = t.ppf((1 + _LEVEL) / 2, len(values) - 1) * error
    return Estimate(float(mean), float(mean - reach), float(mean + reach))


def area_difference(results, strategy, reference):
    """`paired_difference` of the areas under the curves of two strategies."""
    return paired_difference(
        areas_under_curve(results, strategy), areas_under_curve(results, reference)
    )


def seeds_won(results, strategy, reference):
    """Number of seeds in which a strategy has the larger area; a tie is not a win."""
    areas = areas_under_curve(results, strategy)
    return int(np.count_nonzero(areas > areas_under_curve(results, reference)))


def equal_accuracies(results, n_accuracies=4):
    """Accuracies that the mean curves of all strategies reach, evenly spaced.

    From above the first accuracies of all strategies, to the highest accuracy that all
    reach. If that is not higher than every first accuracy, it is returned alone.
    """
    best = [results.mean_curve(each).best_accuracy for each in results.strategies]
    low, high = max(each[0] for each in best), min(each[-1] for each in best)
    if low >= high:
        return np.array([high])
    return np.linspace(low, high, n_accuracies + 1)[1:]


class Bootstrap:
    """Savings with bootstrap intervals over seeds; all strategies share the draws.

    (scipy's bootstrap draws anew for each number, and does not handle nan.)

    Parameters
    ----------
    results : ComparisonResults

    n_bootstrap : int
        Number of draws of seeds.

    random_state : numpy.random.RandomState
    """

    def __init__(self, results, n_bootstrap, random_state):
        n_seeds = len(results.seeds)
        drawn = random_state.randint(n_seeds, size=(n_bootstrap, n_seeds))
        # Draws from a single seed say nothing about other seeds.
        drawn = drawn if n_seeds > 1 else drawn[:0]
        self._curves = {}
        for strategy in results.strategies:
            accuracy = results.values(strategy, "accuracy")
            means = [accuracy.mean(axis=0), *accuracy[drawn].mean(axis=1)]
            self._curves[strategy] = [
                LearningCurve(results.n_labels, mean) for mean in np.round(means, 12)
            ]

    def saving(self, strategy, reference):
        """Labels that a strategy saves against another.

        Parameters
        ----------
        strategy, reference : str

        Returns
        -------
        saving : Saving
            `share` and `labels`, each with `value`, `low` and `high`, and the
            `accuracy` at which labels are counted. The share is nan if the mean
            curves share no accuracy, and has no interval if more than 5 % of the
            draws share none.
        """
        shares, labels, ends = [], [], []
        pairs = zip(self._curves[strategy], self._curves[reference], strict=True)
        for ours, theirs in pairs:
            shares.append(sample_saving_ratio(ours, theirs))
            ends.append(min(ours.best_accuracy[-1], theirs.best_accuracy[-1]))
            labels.append(
                labels_needed(theirs, ends[-1]) - labels_needed(ours, ends[-1])
            )
        return Saving(_interval(shares), _interval(labels), float(ends[0]))


def _interval(values):
    """The first value, with the percentile interval of the others."""
    value, drawn = float(values[0]), np.array(values[1:])
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or known.size < max(1, _LEVEL * drawn.size):
        return Estimate(value, np.nan, np.nan)
    ends = np.quantile(known, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Estimate(value, *ends.tolist())
