"""A learning curve, and the labels and seconds that it needs for an accuracy."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Accuracy of a model by number of labels, with the seconds of computing.

    Arrays are copied as float64, and read-only.

    Parameters
    ----------
    n_labels : array-like of shape (n_points,)
        Number of labels at each point, including the first batch; at least 0 and
        strictly increasing. n_points is at least 1.

    accuracy : array-like of shape (n_points,)
        A finite score in any unit; more is better. It may fall from point to point.

    seconds : array-like of shape (n_points,), default=None
        Seconds of computing for the model at that point: all queries up to it, the
        training at it, and earlier trainings if the queries needed them. At least 0.
        They may fall from point to point. None means zeros.

    Raises
    ------
    ValueError
        If an argument is not as described. The message names the point, from 0.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve
    >>> curve = LearningCurve([100, 200, 300], accuracy=[60, 80, 75])
    >>> curve.best_accuracy
    array([60., 80., 80.])
    """

    n_labels: np.ndarray
    accuracy: np.ndarray
    seconds: np.ndarray = None

    def __post_init__(self):
        n_labels = _floats(self.n_labels, "LearningCurve", "n_labels")
        if n_labels.ndim != 1 or not n_labels.size:
            raise ValueError(
                "LearningCurve needs n_labels of shape (n_points,) with at least one"
                f" point; got shape {n_labels.shape}."
            )
        seconds = np.zeros(len(n_labels)) if self.seconds is None else self.seconds
        given = {"n_labels": n_labels, "accuracy": self.accuracy, "seconds": seconds}
        for name, values in given.items():
            values = _floats(values, "LearningCurve", name)
            bad = np.flatnonzero(~np.isfinite(values))
            if bad.size:
                raise ValueError(
                    f"LearningCurve needs finite {name}; got {values.flat[bad[0]]} at"
                    f" point {bad[0]}. Leave that point out."
                )
            if values.shape != n_labels.shape:
                raise ValueError(
                    f"LearningCurve needs {name} of the shape of n_labels,"
                    f" {n_labels.shape}; got shape {values.shape}."
                )
            if name != "accuracy" and values.min() < 0:
                raise ValueError(
                    f"LearningCurve needs {name} of at least 0; got"
                    f" {values.min():g} at point {values.argmin()}."
                )
            values.setflags(write=False)
            object.__setattr__(self, name, values)  # the dataclass is frozen
        falls = np.flatnonzero(np.diff(n_labels) <= 0)
        if falls.size:
            raise ValueError(
                "LearningCurve needs n_labels that increase from point to point; got"
                f" {n_labels[falls[0] + 1]:g} at point {falls[0] + 1} after"
                f" {n_labels[falls[0]]:g}. Sort the points, and merge points with the"
                " same number of labels."
            )

    @property
    def best_accuracy(self):
        """Running maximum of `accuracy`, ndarray of shape (n_points,)."""
        return np.maximum.accumulate(self.accuracy)


def labels_needed(curve, accuracy):
    """Number of labels that a curve needs to reach an accuracy.

    Interpolated linearly between the points of (`n_labels`, `best_accuracy`): if the
    accuracy falls, the better earlier model is kept.

    Parameters
    ----------
    curve : LearningCurve

    accuracy : float or array-like
        In the unit of the curve; not nan.

    Returns
    -------
    n_labels : float or ndarray of the shape of `accuracy`
        nan where the curve never reaches the accuracy. Where the first point reaches
        it, the number of labels of the first point; fewer labels might be enough.

    Raises
    ------
    ValueError
        If `accuracy` is not numbers, or contains nan.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, labels_needed
    >>> curve = LearningCurve([100, 200, 300], accuracy=[60, 80, 75])
    >>> labels_needed(curve, [50, 65, 80, 90])
    array([100., 125., 200.,  nan])
    """
    accuracy = as_accuracies(accuracy, "labels_needed", "accuracy")
    return _interpolate(curve, curve.n_labels, accuracy)


def seconds_needed(curve, accuracy):
    """Seconds of computing that a curve needs to reach an accuracy.

    The seconds at the number of labels that `labels_needed` returns, with the same
    parameters, shape and errors.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, seconds_needed
    >>> curve = LearningCurve([100, 200], accuracy=[60, 80], seconds=[600, 1000])
    >>> seconds_needed(curve, 65)
    700.0
    """
    accuracy = as_accuracies(accuracy, "seconds_needed", "accuracy")
    return _interpolate(curve, curve.seconds, accuracy)


def as_accuracies(accuracy, who, argument):
    """Convert `accuracy` to float64; raise ValueError for other types and for nan."""
    accuracies = _floats(accuracy, who, argument)
    n_nan = np.count_nonzero(np.isnan(accuracies))
    if n_nan:
        raise ValueError(
            f"{who} needs {argument} without nan; got {n_nan} nan in"
            f" {accuracies.size}. Leave them out."
        )
    return accuracies


def _floats(values, who, argument):
    """Copy to float64; raise ValueError for other types."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{who} needs numbers as {argument}; got {values!r}."
        ) from error


def _interpolate(curve, values, accuracy):
    """`values` where the best accuracy of the curve is `accuracy`."""
    best = curve.best_accuracy
    inside = np.clip(accuracy, best[0], best[-1])
    # The first point at least as good: best[before] < inside <= best[after], unless
    # `after` is 0.
    after = np.searchsorted(best, inside, side="left")
    before = np.maximum(after - 1, 0)
    share = (inside - best[before]) / np.where(after > 0, best[after] - best[before], 1)
    found = (1 - share) * values[before] + share * values[after]
    found = np.where(accuracy > best[-1], np.nan, found)
    return found if found.ndim else found.item()
