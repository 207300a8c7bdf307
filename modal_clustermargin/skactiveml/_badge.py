"""`BADGE` for scikit-activeml."""

from skactiveml.utils import MISSING_LABEL

from modal_clustermargin import strategies
from modal_clustermargin.pools import Pool
from modal_clustermargin.skactiveml._pool_strategy import (
    ClassifierStrategy,
    sq_dists_before_each_pick,
)


class BADGE(ClassifierStrategy):
    """BADGE: samples with long gradients that differ from each other.

    The strategy `modal_clustermargin.strategies.BADGE` with scikit-activeml's
    interface. It does not compute the gradients, only the distances that a draw needs,
    and does not pick a sample twice, not even among duplicates.

    Parameters
    ----------
    first : {"longest", "drawn"}, default="longest"
        How the first pick is chosen.

    n_partitions : int, default=1
        Number of parts of the pool, each of which gives an equal share of the batch.

    clf_embedding_flag_name : str, dict or None, default=None
        Name of the parameter, or parameters with their values, that make
        ``clf.predict_proba`` return embeddings as well. None uses the ``embed`` of the
        estimator inside `clf`, a pipeline's transform, or the samples themselves.

    missing_label : scalar, str, None or nan, default=nan

    random_state : int, RandomState instance or None, default=None
        An integer gives the picks of a modAL loop with the same integer.

    Notes
    -----
    Utilities are the probabilities with which each pick is drawn, as if `n_partitions`
    were 1: squared distances to the nearest earlier pick, divided by their sum. For
    the first pick, they are squared lengths, of which ``first="longest"`` takes the
    largest. Utilities need batch_size x n_samples distances.
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
        return strategies.BADGE()

    def _utilities(self, classifier, rows, positions):
        pool = Pool(rows)
        residuals = strategies.pool_residuals(classifier, pool, "BADGE")
        embeddings = strategies.finite_embeddings(None, classifier, pool, "BADGE")
        residuals, embeddings = residuals.astype(float), embeddings.astype(float)
        sq_lengths = (residuals**2).sum(axis=1) * (embeddings**2).sum(axis=1)
        chances = sq_dists_before_each_pick(
            sq_lengths, positions, embeddings, residuals
        )
        for i, row in enumerate(chances):
            if not row.any():  # only duplicates of the picks are left
                row[:] = 1
            row[positions[:i]] = 0
            row /= row.sum()
        return chances
