"""Features and labels as checked numbers that are read in blocks."""

import numpy as np

_BLOCK_NUMBERS = 2**21


class Targets:
    """Labels as columns of numbers, a block of rows at a time.

    Each class becomes a column, with a one for each sample of the class; `classes`
    holds the sorted classes, and `codes` holds the position of each label in `classes`.
    Numbers that are not all integers become one column, and columns stay columns; then
    `classes` and `codes` are None. `who` is the caller, for error messages.
    """

    def __init__(self, labels, n_samples, who):
        labels = np.asarray(labels)
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        if labels.ndim not in (1, 2) or len(labels) != n_samples:
            raise ValueError(
                f"{who} got labels of shape {labels.shape} for {n_samples} rows of"
                f" features; ({n_samples},) or ({n_samples}, n_columns) is expected."
            )
        is_number = labels.dtype.kind in "fiub"
        if is_number and not np.isfinite(labels).all():
            raise ValueError(f"{who} got labels that contain NaN or infinity.")
        self.classes = self.codes = None
        if labels.ndim == 2 or (labels.dtype.kind == "f" and (labels % 1).any()):
            if not is_number:
                raise ValueError(
                    f"{who} needs numbers in columns of labels; got {labels.dtype}."
                )
            self._columns = labels.reshape(n_samples, -1).astype(np.float64)
            self.n_columns = self._columns.shape[1]
            return
        self.classes, self.codes = np.unique(labels, return_inverse=True)
        self.n_columns = len(self.classes)
        if self.n_columns < 2:
            raise ValueError(
                f"{who} needs labels of two classes or more; all {n_samples} are"
                f" {self.classes[0]}."
            )

    def block(self, rows):
        """Columns of a slice of rows: ndarray of shape (n_rows, n_columns), float64."""
        if self.codes is None:
            return self._columns[rows]
        return np.equal.outer(self.codes[rows], np.arange(self.n_columns)).astype(float)


def check_features(features, who):
    """Features as a finite matrix of real numbers, not copied."""
    features = np.asarray(features)
    if features.ndim != 2 or 0 in features.shape or features.dtype.kind not in "fiub":
        raise ValueError(
            f"{who} needs features as numbers of shape (n_samples, n_features); got"
            f" {features.dtype} of shape {features.shape}."
        )
    for rows in blocks_of(features):
        spoilt = ~np.isfinite(features[rows]).all(axis=1)
        if spoilt.any():
            raise ValueError(
                f"{who} needs finite features; row {rows.start + spoilt.argmax()} has"
                " NaN or infinity."
            )
    return features


def blocks_of(features, n_columns=0):
    """Slices of rows with at most two million numbers, but at least one row.

    `n_columns` is the number of columns of the labels that are read with the features.
    """
    n_rows = max(1, _BLOCK_NUMBERS // max(features.shape[1], n_columns))
    for start in range(0, len(features), n_rows):
        yield slice(start, min(start + n_rows, len(features)))
