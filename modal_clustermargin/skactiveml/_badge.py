"""`BADGE` for scikit-activeml."""

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
    first, n_partitions :
        As in `modal_clustermargin.strategies.BADGE`.

    clf_embedding_flag_name, missing_label, random_state :
        As in `ClusterMargin`.

    Notes
    -----
    Utilities are the probabilities with which each pick is drawn, as if `n_partitions`
    were 1: squared distances to the nearest earlier pick, divided by their sum. For
    the first pick, they are squared lengths, of which ``first="longest"`` takes the
    largest. Utilities need batch_size x n_samples distances.
    """

    adapted = strategies.BADGE
    parameters = ("first", "n_partitions")

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
