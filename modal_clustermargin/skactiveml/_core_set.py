"""`CoreSet` for scikit-activeml."""

import numpy as np
from skactiveml.utils import MISSING_LABEL, is_labeled

from modal_clustermargin import strategies
from modal_clustermargin.clustering import prepare_rows
from modal_clustermargin.skactiveml._pool_strategy import PoolStrategy
from modal_clustermargin.skactiveml._sq_dists_to_picks import sq_dists_before_each_pick


class CoreSet(PoolStrategy):
    """CoreSet: the sample that is farthest from all that are labelled or picked.

    The strategy of `modal_clustermargin.strategies.CoreSet` by scikit-activeml's
    interface. No classifier is asked: pass embeddings as X.

    Parameters
    ----------
    metric : {"euclidean", "cosine"}, default="euclidean"

    n_partitions : int, default=1
        As there.

    missing_label : scalar, str, None or nan, default=nan

    random_state : int, RandomState instance or None, default=None
        Draws the first sample where none is labelled, and the parts.
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
        X : array-like of shape (n_samples, ...)
            Labelled and unlabelled samples.

        y : array-like of shape (n_samples,)
            Labels; `missing_label` where there is none.

        candidates : array-like of int or of samples, default=None
            Which may be picked: rows of X, or samples of their own. None are those
            without a label.

        batch_size : int, default=1

        return_utilities : bool, default=False
            Costs batch_size x n_samples numbers and as many distances.

        Returns
        -------
        query_indices : ndarray of shape (batch_size,)
            In X or, if those are samples, in `candidates`; in the order picked.

        utilities : ndarray of shape (batch_size, n_samples or n_candidates)
            Distance to the nearest sample that is labelled or picked (by the cosine,
            of rows of length one), infinite while there is none, as if there were one
            part; nan for what is no candidate or picked already.
        """
        X, y, rows, mapping, batch_size = self._rows_to_pick_from(
            X, y, candidates, batch_size, return_utilities
        )
        labelled = X[is_labeled(y, self.missing_label_)]
        self.strategy_ = strategies.CoreSet(
            labelled if len(labelled) else None,
            metric=self.metric,
            n_partitions=self.n_partitions,
            random_state=self._seed(),
        )
        positions = self.strategy_(None, rows, batch_size)
        utilities = None
        if return_utilities:
            utilities = self._distances(rows, labelled, positions)
        return self._answer(positions, mapping, len(X), utilities)

    def _distances(self, rows, labelled, positions):
        rows = self._prepared(rows)
        start = np.full(len(rows), np.inf)
        for center in self._prepared(labelled) if len(labelled) else ():
            np.minimum(start, ((rows - center) ** 2).sum(axis=1), out=start)
        return np.sqrt(sq_dists_before_each_pick(start, positions, rows))

    def _prepared(self, rows):
        rows = rows.reshape(len(rows), -1).astype(np.float64)
        return prepare_rows(
            rows, "cosine" if self.metric == "cosine" else "sqeuclidean"
        )
