"""The margin of every row of a pool, a block of probabilities at a time."""

import numpy as np
from sklearn.exceptions import NotFittedError

from modal_clustermargin.pools import Pool, n_rows
from modal_clustermargin.selection import margins
from modal_clustermargin.strategies._pool_probabilities import (
    are_uneven,
    check_range,
    not_finite_error,
    probability_blocks,
    uneven_error,
)
from modal_clustermargin.strategies._sent_classifier import without_pool


def pool_margins(classifier, X_pool, *, multilabel, who):
    """Margin of every row, or None if the classifier is not fitted.

    Parameters
    ----------
    classifier : object with ``predict_proba``
        Asked for one block of rows at a time, so that a matrix of shape
        (n_pool, n_classes) never exists. Of a pool in chunks, the workers ask it.

    X_pool : pool of any kind

    multilabel : {"mean", "min"}
        How the margins |2p - 1| of several labels make one.

    who : str
        Name to give in error messages.

    Returns
    -------
    margin : ndarray of shape (n_pool,), float64, or None
    """
    pool = X_pool if isinstance(X_pool, Pool) else Pool(X_pool)
    margin = np.empty(len(pool))
    reader = _ProbabilityReader(multilabel, who)
    try:
        for rows, block_margin in pool.ask(
            _block_margins, classifier, reader, sent_as=without_pool
        ):
            margin[rows] = block_margin
    except NotFittedError:
        return None
    return margin


def _block_margins(X, start, classifier, reader):
    """Margins of rows of a pool, the first of which is at `start`."""
    margin = np.empty(n_rows(X))
    for rows, proba in probability_blocks(classifier, X, reader.who, start):
        margin[rows] = reader.margins(proba, start + rows.start)
    return margin


class _ProbabilityReader:
    """Reduces what `predict_proba` returns; the first block says its kind."""

    def __init__(self, multilabel, who):
        self.multilabel = multilabel
        self.who = who
        self.sums_to_one = None

    def margins(self, proba, start):
        """Margins of the rows from `start` on."""
        if isinstance(proba, list):
            per_output = np.column_stack([margins(output)[0] for output in proba])
            margin = self._reduce(per_output)
        else:
            margin, row_sum = margins(proba)
            uneven = are_uneven(row_sum)
            if self.sums_to_one is None:
                self.sums_to_one = np.count_nonzero(uneven) <= len(uneven) / 2
            if not self.sums_to_one:
                sure = np.abs(2 * proba - 1, dtype=np.float64)
                check_range(sure, start, self.who)
                margin = np.where(np.isnan(margin), np.nan, self._reduce(sure))
            elif np.isfinite(row_sum[uneven]).any():
                raise uneven_error(row_sum, uneven, start, self.who)
        if np.isnan(margin).any():
            raise not_finite_error(np.isnan(margin), start, self.who)
        return margin

    def _reduce(self, per_label):
        reduce = {"mean": np.mean, "min": np.min}[self.multilabel]
        return reduce(per_label, axis=1)
