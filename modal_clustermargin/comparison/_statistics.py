"""Which strategy is better, by how much, and how sure that is.

Numbers only; they are put into words in ``_findings.py``. Everything is paired: a
seed gives all strategies one start, so differences are taken within seeds.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import t

from modal_clustermargin.comparison._learning_curves import (
    LearningCurve,
    labels_needed,
)
from modal_clustermargin.comparison._savings import sample_saving_ratio

LEVEL = 0.95


class Estimate(NamedTuple):
    """A number and its 95 % interval; nan ends where no interval is known."""

    value: float
    low: float
    high: float

    @property
    def is_told_apart(self):
        """Whether an interval is known and leaves 0 out."""
        return bool(self.low > 0 or self.high < 0)


class Saving(NamedTuple):
    """What one strategy saves against another, on the curves of seed means."""

    share: Estimate  # of the reference's labels, mean over accuracies both reach
    labels: Estimate  # at the highest accuracy that both reach
    accuracy: float  # that accuracy, of the means over all seeds


def mean_and_error(values):
    """Mean over seeds, and its standard error.

    Parameters
    ----------
    values : ndarray of shape (n_seeds, ...)

    Returns
    -------
    mean, error : ndarray of shape (...)
        The error is nan for a single seed.
    """
    n_seeds = len(values)
    mean = values.mean(axis=0)
    if n_seeds < 2:
        return mean, np.full_like(mean, np.nan)
    return mean, values.std(axis=0, ddof=1) / np.sqrt(n_seeds)


def areas_under_curve(results, strategy):
    """Area under the learning curve, by seed, as a mean accuracy over labels.

    The trapezoid rule over the number of labels, divided by the labels between the
    first and the last round. The common start, round 0, is the left end: it is the
    same for all strategies, so it shrinks differences a little and favours none. Of
    a single round, its accuracy.

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
    if len(results.n_labels) == 1:
        return accuracy[:, 0]
    n_labels = results.n_labels
    area = (accuracy[:, 1:] + accuracy[:, :-1]) / 2 @ np.diff(n_labels)
    # Rounded, so that sums in another order are no win and no difference.
    return np.round(area / (n_labels[-1] - n_labels[0]), 12)


def ranking(results):
    """Strategies by their mean area, the highest first; ties in the order given."""
    means = [areas_under_curve(results, each).mean() for each in results.strategies]
    order = np.argsort(-np.array(means), kind="stable")
    return [results.strategies[i] for i in order]


def next_best(results, strategy):
    """The other strategy with the highest area, or None if there is no other."""
    return next((each for each in ranking(results) if each != strategy), None)


def paired_difference(values, reference):
    """Mean difference over seeds, with its paired t interval.

    Parameters
    ----------
    values, reference : ndarray of shape (n_seeds,)

    Returns
    -------
    difference : Estimate
        Of one seed, without an interval.
    """
    differences = np.asarray(values) - np.asarray(reference)
    n_seeds, mean = len(differences), float(np.mean(differences))
    if n_seeds < 2:
        return Estimate(mean, np.nan, np.nan)
    error = np.std(differences, ddof=1) / np.sqrt(n_seeds)
    reach = float(t.ppf((1 + LEVEL) / 2, n_seeds - 1) * error)
    return Estimate(mean, mean - reach, mean + reach)


def wins(results):
    """In how many seeds the area of one strategy is above that of another.

    Returns
    -------
    wins : ndarray of shape (n_strategies, n_strategies), dtype=intp
        Row against column, in the order of ``results.strategies``. A tie is a win of
        neither.
    """
    by_seed = np.array(
        [areas_under_curve(results, each) for each in results.strategies]
    )
    return (by_seed[:, np.newaxis] > by_seed).sum(axis=2)


def equal_accuracies(results, n_accuracies=4):
    """Accuracies that the mean curves of all strategies reach, evenly spaced.

    Parameters
    ----------
    results : ComparisonResults

    n_accuracies : int, default=4

    Returns
    -------
    accuracies : ndarray of shape (n_accuracies,)
        Increasing; above all starts, and the last is the highest that all reach. A
        single one if no accuracy is above all starts.
    """
    best = [results.mean_curve(each).best_accuracy for each in results.strategies]
    low, high = max(each[0] for each in best), min(each[-1] for each in best)
    if low >= high:
        return np.array([high])
    return np.linspace(low, high, n_accuracies + 1)[1:]


class Bootstrap:
    """Seeds drawn again and again, the same ones for all strategies.

    scipy's bootstrap would draw anew for each number, and knows no nan; here one set
    of draws serves the whole report.

    Parameters
    ----------
    results : ComparisonResults

    n_bootstrap : int
        How many times seeds are drawn.

    random_state : numpy.random.RandomState
    """

    def __init__(self, results, n_bootstrap, random_state):
        n_seeds = len(results.seeds)
        drawn = random_state.randint(n_seeds, size=(n_bootstrap, n_seeds))
        # One seed drawn from one says nothing about others.
        drawn = drawn if n_seeds > 1 else drawn[:0]
        self._curves, self._savings = {}, {}
        for strategy in results.strategies:
            accuracy = results.values(strategy, "accuracy")
            # Rounded, as those of mean_curve are.
            means = [accuracy.mean(axis=0), *accuracy[drawn].mean(axis=1)]
            means = np.round(means, 12)
            self._curves[strategy] = [
                LearningCurve(results.n_labels, mean) for mean in means
            ]

    def saving(self, strategy, reference):
        """What a strategy saves against another: Saving.

        Percentile intervals over the draws. A share is nan, or has no interval, where
        the mean curves share no accuracy, or more than one draw in twenty has none.
        """
        pair = strategy, reference
        if pair not in self._savings:
            self._savings[pair] = _saving(*(self._curves[each] for each in pair))
        return self._savings[pair]


def _saving(curves, references):
    """Of the curves of means, first over all seeds and then over each draw."""
    pairs = list(zip(curves, references, strict=True))
    shares = [sample_saving_ratio(*pair) for pair in pairs]
    labels = [_saved_at_the_end(*pair) for pair in pairs]
    end = min(curve.best_accuracy[-1] for curve in pairs[0])
    return Saving(_interval(shares), _interval(labels), float(end))


def _saved_at_the_end(curve, reference):
    """Labels saved at the highest accuracy that both curves reach."""
    end = min(curve.best_accuracy[-1], reference.best_accuracy[-1])
    return labels_needed(reference, end) - labels_needed(curve, end)


def _interval(values):
    """The first value, with the percentile interval of the others."""
    value, drawn = values[0], np.array(values[1:])
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or known.size < max(1, LEVEL * drawn.size):
        return Estimate(float(value), np.nan, np.nan)
    ends = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), *map(float, ends))
