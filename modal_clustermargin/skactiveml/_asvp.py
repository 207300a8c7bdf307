"""`ASVP` for scikit-activeml."""

import numpy as np
from skactiveml.utils import is_labeled
from sklearn.base import clone

from modal_clustermargin import strategies
from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.skactiveml._pool_strategy import PoolStrategy


class ASVP(PoolStrategy):
    """ASVP: a cheap proxy on features of a large network selects samples.

    The strategy `modal_clustermargin.strategies.ASVP` with scikit-activeml's
    interface. The estimator inside `clf` is the network; a query trains a clone of it
    only when the indicator asks for it. Use one object for one loop.

    Parameters
    ----------
    selector, proxy, indicator, embedding :
        As in `modal_clustermargin.strategies.ASVP`.

    missing_label, random_state :
        As in `ClusterMargin`.

    Attributes
    ----------
    strategy_ : modal_clustermargin.strategies.ASVP
        Has `history_`, and `is_switched_`, which says how to train after the loop.

    Notes
    -----
    Utilities are greater than one for the samples that will be picked, the greatest for
    the first pick, and one half for all others.
    """

    adapted = strategies.ASVP
    parameters = ("selector", "proxy", "indicator", "embedding")

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

        def prepare(X, y):
            self._check_classifier(clf)
            network = DeferredFit(clone(getattr(clf, "estimator", clf)))
            is_known = is_labeled(y, self.missing_label_)
            if is_known.any():
                network.fit(X[is_known], np.array(y[is_known].tolist()))
            return network

        return self._query(prepare, X, y, candidates, batch_size, return_utilities)
