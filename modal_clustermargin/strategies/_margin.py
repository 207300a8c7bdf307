"""Margin sampling: rows whose two most likely classes are almost equally likely."""

import numpy as np

from modal_clustermargin._param_validation import StrOptions
from modal_clustermargin.selection import lowest
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._probabilities import reduce_probabilities
from modal_clustermargin.strategies._sampling_function import sampling_function


class MarginSampling(QueryStrategy):
    """Label the rows with the smallest margin.

    The margin is the difference between the two highest class probabilities. Rows are
    picked in ascending order of their margins, ties in the order of the pool. If the
    classifier is not fitted, the first rows of the pool are picked. `ClusterMargin`
    adds diversity to this baseline.

    Parameters
    ----------
    multilabel : {"mean", "min"}, default="mean"
        If the classifier gives independent probabilities of labels (rows that do not
        sum to one), the margin of a label is ``|2 p - 1|``, and the margin of a row is
        the mean or the minimum over its labels.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from modal_clustermargin.strategies import MarginSampling
    >>> classifier = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    >>> MarginSampling()(classifier, [[0.1], [0.5], [2.0], [0.8]], n_instances=2)
    array([1, 3])
    """

    _parameter_constraints = {"multilabel": [StrOptions({"mean", "min"})]}

    def __init__(self, *, multilabel="mean"):
        self.multilabel = multilabel

    def _select(self, classifier, pool, n_instances, ids):
        margin = pool_margins(
            classifier, pool, multilabel=self.multilabel, who="MarginSampling"
        )
        if margin is None:
            return np.arange(n_instances), np.zeros(n_instances)
        indices = lowest(margin, n_instances)
        return indices, margin[indices]


margin_sampling = sampling_function(MarginSampling, "margin_sampling")


def pool_margins(classifier, pool, *, multilabel, who):
    """Margin of every row of a pool, float64; None if the classifier is not fitted.

    `multilabel`, "mean" or "min", combines the margins ``|2 p - 1|`` of several labels,
    or the margins of several outputs.
    """
    combine = {"mean": np.mean, "min": np.min}[multilabel]
    return reduce_probabilities(_combined_margins, classifier, pool, who, combine)


def _combined_margins(block, reader, combine):
    return combine(block.label_margins(), axis=1)
