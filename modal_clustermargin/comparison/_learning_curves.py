"""A learning curve, and what it takes to reach an accuracy on it.

Labels and seconds only; what they cost is in ``_costs.py``.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Accuracy of a model as labels are added, and the computing behind it.

    Arrays are copied, as float64, and read-only. Two curves are equal only if they
    are the same object.

    Parameters
    ----------
    n_labels : array-like of shape (n_points,)
        Labels that the model of each point was trained on, those of the first batch
        included; at least 0 and strictly increasing. n_points is at least 1.

    accuracy : array-like of shape (n_points,)
        Any finite score of which more is better, in any unit: fractions, percents,
        log-likelihoods. It may fall from a point to the next.

    seconds : array-like of shape (n_points,), default=None
        Seconds of computing needed to have a model at that point: all selection up
        to it, with every model trained for it, and the final training at it; final
        trainings at earlier points only if selection needed them. At least 0; may
        fall from a point to the next, where the final training becomes cheaper.
        None means zeros.

    Raises
    ------
    ValueError
        If an argument is not as described; the message names the point, from 0.

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
        n_labels = _finite_floats("n_labels", self.n_labels)
        if n_labels.ndim != 1 or not n_labels.size:
            raise ValueError(
                "LearningCurve needs n_labels of shape (n_points,) with a point at"
                f" least; got shape {n_labels.shape}."
            )
        falls = np.flatnonzero(np.diff(n_labels) <= 0)
        if falls.size:
            point = falls[0] + 1
            raise ValueError(
                "LearningCurve needs n_labels that increase from point to point; got"
                f" {n_labels[point]:g} at point {point} after"
                f" {n_labels[point - 1]:g}. Sort the points, and merge those with"
                " equally many labels."
            )
        accuracy = _finite_floats("accuracy", self.accuracy)
        seconds = (
            np.zeros(n_labels.shape)
            if self.seconds is None
            else _finite_floats("seconds", self.seconds)
        )
        for name, values in {"accuracy": accuracy, "seconds": seconds}.items():
            if values.shape != n_labels.shape:
                raise ValueError(
                    f"LearningCurve needs {name} of the shape of n_labels,"
                    f" {n_labels.shape}; got shape {values.shape}."
                )
        for name, values in {"n_labels": n_labels, "seconds": seconds}.items():
            if values.min() < 0:
                raise ValueError(
                    f"LearningCurve needs {name} of at least 0; got"
                    f" {values.min():g} at point {values.argmin()}."
                )
        for name, values in zip(
            ("n_labels", "accuracy", "seconds"),
            (n_labels, accuracy, seconds),
            strict=True,
        ):
            values.setflags(write=False)
            object.__setattr__(self, name, values)  # frozen for everybody else

    @property
    def best_accuracy(self):
        """Running maximum of `accuracy`, ndarray of shape (n_points,)."""
        return np.maximum.accumulate(self.accuracy)


def labels_needed(curve, accuracy):
    """How many labels a curve needs to reach an accuracy.

    Linear between the points of (`n_labels`, `best_accuracy`). The best accuracy so
    far stands for the model that one would keep: a curve that dips and recovers
    has reached what it had before the dip.

    Parameters
    ----------
    curve : LearningCurve

    accuracy : float or array-like
        In the unit of the curve; not nan.

    Returns
    -------
    n_labels : float or ndarray of the shape of `accuracy`
        nan where the curve never reaches it. Where already its first point does,
        the `n_labels` of that point, though fewer might have been enough.

    Raises
    ------
    ValueError
        If `accuracy` is not numbers, or holds nan.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, labels_needed
    >>> curve = LearningCurve([100, 200, 300], accuracy=[60, 80, 75])
    >>> labels_needed(curve, 65)
    125.0
    >>> labels_needed(curve, [50, 80, 90])
    array([100., 200.,  nan])
    """
    accuracy = as_accuracies(accuracy, "labels_needed", "accuracy")
    return _interpolated(curve, curve.n_labels, accuracy)


def seconds_needed(curve, accuracy):
    """How many seconds of computing a curve needs to reach an accuracy.

    The seconds at the number of labels that `labels_needed` gives, linear between
    the points.

    Parameters
    ----------
    curve : LearningCurve

    accuracy : float or array-like
        In the unit of the curve; not nan.

    Returns
    -------
    seconds : float or ndarray of the shape of `accuracy`
        nan where the curve never reaches it; the first point's where that one does.

    Raises
    ------
    ValueError
        If `accuracy` is not numbers, or holds nan.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, seconds_needed
    >>> curve = LearningCurve([100, 200], accuracy=[60, 80], seconds=[600, 1000])
    >>> seconds_needed(curve, 65)
    700.0
    """
    accuracy = as_accuracies(accuracy, "seconds_needed", "accuracy")
    return _interpolated(curve, curve.seconds, accuracy)


def as_accuracies(accuracy, who, argument):
    """`accuracy` as float64 of its own shape, without nan, or ValueError.

    `who` and `argument` are named in the message.
    """
    try:
        accuracies = np.asarray(accuracy, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{who} needs numbers as {argument}; got {accuracy!r}."
        ) from error
    n_nan = np.count_nonzero(np.isnan(accuracies))
    if n_nan:
        raise ValueError(
            f"{who} needs {argument} without nan; got {n_nan} nan in"
            f" {accuracies.size}. Leave them out."
        )
    return accuracies


def _finite_floats(name, values):
    """A float64 copy, or ValueError."""
    try:
        floats = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"LearningCurve needs numbers as {name}; got {values!r}."
        ) from error
    bad = np.flatnonzero(~np.isfinite(floats))
    if bad.size:
        raise ValueError(
            f"LearningCurve needs finite {name}; got {floats.flat[bad[0]]} at point"
            f" {bad[0]}. Leave that point out."
        )
    return floats


def _interpolated(curve, values, accuracy):
    """`values` of the curve's points, where its best accuracy is `accuracy`."""
    best = curve.best_accuracy
    inside = np.clip(accuracy, best[0], best[-1])
    # The first point at least as good, so that
    # best[before] < inside <= best[after], unless that is point 0.
    after = np.searchsorted(best, inside, side="left")
    before = np.maximum(after - 1, 0)
    share = (inside - best[before]) / np.where(after > 0, best[after] - best[before], 1)
    found = (1 - share) * values[before] + share * values[after]
    found = np.where(accuracy > best[-1], np.nan, found)
    return found if found.ndim else found.item()
