"""The margin of every row of a pool, a block of probabilities at a time."""

import numpy as np
from scipy import sparse
from sklearn.exceptions import NotFittedError

from modal_clustermargin.clustering._pool_rows import (
    default_block_rows,
    n_rows,
    take_rows,
    tensor_to_array,
)
from modal_clustermargin.selection import margins

_FIRST_BLOCK_ROWS = 1024
_BLOCK_BYTES = 2**25

# Rows of probabilities, float16 ones too, sum to one at least this closely.
_SUM_TOLERANCE = 1e-2


def pool_margins(classifier, X_pool, *, multilabel, who):
    """Margin of every row, or None if the classifier is not fitted.

    Parameters
    ----------
    classifier : object with ``predict_proba``
        Asked for one block of rows at a time, so that a matrix of shape
        (n_pool, n_classes) never exists.

    X_pool : pool of any kind

    multilabel : {"mean", "min"}
        How the margins |2p - 1| of several labels make one.

    who : str
        Name to give in error messages.

    Returns
    -------
    margin : ndarray of shape (n_pool,), float64, or None
    """
    if not hasattr(classifier, "predict_proba"):
        raise ValueError(
            f"{who} needs a classifier with predict_proba, and"
            f" {type(classifier).__name__} has none. Use one that gives"
            " probabilities (for an SVC, probability=True), or calibrate it with"
            " sklearn.calibration.CalibratedClassifierCV."
        )
    members = getattr(classifier, "learner_list", None)  # a modAL Committee
    if members is not None and getattr(classifier, "classes_", None) is None:
        return None
    if sparse.issparse(X_pool):
        X_pool = X_pool.tocsr()
    if members is not None and isinstance(X_pool, list):
        X_pool = np.asarray(X_pool)  # a Committee asks for its shape
    n_pool = n_rows(X_pool)
    most_rows = default_block_rows(X_pool)
    block_rows = min(_FIRST_BLOCK_ROWS, most_rows)
    reader = _ProbabilityReader(multilabel, who)
    pooled = np.empty(n_pool)
    start = 0
    while start < n_pool:
        stop = min(start + block_rows, n_pool)
        try:
            proba = classifier.predict_proba(take_rows(X_pool, slice(start, stop)))
        except NotFittedError:
            return None
        pooled[start:stop], n_classes = reader.margins(proba, start, stop)
        # The width of the answer is known now: blocks may grow to their size.
        block_rows = int(np.clip(_BLOCK_BYTES // (8 * n_classes), 1, most_rows))
        start = stop
    return pooled


class _ProbabilityReader:
    """Reduces what `predict_proba` returns; the first block says its kind."""

    def __init__(self, multilabel, who):
        self.multilabel = multilabel
        self.who = who
        self.sums_to_one = None

    def margins(self, proba, start, stop):
        """``(margin, n_classes)`` of the rows from `start` to `stop`."""
        if isinstance(proba, list):  # scikit-learn's form for several outputs
            blocks = [self._check(output, start, stop) for output in proba]
            per_output = np.column_stack([margins(block)[0] for block in blocks])
            margin = self._reduce(per_output)
            n_classes = sum(block.shape[1] for block in blocks)
        else:
            proba = self._check(proba, start, stop)
            margin, row_sum = margins(proba)
            n_classes = proba.shape[1]
            uneven = np.abs(row_sum - 1) > _SUM_TOLERANCE
            if self.sums_to_one is None:
                # Labels may sum to one by chance, classes to something else by
                # mistake; neither happens in most rows.
                self.sums_to_one = np.count_nonzero(uneven) <= len(uneven) / 2
            if not self.sums_to_one:
                sure = np.abs(2 * proba - 1, dtype=np.float64)
                self._check_range(sure, start)
                margin = np.where(np.isnan(margin), np.nan, self._reduce(sure))
            elif np.isfinite(row_sum[uneven]).any():
                row = np.flatnonzero(uneven & np.isfinite(row_sum))[0]
                raise ValueError(
                    f"{self.who} got probabilities that sum to {row_sum[row]:.6g} for"
                    f" row {start + row} of X_pool, and to one for others; they are"
                    " neither those of classes nor those of labels."
                )
        if np.isnan(margin).any():
            row = start + np.flatnonzero(np.isnan(margin))[0]
            raise ValueError(
                f"{self.who} needs finite probabilities; predict_proba gives NaN or"
                f" infinity for row {row} of X_pool. Look for NaN in that row, or for"
                " a classifier that diverged."
            )
        return margin, n_classes

    def _check_range(self, sure, start):
        outside = np.flatnonzero((sure > 1 + _SUM_TOLERANCE).any(axis=1))
        outside = outside[np.isfinite(sure[outside]).all(axis=1)]
        if len(outside):
            raise ValueError(
                f"{self.who} needs probabilities between 0 and 1; predict_proba gives"
                f" others for row {start + outside[0]} of X_pool. Scores and logits"
                " have to be made probabilities first."
            )

    def _reduce(self, per_label):
        reduce = {"mean": np.mean, "min": np.min}[self.multilabel]
        return reduce(per_label, axis=1)

    def _check(self, proba, start, stop):
        if hasattr(proba, "detach"):
            proba = tensor_to_array(proba)
        proba = np.asarray(proba)
        if proba.ndim != 2 or len(proba) != stop - start or not proba.shape[1]:
            raise ValueError(
                f"{self.who} asked predict_proba for {stop - start} rows and got an"
                f" array of shape {proba.shape}; ({stop - start}, n_classes) is"
                " expected."
            )
        if proba.dtype.kind not in "fiub":
            raise ValueError(
                f"{self.who} got probabilities of type {proba.dtype}; numbers are"
                " expected."
            )
        if proba.dtype in (np.float32, np.float64):
            return proba
        return proba.astype(np.float32 if proba.dtype.itemsize <= 2 else np.float64)
