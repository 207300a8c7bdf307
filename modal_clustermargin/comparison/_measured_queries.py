"""A query, and what it took: seconds by part, memory, clusters.

Strategies are asked through what they offer all users; one that offers nothing of it
is measured as a whole.
"""

import time

import numpy as np

from modal_clustermargin.comparison._peak_memory import (
    forget_peak,
    peak_memory_mib,
)
from modal_clustermargin.comparison._timed_embedding import TimedEmbedding
from modal_clustermargin.strategies import ASVP, BADGE, ClusterMargin, CoreSet

NO_QUERY = {
    "query_seconds": 0.0,
    "embedding_seconds": 0.0,
    "clustering_seconds": 0.0,
    "peak_memory_mib": "",
    "n_clusters": "",
    "n_candidates": "",
}


def time_its_embedding(strategy):
    """Have a strategy of this package tell how long its embeddings take."""
    is_ours = type(strategy) in (BADGE, ClusterMargin, CoreSet)
    if is_ours and strategy.embedding is None:
        strategy.set_params(embedding=TimedEmbedding())


def _rounded(mebibytes):
    return "" if np.isnan(mebibytes) else round(mebibytes, 1)


def measured_query(strategy, classifier, X_pool, n_instances):
    """Ask a strategy once.

    Parameters
    ----------
    strategy : callable ``(classifier, X_pool, n_instances)``

    classifier : classifier

    X_pool : array-like of shape (n_pool, ...)

    n_instances : int

    Returns
    -------
    picks : ndarray of shape (n_instances,)
        Positions in `X_pool`.

    measures : dict
        With the keys of `NO_QUERY`.

    clusters : dict of str to ndarray
        For a strategy that has them: "cluster", that of each pick, and
        "pool_cluster_sizes", rows in each cluster of the pool.

    Raises
    ------
    ValueError
        If the strategy does not choose so many different rows.
    """
    embedding = getattr(strategy, "embedding", None)
    is_timed = isinstance(embedding, TimedEmbedding)
    if is_timed:
        embedding.seconds = 0.0
    clustering_before = getattr(strategy, "clustering_", None)
    forget_peak()
    since = time.perf_counter()
    answer = strategy(classifier, X_pool, n_instances)
    measures = NO_QUERY | {
        "query_seconds": time.perf_counter() - since,
        "peak_memory_mib": _rounded(peak_memory_mib()),
    }
    if is_timed:
        measures["embedding_seconds"] = embedding.seconds
    if isinstance(strategy, ASVP):
        measures["embedding_seconds"] = strategy.history_[-1].seconds["features"]
    clusters = {}
    if isinstance(strategy, ClusterMargin):
        if strategy.clustering_ is not clustering_before:
            measures["clustering_seconds"] = strategy.clustering_.fit_seconds_
        record = strategy.last_query_
        sizes = np.bincount(record.pool_cluster)
        measures["n_clusters"] = int(np.count_nonzero(sizes))
        measures["n_candidates"] = record.n_candidates
        clusters = {"cluster": record.cluster, "pool_cluster_sizes": sizes}
    return _checked(answer, n_instances, len(X_pool)), measures, clusters


def _checked(answer, n_instances, n_pool):
    """Positions out of a strategy's answer, as distinct as they have to be."""
    picks = answer[0] if isinstance(answer, tuple) else answer
    picks = np.asarray(picks).ravel()
    is_place = picks.dtype.kind in "iu" and picks.size > 0
    if is_place and not 0 <= picks.min() <= picks.max() < n_pool:
        raise ValueError(
            f"The strategy was to choose rows 0 to {n_pool - 1}, and chose"
            f" {picks.min()} to {picks.max()}."
        )
    if not is_place:
        raise ValueError(
            "The strategy was to return positions in the pool, an array of integers;"
            f" got {picks.size} values of type {picks.dtype}."
        )
    n_different = len(np.unique(picks))
    if len(picks) != n_instances or n_different != n_instances:
        raise ValueError(
            f"The strategy was to choose {n_instances} different rows of {n_pool}, and"
            f" chose {len(picks)}, {n_different} of them different."
            " modal_clustermargin.testing.check_query_strategy finds out why."
        )
    return picks
