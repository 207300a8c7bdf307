"""Checks of labels and sample weights, and encoding of labels as targets."""

import numpy as np
import torch
from sklearn.utils import column_or_1d


def as_labels(y, n_samples):
    """Check `y` and return it as an array.

    The array has shape (n_samples,) and holds labels of any sortable type. If y has
    two columns or more, it has shape (n_samples, n_labels), dtype=float32, and holds
    zeros and ones. Raises ValueError if y is None, has another length than X, is not
    finite or continuous, or has columns with values other than zero and one.
    """
    if y is None:
        raise ValueError(
            "NetworkClassifier requires y to be passed, but the target y is None."
        )
    if torch.is_tensor(y):
        y = y.detach().cpu().numpy()
    if getattr(y, "ndim", 1) < 2 and not isinstance(y, list):
        labels = column_or_1d(y, warn=True)
    else:
        labels = np.asarray(y)
        is_indicator = labels.ndim == 2 and labels.shape[1] > 1
        labels = _indicator(labels) if is_indicator else column_or_1d(y, warn=True)
    if len(labels) != n_samples:
        raise ValueError(f"X has {n_samples} samples; y has {len(labels)} labels.")
    if labels.ndim == 1 and labels.dtype.kind == "f":
        _refuse_measurements(labels)
    return labels


def find_classes(labels):
    """Sorted distinct labels: ndarray of shape (n_classes,)."""
    try:
        return np.unique(labels)
    except TypeError:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise ValueError(
            f"Unknown label type: y mixes {kinds}, which cannot be sorted together."
        ) from None


def label_positions(labels, classes):
    """Position of each label in the sorted `classes`: ndarray, dtype=int64."""
    known = set(classes.tolist())
    strangers = [name for name in find_classes(labels).tolist() if name not in known]
    if strangers:
        raise ValueError(
            f"y holds labels that are not among the classes: {strangers[:5]} not in"
            f" {classes[:20].tolist()}. List all classes in the first call with"
            " classes=, or call fit, which starts anew."
        )
    return np.searchsorted(classes, labels).astype(np.int64)


def settle(labels, classes, known):
    """Find the classes, and the targets that a network is trained on.

    `classes` holds all labels, or the names of the columns; None means the labels in
    `labels`, or the numbers of its columns. `known` holds the classes of an earlier
    call, or is None.
    Returns the classes, sorted or in the order of the columns, and the targets:
    positions in the classes, or the columns themselves.
    """
    if labels.ndim == 2:
        return _settle_columns(labels, classes, known)
    classes = find_classes(np.asarray(labels if classes is None else classes))
    if known is not None and not np.array_equal(classes, known):
        raise ValueError(
            f"classes={classes.tolist()} differs from the classes of the first call,"
            f" {known.tolist()}."
        )
    return classes, label_positions(labels, classes)


def _settle_columns(labels, classes, known):
    n_labels = labels.shape[1]
    classes = np.arange(n_labels) if classes is None else np.asarray(classes)
    differs = known is not None and not np.array_equal(classes, known)
    if len(classes) != n_labels or differs:
        raise ValueError(
            f"y has {n_labels} columns, and there are {len(classes)} classes; the"
            " columns must be the classes, in the same order."
        )
    return classes, labels


def as_weights(sample_weight, n_samples):
    """Check `sample_weight` and divide it by its mean: ndarray, dtype=float32, or None.

    Raises ValueError if the shape is not (n_samples,), a weight is negative or not
    finite, or all weights are zero.
    """
    if sample_weight is None:
        return None
    if torch.is_tensor(sample_weight):
        sample_weight = sample_weight.detach().cpu().numpy()
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have one number per sample, shape ({n_samples},); got"
            f" shape {weights.shape}."
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            "sample_weight must be finite and not negative;"
            f" sample_weight[{row}] is {weights[row]}."
        )
    if not weights.any():
        raise ValueError("sample_weight is zero for every sample; raise at least one.")
    return (weights / weights.mean()).astype(np.float32)


def _indicator(labels):
    if labels.dtype.kind not in "biuf":
        raise ValueError(
            "y of several columns must hold 1 where a sample has a label and 0"
            f" elsewhere; got {labels.dtype}."
            " sklearn.preprocessing.MultiLabelBinarizer converts lists of labels."
        )
    wrong = (labels != 0) & (labels != 1)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            "y of several columns must hold 1 where a sample has a label and 0"
            f" elsewhere; y[{row}, {column}] is {labels[row, column]}."
        )
    return labels.astype(np.float32)


def _refuse_measurements(labels):
    if not np.isfinite(labels).all():
        raise ValueError("Input y contains NaN or infinity.")
    whole = labels == np.floor(labels)
    if not whole.all():
        row = int(whole.argmin())
        raise ValueError(
            f"Unknown label type: continuous. y[{row}] is {labels[row]}; classes are"
            " whole numbers, strings or booleans."
        )
