"""CoreSet: rows that cover the pool."""

import numpy as np

from modal_clustermargin._param_validation import StrOptions
from modal_clustermargin.clustering import prepare_rows
from modal_clustermargin.selection import k_center_greedy
from modal_clustermargin.strategies._diverse import (
    DiverseStrategy,
    finite_embeddings,
    part_of,
)
from modal_clustermargin.strategies._labelled import check_columns, labelled_pools
from modal_clustermargin.strategies._sampling_function import sampling_function


class CoreSet(DiverseStrategy):
    """Label rows that cover the pool.

    The greedy algorithm of [1]_ for the k-center problem: it repeatedly chooses the row
    whose embedding is farthest from all labelled and chosen rows. The largest distance
    from a row to its nearest labelled or chosen row is then at most twice the smallest
    possible value. Predictions of the model are not used.

    Parameters
    ----------
    labelled : array-like of shape (n_labelled, ...), callable or None, default=None
        The labelled rows, of the same kind as the pool, or a function
        ``(classifier)`` that returns them. None takes the ``X_training`` of a modAL
        learner, or of all members of a committee. Without labelled rows, the first row
        is drawn.

    embedding : array-like of shape (n_pool, n_features), callable or None, \
            default=None
        The embeddings to measure distances between: an array for the pool, or a
        function ``(classifier, X)`` that returns one for a pool and for labelled rows.
        None uses the classifier's ``embed``, else the output of its pipeline's steps
        before the last, else the rows themselves. With an array, `labelled` must be
        given as embeddings.

    metric : {"euclidean", "cosine"}, default="euclidean"
        Distance between embeddings. The cosine distance between two rows of zeros is 0,
        and the distance from a row of zeros to any other row is 1.

    n_partitions, device, verbose :
        As in `BADGE`. In every part, all labelled rows are centers.

    random_state : int, RandomState or None, default=None
        Draws the parts, and the first row if no row is labelled.

    See Also
    --------
    BADGE : Selects by uncertainty, too.
    ClusterMargin : Is made for larger batches.

    Notes
    -----
    Among rows at equal distance, the first in the pool is chosen. Distances are
    computed in float64; sparse rows are read as float32. The memory needed is the size
    of the embeddings plus a copy in float32; the time is at most n_pool x n_instances x
    n_features products.

    References
    ----------
    .. [1] O. Sener, S. Savarese, "Active learning for convolutional neural
       networks: A core-set approach", ICLR 2018, :arxiv:`1708.00489`.

    Examples
    --------
    >>> from modal_clustermargin.strategies import CoreSet
    >>> X_pool = [[0.0], [4.0], [9.0], [10.0]]
    >>> CoreSet(labelled=[[1.0]])(None, X_pool, n_instances=2)
    array([3, 1])
    """

    _parameter_constraints = {
        **DiverseStrategy._parameter_constraints,
        "labelled": ["array-like", "sparse matrix", callable, None],
        "metric": [StrOptions({"euclidean", "cosine"})],
    }

    def __init__(
        self,
        labelled=None,
        *,
        embedding=None,
        metric="euclidean",
        n_partitions=1,
        device=None,
        random_state=None,
        verbose=False,
    ):
        self.labelled = labelled
        self.embedding = embedding
        self.metric = metric
        self.n_partitions = n_partitions
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _picker(self, classifier, pool, rng):
        labelled = self._labelled_embeddings(classifier)
        rows_of_pool = self._embed(self.embedding, classifier, pool)
        for rows in labelled:
            check_columns(rows.shape[1], rows_of_pool.shape[1], "CoreSet")
        # A dtype that holds both, so that labelled rows are not rounded.
        dtype = np.result_type(rows_of_pool, *labelled)
        rows_of_pool = rows_of_pool.astype(dtype, copy=False)
        labelled = np.vstack(labelled).astype(dtype, copy=False) if labelled else None

        def pick(rows, n_picks, device, show):
            first = rng.randint(len(rows)) if labelled is None else None
            picks, sq_dists = k_center_greedy(
                part_of(rows_of_pool, rows),
                n_picks,
                labelled=labelled,
                first=first,
                device=device,
                show=show,
            )
            is_cosine = self.metric == "cosine"
            return picks, sq_dists / 2 if is_cosine else np.sqrt(sq_dists)

        return pick, rows_of_pool.shape[1]

    def _labelled_embeddings(self, classifier):
        """Embeddings of labelled rows, a matrix for each member of a committee."""
        is_array = self.embedding is not None and not callable(self.embedding)
        pools = labelled_pools(self.labelled, classifier, "CoreSet")
        if is_array and self.labelled is None and pools:
            raise ValueError(
                "CoreSet got embedding= as an array, which has no embeddings of the"
                " learner's X_training. Pass their embeddings as labelled=, or"
                " a function (classifier, X) as embedding=."
            )
        return [
            self._embed(rows if is_array else self.embedding, classifier, rows)
            for rows in pools
        ]

    def _embed(self, embedding, classifier, pool):
        rows = finite_embeddings(embedding, classifier, pool, "CoreSet")
        return prepare_rows(rows, "cosine") if self.metric == "cosine" else rows


coreset_sampling = sampling_function(CoreSet, "coreset_sampling")
