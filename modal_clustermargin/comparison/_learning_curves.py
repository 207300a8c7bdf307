"""A learning curve, and the labels and seconds that it needs for an accuracy."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Accuracy of a model by number of labels, with the seconds of computing.

    Arrays are copied as float64, and read-only. Other values than described raise
    ValueError; the message names the point, from 0.

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
    """

    n_labels: np.ndarray
    accuracy: np.ndarray
    seconds: np.ndarray = None

    def __post_init__(self):
        given = vars(self)
        if self.seconds is None:
            given = given | {"seconds": np.zeros_like(self.n_labels)}
        arrays = {name: np.array(each, np.float64) for name, each in given.items()}
        shapes = [each.shape for each in arrays.values()]
        if len(set(shapes)) > 1 or len(shapes[0]) != 1 or shapes[0] == (0,):
            raise ValueError(
                "LearningCurve needs n_labels, accuracy and seconds of the same shape"
                " (n_points,), with at least one point; got the shapes"
                f" {', '.join(map(str, shapes))}."
            )
        for name, values in arrays.items():
            least, wanted = (-np.inf, "") if name == "accuracy" else (0, " >= 0")
            bad = np.flatnonzero(~np.isfinite(values) | (values < least))
            if bad.size:
                raise ValueError(
                    f"LearningCurve needs finite {name}{wanted}; got"
                    f" {values[bad[0]]:g} at point {bad[0]}. Leave that point out."
                )
            values.setflags(write=False)
            object.__setattr__(self, name, values)  # the dataclass is frozen
        falls = np.flatnonzero(np.diff(self.n_labels) <= 0)
        if falls.size:
            raise ValueError(
                "LearningCurve needs n_labels that increase from point to point; got"
                f" {self.n_labels[falls[0] + 1]:g} at point {falls[0] + 1} after"
                f" {self.n_labels[falls[0]]:g}. Sort the points, and merge points with"
                " the same number of labels."
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
        In the unit of the curve.

    Returns
    -------
    n_labels : float or ndarray of the shape of `accuracy`
        nan where the curve never reaches the accuracy. Where the first point reaches
        it, the number of labels of the first point; fewer labels might be enough.

    Examples
    --------
    >>> from modal_clustermargin.comparison import LearningCurve, labels_needed
    >>> curve = LearningCurve([100, 200, 300], accuracy=[60, 80, 75])
    >>> labels_needed(curve, [50, 65, 80, 90])
    array([100., 125., 200.,  nan])
    """
    return value_at(accuracy, curve, curve.n_labels)


def seconds_needed(curve, accuracy):
    """Seconds of computing that a curve needs to reach an accuracy.

    The seconds at the number of labels that `labels_needed` returns, with the same
    parameters and shape.
    """
    return value_at(accuracy, curve, curve.seconds)


def value_at(accuracy, curve, values):
    """Interpolate values of the points where the best accuracy is `accuracy`."""
    accuracy, best = np.asarray(accuracy, np.float64), curve.best_accuracy
    found = np.interp(accuracy, best, values, right=np.nan)
    # On a plateau, the first point counts; numpy takes the last.
    first = np.minimum(np.searchsorted(best, accuracy), len(best) - 1)
    found = np.where(best[first] == accuracy, values[first], found)
    return found if found.ndim else found.item()
