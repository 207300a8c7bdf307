"""`CoreSet` for scikit-activeml."""

import numpy as np
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
    metric, n_partitions :
        As in `modal_clustermargin.strategies.CoreSet`.

    missing_label, random_state :
        As in `ClusterMargin`.

    Notes
    -----
    Utilities are distances to the nearest labelled or picked sample, as if
    `n_partitions` were 1, and infinite if there is no such sample. For the cosine, they
    are distances of samples scaled to length one. Utilities need batch_size x n_samples
    distances.
    """

    adapted = strategies.CoreSet
    parameters = ("metric", "n_partitions")
    takes_labelled = True

    def _utilities(self, classifier, rows, positions):
        labelled, rows = self.strategy_.labelled(None), self._scaled(rows)
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
