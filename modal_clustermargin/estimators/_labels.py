"""Checks of labels and sample weights, and encoding of labels as targets."""

import numpy as np
import torch
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets


def as_labels(y, n_samples):
    """Check `y` and return it as an array of shape (n_samples,).

    If y has two columns or more, the shape is (n_samples, n_labels), dtype=float32.
    """
    if y is None:
        raise ValueError(
            "NetworkClassifier requires y to be passed, but the target y is None."
        )
    labels = _as_array(y)
    has_columns = labels.ndim == 2 and labels.shape[1] > 1
    labels = _as_columns(labels) if has_columns else column_or_1d(labels, warn=True)
    if len(labels) != n_samples:
        raise ValueError(f"X has {n_samples} samples; y has {len(labels)} labels.")
    if labels.ndim == 1 and labels.dtype.kind == "f":
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
    return labels


def _as_array(values):
    return np.asarray(values.detach().cpu() if torch.is_tensor(values) else values)


def _as_columns(labels):
    is_number = labels.dtype.kind in "biuf"
    wrong = (labels != 0) & (labels != 1) if is_number else np.ones(labels.shape, bool)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            "y of several columns must hold 1 where a sample has a label and 0"
            f" elsewhere; y[{row}, {column}] is {labels[row, column]}."
            " sklearn.preprocessing.MultiLabelBinarizer converts lists of labels."
        )
    return labels.astype(np.float32)


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

    `classes` and, from an earlier call, `known` may be None. Returns the classes,
    sorted or in the order of the columns of `labels`, and the targets: positions in
    the classes, or the columns themselves.
    """
    if labels.ndim == 2:
        n_labels = labels.shape[1]
        classes = np.arange(n_labels) if classes is None else np.asarray(classes)
        differs = known is not None and not np.array_equal(classes, known)
        if len(classes) != n_labels or differs:
            raise ValueError(
                f"y has {n_labels} columns, and there are {len(classes)} classes; the"
                " columns must be the classes, in the same order."
            )
        return classes, labels
    classes = find_classes(np.asarray(labels if classes is None else classes))
    if known is not None and not np.array_equal(classes, known):
        raise ValueError(
            f"classes={classes.tolist()} differs from the classes of the first call,"
            f" {known.tolist()}."
        )
    return classes, label_positions(labels, classes)


def as_weights(sample_weight, n_samples):
    """Check `sample_weight` and divide it by its mean: ndarray, dtype=float32."""
    weights = _as_array(sample_weight).astype(np.float64)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have one number per sample, shape ({n_samples},); got"
            f" shape {weights.shape}."
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any() or not weights.any():
        row = int(wrong.argmax())
        raise ValueError(
            "sample_weight must be finite and not negative, and not zero for every"
            f" sample; sample_weight[{row}] is {weights[row]}."
        )
    return (weights / weights.mean()).astype(np.float32)
