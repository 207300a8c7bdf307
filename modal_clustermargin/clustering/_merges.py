"""The merges of rows up to a stopping rule, for any metric."""

import os

import numpy as np
from scipy.cluster.hierarchy import linkage

from modal_clustermargin.clustering._agglomeration import agglomerate
from modal_clustermargin.clustering._dendrogram import expand_leaves, sort_merges
from modal_clustermargin.clustering._rows import (
    SQ_DISTS_PER_UNIT,
    prepare_rows,
    row_blocks,
)
from modal_clustermargin.pools import row_keys


def merges_of(X, metric, rule, value, search, verbose):
    """The merges of rows up to a stopping rule, in units of the metric.

    Returns ``(children, heights, recall)``, the attributes of `AverageLinkage`.
    """
    n_samples = len(X)
    if rule == "mean_cluster_size":
        n_merges = n_samples - max(1, int(n_samples / value))
    elif rule == "n_clusters":
        n_merges = n_samples - value
    if metric == "euclidean":
        children, heights = _merge_by_distances(X)
    else:
        per_unit = SQ_DISTS_PER_UNIT[metric]
        rows, leaf, copies = _collapse_duplicates(prepare_rows(X, metric))
        n_leaves = len(rows)
        if rule == "distance_threshold":
            limits = {"n_merges": n_leaves - 1, "sq_threshold": per_unit * value}
        else:
            limits = {"n_merges": max(0, n_merges - (n_samples - n_leaves))}
        made = agglomerate(rows, copies, search, **limits, verbose=verbose)
        children, heights = expand_leaves(*sort_merges(*made, n_leaves), leaf)
        heights /= per_unit
    if rule == "distance_threshold":
        n_merges = np.searchsorted(heights, value, side="right")
    elif rule == "mean_cluster_size":
        n_merges = with_ties(heights, n_merges)
    return np.sort(children[:n_merges], axis=1), heights[:n_merges], search.reached


def with_ties(heights, n_merges):
    """The number of merges, including those that tie with merge number `n_merges`."""
    if not 0 < n_merges < len(heights):
        return min(n_merges, len(heights))
    return np.searchsorted(heights, heights[n_merges - 1], side="right")


def _collapse_duplicates(rows):
    """Find the distinct rows, in the order of their first copies.

    Returns ``(rows, leaf, copies)``: `leaf` is the distinct row of each row, and
    `copies` the number of rows of each leaf.
    """
    _, first, of_key = np.unique(row_keys(rows), return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    leaf = rank[of_key]
    first = first[order]
    if len(first) < len(rows):
        # Different rows may have equal fingerprints, in about one of ten million pools.
        for block in row_blocks(rows):
            if not np.array_equal(rows[block], rows[first[leaf[block]]]):
                first, leaf = np.arange(len(rows)), np.arange(len(rows))
                break
        else:
            rows = rows[first]
    return rows, leaf, np.bincount(leaf).astype(float)


def _merge_by_distances(X):
    if len(X) == 1:
        return np.empty((0, 2), np.int64), np.empty(0)
    merges = linkage(X, method="average", metric="euclidean")
    return merges[:, :2].astype(np.int64), merges[:, 2]


def check_fits_in_memory(n_samples):
    """Raise ValueError if all distances would take half of the memory."""
    needed = n_samples * (n_samples - 1) * 8  # the distances and a copy
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        memory = 16 * 2**30  # not a POSIX system: a common size
    if needed > memory / 2:
        raise ValueError(
            f"AverageLinkage(metric='euclidean') needs {needed / 2**30:,.0f} GiB for"
            f" the distances between {n_samples:,} samples, and may take half of the"
            f" {memory / 2**30:,.0f} GiB here. metric='cosine' and"
            " metric='sqeuclidean' need no distance matrix."
        )
