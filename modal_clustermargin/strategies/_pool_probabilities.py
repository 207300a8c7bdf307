"""The probabilities of a pool, a checked block of rows at a time."""

import numpy as np
from scipy import sparse
from sklearn.exceptions import NotFittedError

from modal_clustermargin.pools import (
    default_block_rows,
    n_rows,
    take_rows,
    tensor_to_array,
)

_FIRST_BLOCK_ROWS = 1024
_BLOCK_BYTES = 2**25

# Rows of probabilities, float16 ones too, sum to one at least this closely.
_SUM_TOLERANCE = 1e-2


def probability_blocks(classifier, X_pool, who, first=0):
    """Ask a classifier for a block of rows at a time.

    Parameters
    ----------
    classifier : object with ``predict_proba``
        Asked for blocks, so that nobody has to hold a matrix of shape (n_pool,
        n_classes).

    X_pool : pool of any kind

    who : str
        Name to give in error messages.

    first : int, default=0
        Position of the first row, if these are some of a pool.

    Yields
    ------
    rows : slice

    proba : ndarray of shape (n_rows, n_classes), float32 or float64
        Or a list of them, scikit-learn's form for several outputs.

    Raises
    ------
    NotFittedError
        If the classifier is not fitted.

    ValueError
        If it has no probabilities, or not one row of numbers for each row. One that
        it raises says which rows it was asked about.
    """
    if not hasattr(classifier, "predict_proba"):
        raise ValueError(
            f"{who} needs a classifier with predict_proba, and"
            f" {type(classifier).__name__} has none. Use one that gives"
            " probabilities, or calibrate it (an SVC, for instance) with"
            " sklearn.calibration.CalibratedClassifierCV."
        )
    members = getattr(classifier, "learner_list", None)  # a modAL Committee
    if members is not None and getattr(classifier, "classes_", None) is None:
        raise NotFittedError
    if sparse.issparse(X_pool):
        X_pool = X_pool.tocsr()
    if members is not None and isinstance(X_pool, list):
        X_pool = np.asarray(X_pool)  # a Committee asks for its shape
    n_pool = n_rows(X_pool)
    most_rows = default_block_rows(X_pool)
    block_rows = min(_FIRST_BLOCK_ROWS, most_rows)
    start = 0
    while start < n_pool:
        rows = slice(start, min(start + block_rows, n_pool))
        proba = _asked(classifier, take_rows(X_pool, rows), first + start, who)
        outputs = proba if isinstance(proba, list) else [proba]
        if not outputs:
            raise ValueError(f"{who} got an empty list from predict_proba.")
        outputs = [_checked(output, rows, who) for output in outputs]
        yield rows, outputs if isinstance(proba, list) else outputs[0]
        # The width of the answer is known now: blocks may grow to their size.
        n_classes = sum(output.shape[1] for output in outputs)
        block_rows = int(np.clip(_BLOCK_BYTES // (8 * n_classes), 1, most_rows))
        start = rows.stop


def _asked(classifier, X, first, who):
    try:
        return classifier.predict_proba(X)
    except ValueError as error:
        if type(error) is not ValueError:  # such as NotFittedError
            raise
        last = first + n_rows(X) - 1
        counted = f"; a row that is numbered counts from {first}" if first else ""
        raise ValueError(
            f"{error} ({who} asked predict_proba about rows {first} to {last} of X_pool"
            f"{counted}.)"
        ) from error


def are_uneven(row_sum):
    """Which rows of probabilities do not sum to one.

    Labels may sum to one by chance, classes to something else by mistake; neither
    happens in most rows.
    """
    return np.abs(row_sum - 1) > _SUM_TOLERANCE


def uneven_error(row_sum, uneven, start, who):
    """What to raise for a row that sums to something else than the others."""
    row = np.flatnonzero(uneven & np.isfinite(row_sum))[0]
    return ValueError(
        f"{who} got probabilities that sum to {row_sum[row]:.6g} for"
        f" row {start + row} of X_pool, and to one for others; they are"
        " neither those of classes nor those of labels."
    )


def not_finite_error(spoilt, start, who):
    """What to raise for the first of the rows that are not finite."""
    return ValueError(
        f"{who} needs finite probabilities; predict_proba gives NaN or"
        f" infinity for row {start + np.flatnonzero(spoilt)[0]} of X_pool. Look for NaN"
        " in that row, or for a classifier that diverged."
    )


def check_range(sure, start, who):
    """Raise ValueError unless all ``|2p - 1|`` of labels are at most one."""
    outside = np.flatnonzero((sure > 1 + _SUM_TOLERANCE).any(axis=1))
    outside = outside[np.isfinite(sure[outside]).all(axis=1)]
    if len(outside):
        raise ValueError(
            f"{who} needs probabilities between 0 and 1; predict_proba gives"
            f" others for row {start + outside[0]} of X_pool. Scores and logits"
            " have to be made probabilities first."
        )


def _checked(proba, rows, who):
    n_asked = rows.stop - rows.start
    if hasattr(proba, "detach"):
        proba = tensor_to_array(proba)
    proba = np.asarray(proba)
    if proba.ndim != 2 or len(proba) != n_asked or not proba.shape[1]:
        raise ValueError(
            f"{who} asked predict_proba for {n_asked} rows and got an"
            f" array of shape {proba.shape}; ({n_asked}, n_classes) is"
            " expected."
        )
    if proba.dtype.kind not in "fiub":
        raise ValueError(
            f"{who} got probabilities of type {proba.dtype}; numbers are expected."
        )
    if proba.dtype in (np.float32, np.float64):
        return proba
    return proba.astype(np.float32 if proba.dtype.itemsize <= 2 else np.float64)
