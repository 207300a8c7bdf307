"""`ClusterMargin` for scikit-activeml."""

import numpy as np

from modal_clustermargin import strategies
from modal_clustermargin.pools import Pool
from modal_clustermargin.skactiveml._pool_strategy import (
    ClassifierStrategy,
    utilities_in_order,
)


class ClusterMargin(ClassifierStrategy):
    """Uncertain samples that differ from each other, by clusters of the pool.

    The strategy `modal_clustermargin.strategies.ClusterMargin` with scikit-activeml's
    interface. The first query clusters the pool, and later queries of the same object
    recognise its samples.

    Parameters
    ----------
    clustering, candidate_factor :
        As in `modal_clustermargin.strategies.ClusterMargin`.

    clf_embedding_flag_name : str, dict or None, default=None
        Name of the parameter, or parameters with their values, that make
        ``clf.predict_proba`` return embeddings as well. None uses the ``embed`` of the
        estimator inside `clf`, a pipeline's transform, or the samples themselves.

    missing_label : scalar, str, None or nan, default=nan

    random_state : int, RandomState instance or None, default=None
        An integer gives the picks of a modAL loop with the same integer.

    Attributes
    ----------
    strategy_ : modal_clustermargin.strategies.ClusterMargin
        Has `clustering_` and `last_query_`.

    Notes
    -----
    Utilities are greater than one for the samples that will be picked, the greatest for
    the first pick, and one minus the margin for all others.

    Examples
    --------
    >>> import numpy as np
    >>> from skactiveml.classifier import SklearnClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from modal_clustermargin.skactiveml import ClusterMargin
    >>> X = np.random.RandomState(0).normal(size=(200, 4))
    >>> y = np.full(200, np.nan)
    >>> y[:20] = X[:20, 0] > 0
    >>> clf = SklearnClassifier(LogisticRegression(), classes=[0, 1])
    >>> strategy = ClusterMargin(random_state=0)
    >>> strategy.query(X, y, clf, batch_size=10).shape
    (10,)
    """

    adapted = strategies.ClusterMargin
    parameters = ("clustering", "candidate_factor")

    def _utilities(self, classifier, rows, positions):
        margins = strategies.pool_margins(
            classifier, Pool(rows), multilabel="mean", who="ClusterMargin"
        )
        if margins is None:  # the classifier is not fitted
            margins = np.ones(len(rows))
        return utilities_in_order(positions, 1 - np.clip(margins, 0, 1))
