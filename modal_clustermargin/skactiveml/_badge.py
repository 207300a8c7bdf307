"""`BADGE` for scikit-activeml."""

import numpy as np
from skactiveml.utils import MISSING_LABEL

from modal_clustermargin import strategies
from modal_clustermargin.skactiveml._pool_strategy import (
    PoolStrategy,
    WithEmbeddings,
    check_flag,
)
from modal_clustermargin.skactiveml._sq_dists_to_picks import sq_dists_before_each_pick
from modal_clustermargin.strategies._badge import pool_residuals
from modal_clustermargin.strategies._diverse import embeddings_of


class BADGE(PoolStrategy):
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

    def query(
        self,
        X,
        y,
        clf,
        fit_clf=True,
        sample_weight=None,
        candidates=None,
        batch_size=1,
        return_utilities=False,
    ):
        """Choose samples to label.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Labelled and unlabelled samples.

        y : array-like of shape (n_samples,)
            Labels; `missing_label` where there is none.

        clf : SkactivemlClassifier

        fit_clf : bool, default=True
            Whether to train a clone of it on X and y before it is asked.

        sample_weight : array-like of shape (n_samples,), default=None

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
            The chances by which a pick is drawn, as if there were one part: squared
            distances to the nearest pick before it, as shares of their sum. Of the
            first they are squared lengths, of which ``first="longest"`` takes the
            largest. nan for what is no candidate or picked already.
        """
        X, y, rows, mapping, batch_size = self._rows_to_pick_from(
            X, y, candidates, batch_size, return_utilities
        )
        check_flag(self.clf_embedding_flag_name)
        clf = self._fitted(clf, fit_clf, X, y, sample_weight)
        self.strategy_ = strategies.BADGE(
            first=self.first,
            n_partitions=self.n_partitions,
            random_state=self._seed(),
        )
        asked = WithEmbeddings(clf, self.clf_embedding_flag_name)
        positions = self.strategy_(asked, rows, batch_size)
        utilities = self._chances(asked, rows, positions) if return_utilities else None
        return self._answer(positions, mapping, len(X), utilities)

    def _chances(self, asked, rows, positions):
        residuals = pool_residuals(asked, rows, "BADGE").astype(np.float64)
        embeddings = embeddings_of(None, asked, rows, "BADGE").astype(np.float64)
        start = (residuals**2).sum(axis=1) * (embeddings**2).sum(axis=1)
        chances = sq_dists_before_each_pick(start, positions, embeddings, residuals)
        for i, row in enumerate(chances):
            if not row.any():  # copies of what is picked are all that is left
                row[:] = 1
            row[positions[:i]] = 0
            row /= row.sum()
        return chances
