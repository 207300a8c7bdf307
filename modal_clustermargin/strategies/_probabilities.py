"""Probabilities of a pool, computed and checked in blocks of rows."""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.exceptions import NotFittedError

from modal_clustermargin.pools import (
    default_block_rows,
    n_rows,
    take_rows,
    tensor_to_array,
)
from modal_clustermargin.selection import margins
from modal_clustermargin.strategies._modal import (
    estimator_of,
    lacks_members_fit,
    members,
    rows_to_ask,
    without_training_data,
)

_FIRST_BLOCK_ROWS = 1024
_BLOCK_BYTES = 2**25

# Largest difference to one of a sum of class probabilities, even in float16.
_SUM_TOLERANCE = 1e-2


class Block(NamedTuple):
    """Checked probabilities of some rows."""

    rows: slice  # positions in `X`
    first: int  # position of the first row in the pool
    outputs: list  # of ndarrays of shape (n_rows, n_classes), float32 or float64
    margins: list  # between the two most likely classes, for each output
    are_labels: bool  # whether one output holds independent labels

    def label_margins(self):
        """Margin of each label, or output: ndarray of shape (n_rows, n_labels)."""
        if self.are_labels:
            return np.abs(2 * self.outputs[0] - 1, dtype=np.float64)
        return np.column_stack(self.margins)


class ProbabilityReader:
    """Reads the probabilities of one pool: of classes, or of independent labels."""

    def __init__(self, who):
        self.who = who
        self._are_labels: Any = None

    def blocks(self, classifier, X, start=0):
        """Compute and check the probabilities of one block of rows at a time.

        A matrix of shape (n_pool, n_classes) is never formed. `start` is the position
        of the first row in the pool. Raises NotFittedError if the classifier is not
        fitted, and ValueError unless each row has finite probabilities. A ValueError of
        the classifier is raised with the positions of the rows.
        """
        check_gives_probabilities(classifier, self.who)
        if lacks_members_fit(classifier):
            raise NotFittedError
        X = X.tocsr() if sparse.issparse(X) else rows_to_ask(classifier, X)
        most_rows = default_block_rows(X)
        block_rows = min(_FIRST_BLOCK_ROWS, most_rows)
        end = 0
        while end < n_rows(X):
            rows = slice(end, min(end + block_rows, n_rows(X)))
            end = rows.stop
            answer = self._ask(classifier, take_rows(X, rows), start + rows.start)
            outputs = [
                self._as_numbers(output, rows.stop - rows.start)
                for output in (answer if isinstance(answer, list) else [answer])
            ]
            if not outputs:
                raise ValueError(f"{self.who} got an empty list from predict_proba.")
            yield self._checked(rows, outputs, start + rows.start)
            # The number of classes is known now, so the block size can be chosen.
            n_classes = sum(output.shape[1] for output in outputs)
            block_rows = int(np.clip(_BLOCK_BYTES // (8 * n_classes), 1, most_rows))

    def _ask(self, classifier, X, first):
        try:
            return classifier.predict_proba(X)
        except ValueError as error:
            if type(error) is not ValueError:  # such as NotFittedError
                raise
            last = first + n_rows(X) - 1
            counted = f"; row numbers above count from {first}" if first else ""
            raise ValueError(
                f"{error} ({self.who} called predict_proba with rows {first} to {last}"
                f" of X_pool{counted}.)"
            ) from error

    def _as_numbers(self, proba, n_asked):
        if hasattr(proba, "detach"):
            proba = tensor_to_array(proba)
        proba = np.asarray(proba)
        if proba.ndim != 2 or len(proba) != n_asked or not proba.shape[1]:
            raise ValueError(
                f"{self.who} called predict_proba with {n_asked} rows and got an"
                f" array of shape {proba.shape}; ({n_asked}, n_classes) is expected."
            )
        if proba.dtype.kind not in "fiub":
            raise ValueError(
                f"{self.who} got probabilities of type {proba.dtype}; numbers are"
                " expected."
            )
        if proba.dtype in (np.float32, np.float64):
            return proba
        return proba.astype(np.float32 if proba.dtype.itemsize <= 2 else np.float64)

    def _checked(self, rows, outputs, start):
        """The block, once its sums, range and finiteness are checked."""
        block_margins, row_sums = zip(*map(margins, outputs), strict=True)
        if len(outputs) == 1:
            self._check_kind(row_sums[0], start)
            if self._are_labels:
                self.check_range(outputs[0], start)
        spoilt = np.isnan(block_margins).any(axis=0)
        if spoilt.any():
            raise ValueError(
                f"{self.who} needs finite probabilities; predict_proba gives NaN or"
                f" infinity for row {start + np.flatnonzero(spoilt)[0]} of X_pool. Look"
                " for NaN in that row, or for a classifier that diverged."
            )
        return Block(rows, start, outputs, block_margins, bool(self._are_labels))

    def _check_kind(self, row_sum, start):
        """Check that all rows have class probabilities, or all label probabilities."""
        uneven = np.abs(row_sum - 1) > _SUM_TOLERANCE
        if self._are_labels is None:
            self._are_labels = np.count_nonzero(uneven) > len(uneven) / 2
        uneven &= np.isfinite(row_sum)
        if not self._are_labels and uneven.any():
            row = np.flatnonzero(uneven)[0]
            raise ValueError(
                f"{self.who} got probabilities that sum to {row_sum[row]:.6g} for"
                f" row {start + row} of X_pool, and to one for others. Class"
                " probabilities sum to one in every row, label probabilities rarely do."
            )

    def check_range(self, proba, start):
        """Raise ValueError unless all finite probabilities are between 0 and 1."""
        sure = np.abs(2 * proba - 1)
        outside = np.flatnonzero((sure > 1 + _SUM_TOLERANCE).any(axis=1))
        outside = outside[np.isfinite(sure[outside]).all(axis=1)]
        if len(outside):
            raise ValueError(
                f"{self.who} needs probabilities between 0 and 1; predict_proba gives"
                f" other values for row {start + outside[0]} of X_pool. Convert scores"
                " or logits to probabilities first."
            )


def check_gives_probabilities(classifier, who):
    """Raise ValueError if a classifier, or a member's estimator, has no probabilities.

    The learners and committees of modAL always have a method predict_proba.
    """
    for each in (*map(estimator_of, members(classifier)), classifier):
        if not hasattr(each, "predict_proba"):
            raise ValueError(
                f"{who} needs a classifier with predict_proba, but"
                f" {type(each).__name__} has none. Use one that gives probabilities, or"
                " calibrate it (an SVC, for instance) with"
                " sklearn.calibration.CalibratedClassifierCV."
            )


def reduce_probabilities(measure, classifier, pool, who, *arguments):
    """An array with one row for each row of a pool, computed from its probabilities.

    ``measure(block, reader, *arguments)`` returns the rows of the array for a `Block`
    that a `ProbabilityReader` read. Workers call it, if the pool lies on workers.
    Returns None if the classifier is not fitted.
    """
    reader = ProbabilityReader(who)
    try:
        blocks = pool.ask(
            _measured,
            classifier,
            reader,
            measure,
            *arguments,
            sent_as=without_training_data,
        )
        return pool.with_rows(blocks).gathered()
    except NotFittedError:
        return None


def _measured(X, start, classifier, reader, measure, *arguments):
    measured = np.empty(0)
    for block in reader.blocks(classifier, X, start):
        found = measure(block, reader, *arguments)
        shape = found.shape[1:]
        if block.rows.start == 0:
            measured = np.empty((n_rows(X), *shape), found.dtype)
        elif shape != measured.shape[1:]:
            raise ValueError(
                f"{reader.who} got probabilities of {measured.shape[1]} classes for the"
                f" first rows of X_pool, and of {shape[0]} from row {block.first} on."
            )
        measured[block.rows] = found
    return measured
