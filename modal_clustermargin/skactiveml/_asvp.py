"""`ASVP` for scikit-activeml."""

import numpy as np
from skactiveml.base import SkactivemlClassifier
from skactiveml.utils import (
    MISSING_LABEL,
    check_equal_missing_label,
    check_type,
    is_labeled,
)
from sklearn.base import clone

from modal_clustermargin import strategies
from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.skactiveml._pool_strategy import PoolStrategy, in_order


class ASVP(PoolStrategy):
    """ASVP: a cheap proxy on features selects in the place of a large network.

    The strategy of `modal_clustermargin.strategies.ASVP` by scikit-activeml's
    interface. The network is what is inside of `clf`; a query trains it only where the
    indicator asks for it. One object goes with one loop.

    Parameters
    ----------
    selector : query strategy of modal_clustermargin.strategies, default=None
        As there; None is `MarginSampling`.

    proxy : classifier, default=None
        As there.

    indicator : callable, default=None
        As there; None is ``LogMEGain()``.

    embedding : callable, default=None
        ``embedding(classifier, X)`` returns the features to begin with. None asks the
        network: its ``untrained(X).embed``, else its ``embed``.

    missing_label : scalar, str, None or nan, default=nan

    random_state : int, RandomState instance or None, default=None
        With an integer, the picks are those of a modAL loop with the same one.

    Attributes
    ----------
    strategy_ : modal_clustermargin.strategies.ASVP
        With `history_`, and `is_switched_`, which says how to train in the end.
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
        X : array-like of shape (n_samples, ...)
            Labelled and unlabelled samples.

        y : array-like of shape (n_samples,)
            Labels; `missing_label` where there is none.

        clf : SkactivemlClassifier
            Such as ``SklearnClassifier(NetworkClassifier(...))``. Neither trained nor
            asked: a clone of its estimator is, where that is due.

        candidates : array-like of int or of samples, default=None
            Which may be picked: rows of X, or samples of their own. None are those
            without a label.

        batch_size : int, default=1

        return_utilities : bool, default=False
            Costs batch_size x n_samples numbers.

        Returns
        -------
        query_indices : ndarray of shape (batch_size,)
            In X or, if those are samples, in `candidates`; in the order picked.

        utilities : ndarray of shape (batch_size, n_samples or n_candidates)
            One half, and more than one for what will be picked, most for what is picked
            first; nan for what is no candidate or picked already.
        """
        X, y, rows, mapping, batch_size = self._rows_to_pick_from(
            X, y, candidates, batch_size, return_utilities
        )
        check_type(clf, "clf", SkactivemlClassifier)
        check_equal_missing_label(clf.missing_label, self.missing_label_)
        network = DeferredFit(clone(getattr(clf, "estimator", clf)))
        is_known = is_labeled(y, self.missing_label_)
        if is_known.any():
            network.fit(X[is_known], np.array(y[is_known].tolist()))
        if not hasattr(self, "strategy_"):
            self.strategy_ = strategies.ASVP()
        self.strategy_.set_params(
            selector=self.selector,
            proxy=self.proxy,
            indicator=self.indicator,
            embedding=self.embedding,
            random_state=self._seed(),
        )
        positions = self.strategy_(network, rows, batch_size)
        utilities = None
        if return_utilities:
            utilities = in_order(positions, np.full(len(rows), 0.5))
        return self._answer(positions, mapping, len(X), utilities)
