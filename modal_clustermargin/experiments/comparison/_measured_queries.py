"""A query, and what it took: seconds by part, memory, clusters.

Strategies are asked through what they offer all users; one that offers nothing of it
is measured as a whole.
"""

import time

import numpy as np

from modal_clustermargin.experiments.comparison._peak_memory import (
    forget_peak,
    peak_memory_mib,
)
from modal_clustermargin.experiments.comparison._timed_embedding import TimedEmbedding

NO_QUERY = {
    "query_seconds": 0.0,
    "embedding_seconds": 0.0,
    "clustering_seconds": 0.0,
    "peak_memory_mib": "",
    "n_clusters": "",
    "n_candidates": "",
}


def parameters_of(strategy):
    """Parameters of a strategy by name; none of one that does not tell."""
    return strategy.get_params(deep=False) if hasattr(strategy, "get_params") else {}


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
        "peak_memory_mib": round(peak_memory_mib(), 1),
    }
    if is_timed:
        measures["embedding_seconds"] = embedding.seconds
    history = getattr(strategy, "history_", None)
    if history:  # an ASVP
        measures["embedding_seconds"] = history[-1].seconds["features"]
    clustering = getattr(strategy, "clustering_", None)
    if clustering is not clustering_before:
        measures["clustering_seconds"] = clustering.fit_seconds_
    record, clusters = getattr(strategy, "last_query_", None), {}
    if record is not None:
        sizes = np.bincount(record.pool_cluster)
        measures["n_clusters"] = int(np.count_nonzero(sizes))
        measures["n_candidates"] = record.n_candidates
        clusters = {"cluster": record.cluster, "pool_cluster_sizes": sizes}
    return _checked(answer, n_instances, len(X_pool)), measures, clusters


def _checked(answer, n_instances, n_pool):
    """Positions out of a strategy's answer, as distinct as they have to be."""
    picks = answer[0] if isinstance(answer, tuple) else answer
    picks = np.asarray(picks).ravel()
    n_different = len(np.unique(picks))
    if len(picks) != n_instances or n_different != n_instances:
        raise ValueError(
            f"The strategy was to choose {n_instances} different rows of {n_pool}, and"
            f" chose {len(picks)}, {n_different} of them different."
            " modal_clustermargin.testing.check_query_strategy finds out why."
        )
    return picks
