"""Margin sampling: the rows between whose two likeliest classes is least."""

import numpy as np

from modal_clustermargin._param_validation import StrOptions
from modal_clustermargin.selection import lowest
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._pool_margins import pool_margins


class MarginSampling(QueryStrategy):
    """Label the rows with the smallest margin.

    The margin is the difference between the two highest class probabilities.
    Rows come in ascending order of it, ties in the order of the pool; a
    classifier that is not fitted has margin 0 everywhere, so the pool's first
    rows are taken. The baseline that Cluster-Margin adds diversity to.

    Parameters
    ----------
    multilabel : {"mean", "min"}, default="mean"
        Where the classifier gives independent probabilities of labels (rows
        that do not sum to one), the margin of a label is ``|2 p - 1|`` and
        that of a row the mean or the minimum over its labels.

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


def margin_sampling(classifier, X_pool, n_instances=1, *, multilabel="mean", ids=None):
    """Choose rows by :class:`MarginSampling`, called once.

    The parameters and what is returned are those of the class and of its call.
    """
    strategy = MarginSampling(multilabel=multilabel)
    return strategy(classifier, X_pool, n_instances, ids=ids)
