"""CoreSet: rows that cover the pool."""

from numbers import Integral

import numpy as np

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.clustering import prepare_rows
from modal_clustermargin.selection import k_center_greedy
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._diverse import (
    check_device,
    finite_embeddings,
    part_of,
    pick_in_parts,
)
from modal_clustermargin.strategies._labelled import check_columns, labelled_pools
from modal_clustermargin.strategies._sampling_function import sampling_function


class CoreSet(QueryStrategy):
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

    n_partitions : int, default=1
        Number of random parts of equal size into which the pool is cut. An equal share
        of the batch is chosen in each part, as in [2]_ for batches of 100,000. In every
        part, all labelled rows are centers. The time is divided by `n_partitions`, but
        rows of different parts may be similar.

    device : str, torch.device or None, default=None
        Where distances are computed. None uses a CUDA device if there is one and at
        least 1e13 products are needed; "cpu" uses the processor. The picks are the same
        up to ties in the last bits.

    random_state : int, RandomState or None, default=None
        Draws the parts, and the first row if no row is labelled.

    verbose : bool, default=False
        Whether to show a progress bar.

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
    .. [2] G. Citovsky et al., "Batch Active Learning at Scale", NeurIPS 2021,
       :arxiv:`2107.14263`.

    Examples
    --------
    >>> from modal_clustermargin.strategies import CoreSet
    >>> X_pool = [[0.0], [4.0], [9.0], [10.0]]
    >>> CoreSet(labelled=[[1.0]])(None, X_pool, n_instances=2)
    array([3, 1])
    """

    _parameter_constraints = {
        "labelled": ["array-like", "sparse matrix", callable, None],
        "embedding": ["array-like", callable, None],
        "metric": [StrOptions({"euclidean", "cosine"})],
        "n_partitions": [Interval(Integral, 1, None, closed="left")],
        "device": "no_validation",  # `check_device` checks it
        "random_state": ["random_state"],
        "verbose": ["verbose"],
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

    def _select(self, classifier, pool, n_instances, ids):
        check_device(self.device, "CoreSet")
        rng = self._generator()
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

        n_columns = rows_of_pool.shape[1]
        return pick_in_parts(pick, len(rows_of_pool), n_instances, self, rng, n_columns)

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
