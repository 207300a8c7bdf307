"""`BADGE` for scikit-activeml."""

import numpy as np
from skactiveml.utils import MISSING_LABEL

from modal_clustermargin import strategies
from modal_clustermargin.pools import Pool
from modal_clustermargin.skactiveml._pool_strategy import (
    AskingClassifier,
)
from modal_clustermargin.skactiveml._sq_dists_to_picks import sq_dists_before_each_pick


class BADGE(AskingClassifier):
    """BADGE: gradients that are long and unlike each other.

    The strategy of `modal_clustermargin.strategies.BADGE` by scikit-activeml's
    interface: no gradient is formed, and distances are computed only as far as a draw
    asks. Distinct picks, also among copies.

    Parameters
    ----------
    first : {"longest", "drawn"}, default="longest"
        The first pick, as there.

    n_partitions : int, default=1
        As there.

    clf_embedding_flag_name : str, dict or None, default=None
        What makes ``clf.predict_proba`` return embeddings as well: a parameter's name,
        or parameters with their values. None takes the ``embed`` of the estimator
        inside, a pipeline's transform, or the rows themselves.

    missing_label : scalar, str, None or nan, default=nan

    random_state : int, RandomState instance or None, default=None
        With an integer, the picks are those of a modAL loop with the same one.

    Notes
    -----
    Utilities are the chances by which a pick is drawn, as if there were one part:
    squared distances to the nearest pick before it, as shares of their sum. Of the
    first they are squared lengths, of which ``first="longest"`` takes the largest.
    They cost as many distances as there are utilities.
    """

    def __init__(
        self,
        first="longest",
        n_partitions=1,
        clf_embedding_flag_name=None,
        missing_label=MISSING_LABEL,
        random_state=None,
    ):
        self.first = first
        self.n_partitions = n_partitions
        self.clf_embedding_flag_name = clf_embedding_flag_name
        super().__init__(missing_label=missing_label, random_state=random_state)

    def _strategy(self):
        return strategies.BADGE(
            first=self.first,
            n_partitions=self.n_partitions,
            random_state=self._seed(),
        )

    def _utilities(self, asked, rows, positions):
        pool = Pool(rows)
        residuals = strategies.pool_residuals(asked, pool, "BADGE").astype(np.float64)
        embeddings = strategies.finite_embeddings(None, asked, pool, "BADGE").astype(
            np.float64
        )
        start = (residuals**2).sum(axis=1) * (embeddings**2).sum(axis=1)
        chances = sq_dists_before_each_pick(start, positions, embeddings, residuals)
        for i, row in enumerate(chances):
            if not row.any():  # copies of what is picked are all that is left
                row[:] = 1
            row[positions[:i]] = 0
            row /= row.sum()
        return chances
