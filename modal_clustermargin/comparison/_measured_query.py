"""A query with its measures: seconds by part, peak memory, clusters."""

import re
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from modal_clustermargin.strategies import ASVP, ClusterMargin, embed

NO_QUERY = {"query_seconds": 0.0, "embedding_seconds": 0.0, "clustering_seconds": 0.0}
_PROCESS = Path("/proc/self")  # only Linux has it


class TimedEmbedding:
    """The `embedding` of a strategy: the classifier's own embeddings, timed."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self, classifier, X):
        start = time.perf_counter()
        embeddings = embed(classifier, X)
        self.seconds += time.perf_counter() - start
        return embeddings

    def __sklearn_clone__(self):
        return self  # with its seconds


def measured_query(strategy, classifier, X_pool, n_instances):
    """Call a strategy once: (picks, measures, clusters).

    `picks` are `n_instances` different positions in `X_pool`; any other answer of the
    strategy raises ValueError. `measures` are columns of a row. `clusters` has, for
    Cluster-Margin, the "cluster" of each pick, and "pool_cluster_sizes", the number of
    rows in each cluster of the pool.
    """
    embedding = getattr(strategy, "embedding", None)
    timed = embedding if isinstance(embedding, TimedEmbedding) else TimedEmbedding()
    timed.seconds = 0.0
    clustering_before = getattr(strategy, "clustering_", None)
    with suppress(OSError):
        (_PROCESS / "clear_refs").write_text("5")  # a new peak of memory begins
    start = time.perf_counter()
    answer = strategy(classifier, X_pool, n_instances)
    measures = NO_QUERY | {"query_seconds": time.perf_counter() - start}
    with suppress(OSError, TypeError):  # TypeError: the system does not report it
        peak = re.search(r"VmHWM:\s+(\d+)", (_PROCESS / "status").read_text())
        measures["peak_memory_mib"] = round(int(peak[1]) / 1024, 1)
    measures["embedding_seconds"] = timed.seconds
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
    return _checked_picks(answer, n_instances, len(X_pool)), measures, clusters


def _checked_picks(answer, n_instances, n_pool):
    picks = answer[0] if isinstance(answer, tuple) else answer
    picks = np.asarray(picks).ravel()
    if picks.dtype.kind not in "iu":
        raise ValueError(
            "The strategy must return positions in the pool, an array of integers; got"
            f" {picks.size} values of type {picks.dtype}."
        )
    n_valid = len(np.intersect1d(picks, np.arange(n_pool)))
    if len(picks) != n_instances or n_valid != n_instances:
        raise ValueError(
            f"The strategy must pick {n_instances} different rows, 0 to {n_pool - 1};"
            f" it picked {len(picks)}, {n_valid} of them different and in the pool."
            " modal_clustermargin.testing.check_query_strategy finds the reason."
        )
    return picks
