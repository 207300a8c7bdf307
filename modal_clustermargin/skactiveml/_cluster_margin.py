"""`ClusterMargin` for scikit-activeml."""

import numpy as np
from skactiveml.utils import MISSING_LABEL

from modal_clustermargin import strategies
from modal_clustermargin.pools import Pool
from modal_clustermargin.skactiveml._pool_strategy import (
    AskingClassifier,
    in_order,
)


class ClusterMargin(AskingClassifier):
    """Cluster-Margin: the least sure candidates, dealt over clusters of the pool.

    The strategy of `modal_clustermargin.strategies.ClusterMargin` by
    scikit-activeml's interface. The pool is clustered in the first query, and later
    queries of the same object know its rows again.

    Parameters
    ----------
    clustering : AverageLinkage, default=None
        As there; None has ten rows a cluster.

    candidate_factor : "auto" or float >= 1, default="auto"
        As there.

    clf_embedding_flag_name : str, dict or None, default=None
        What makes ``clf.predict_proba`` return embeddings as well: a parameter's name,
        or parameters with their values. None takes the ``embed`` of the estimator
        inside, a pipeline's transform, or the rows themselves.

    missing_label : scalar, str, None or nan, default=nan

    random_state : int, RandomState instance or None, default=None
        With an integer, the picks are those of a modAL loop with the same one.

    Attributes
    ----------
    strategy_ : modal_clustermargin.strategies.ClusterMargin
        With `clustering_` and `last_query_`.

    Notes
    -----
    Utilities are one minus the margin, and more than one for what will be picked, most
    for what is picked first.

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

    def __init__(
        self,
        clustering=None,
        candidate_factor="auto",
        clf_embedding_flag_name=None,
        missing_label=MISSING_LABEL,
        random_state=None,
    ):
        self.clustering = clustering
        self.candidate_factor = candidate_factor
        self.clf_embedding_flag_name = clf_embedding_flag_name
        super().__init__(missing_label=missing_label, random_state=random_state)

    def _strategy(self):
        known = getattr(self, "strategy_", None) or strategies.ClusterMargin()
        return known.set_params(
            clustering=self.clustering,
            candidate_factor=self.candidate_factor,
            random_state=self._seed(),
        )

    def _utilities(self, asked, rows, positions):
        margins = strategies.pool_margins(
            asked, Pool(rows), multilabel="mean", who="ClusterMargin"
        )
        if margins is None:  # not fitted: all are equal
            margins = np.ones(len(rows))
        return in_order(positions, 1 - np.clip(margins, 0, 1))
