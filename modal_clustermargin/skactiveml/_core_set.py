"""`CoreSet` for scikit-activeml."""

import numpy as np
from skactiveml.utils import MISSING_LABEL, is_labeled
from sklearn.preprocessing import normalize

from modal_clustermargin import strategies
from modal_clustermargin.skactiveml._pool_strategy import (
    PoolStrategy,
    sq_dists_before_each_pick,
)


class CoreSet(PoolStrategy):
    """CoreSet: the sample farthest from all labelled and picked samples.

    The strategy `modal_clustermargin.strategies.CoreSet` with scikit-activeml's
    interface. It uses no classifier: pass embeddings as X.

    Parameters
    ----------
    metric : {"euclidean", "cosine"}, default="euclidean"

    n_partitions : int, default=1
        Number of parts of the pool, each of which gives an equal share of the batch.

    missing_label : scalar, str, None or nan, default=nan

    random_state : int, RandomState instance or None, default=None
        Draws the first sample if no sample is labelled, and the parts of the pool.

    Notes
    -----
    Utilities are distances to the nearest labelled or picked sample, as if
    `n_partitions` were 1, and infinite if there is no such sample. For the cosine, they
    are distances of samples scaled to length one. Utilities need batch_size x n_samples
    distances.
    """

    def __init__(
        self,
        metric="euclidean",
        n_partitions=1,
        missing_label=MISSING_LABEL,
        random_state=None,
    ):
        self.metric = metric
        self.n_partitions = n_partitions
        super().__init__(missing_label=missing_label, random_state=random_state)

    def query(self, X, y, candidates=None, batch_size=1, return_utilities=False):
        """Choose samples to label.

        Parameters
        ----------
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
        labelled = X[is_labeled(y, self.missing_label_)]
        self.strategy_ = self._with_parameters(
            strategies.CoreSet(labelled if len(labelled) else None)
        )
        positions = self.strategy_(None, rows, batch_size)
        utilities = None
        if return_utilities:
            utilities = self._distances(rows, labelled, positions)
        return self._answer(positions, mapping, len(X), utilities)

    def _distances(self, rows, labelled, positions):
        rows = self._scaled(rows)
        start = np.full(len(rows), np.inf)
        for center in self._scaled(labelled) if len(labelled) else ():
            np.minimum(start, ((rows - center) ** 2).sum(axis=1), out=start)
        return np.sqrt(sq_dists_before_each_pick(start, positions, rows))

    def _scaled(self, rows):
        rows = rows.reshape(len(rows), -1).astype(float)
        if self.metric == "euclidean":
            return rows
        # The last column gives rows of zeros their own direction.
        return normalize(np.column_stack([rows, ~rows.any(axis=1)]))
