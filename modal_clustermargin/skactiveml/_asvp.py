"""`ASVP` for scikit-activeml."""

import numpy as np
from skactiveml.utils import MISSING_LABEL, is_labeled
from sklearn.base import clone

from modal_clustermargin import strategies
from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.skactiveml._pool_strategy import (
    PoolStrategy,
    utilities_in_order,
)


class ASVP(PoolStrategy):
    """ASVP: a cheap proxy on features of a large network selects samples.

    The strategy `modal_clustermargin.strategies.ASVP` with scikit-activeml's
    interface. The estimator inside `clf` is the network; a query trains a clone of it
    only when the indicator asks for it. Use one object for one loop.

    Parameters
    ----------
    selector : query strategy of modal_clustermargin.strategies, default=None
        None stands for `MarginSampling`.

    proxy : classifier, default=None

    indicator : callable, default=None
        None stands for ``LogMEGain()``.

    embedding : callable, default=None
        ``embedding(classifier, X)`` returns the first features. None calls the
        network's ``untrained(X).embed``, or else its ``embed``.

    missing_label : scalar, str, None or nan, default=nan

    random_state : int, RandomState instance or None, default=None
        An integer gives the picks of a modAL loop with the same integer.

    Attributes
    ----------
    strategy_ : modal_clustermargin.strategies.ASVP
        Has `history_`, and `is_switched_`, which says how to train after the loop.

    Notes
    -----
    Utilities are greater than one for the samples that will be picked, the greatest for
    the first pick, and one half for all others.
    """

    def __init__(
        self,
        selector=None,
        proxy=None,
        indicator=None,
        embedding=None,
        missing_label=MISSING_LABEL,
        random_state=None,
    ):
        self.selector = selector
        self.proxy = proxy
        self.indicator = indicator
        self.embedding = embedding
        super().__init__(missing_label=missing_label, random_state=random_state)

    def query(self, X, y, clf, candidates=None, batch_size=1, return_utilities=False):
        """Choose samples to label.

        Parameters
        ----------
        clf : SkactivemlClassifier
            Such as ``SklearnClassifier(NetworkClassifier(...))``. It is not used
            itself: a clone of its estimator is trained and predicts.

        X, y, candidates, batch_size, return_utilities :
            As in `ClusterMargin.query`.

        Returns
        -------
        query_indices, utilities :
            As from `ClusterMargin.query`.
        """
        X, y, rows, mapping, batch_size = self._check_query(
            X, y, candidates, batch_size, return_utilities
        )
        self._check_classifier(clf)
        network = DeferredFit(clone(getattr(clf, "estimator", clf)))
        is_known = is_labeled(y, self.missing_label_)
        if is_known.any():
            network.fit(X[is_known], np.array(y[is_known].tolist()))
        self.strategy_ = self._with_parameters(
            getattr(self, "strategy_", None) or strategies.ASVP()
        )
        positions = self.strategy_(network, rows, batch_size)
        utilities = None
        if return_utilities:
            utilities = utilities_in_order(positions, np.full(len(rows), 0.5))
        return self._answer(positions, mapping, len(X), utilities)
