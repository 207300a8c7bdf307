"""The merges of rows up to a stopping rule, and the clusters that merges make.

Merges have the format of scikit-learn and scipy.
"""

import os

import numpy as np
from scipy import sparse
from scipy.cluster.hierarchy import linkage
from scipy.sparse.csgraph import connected_components

from modal_clustermargin.clustering._agglomeration import agglomerate
from modal_clustermargin.clustering._rows import SQ_DISTS_PER_UNIT, prepare_rows
from modal_clustermargin.pools import row_keys


def merges_of(X, metric, rule, value, search, verbose, graph=None):
    """The merges of rows up to a stopping rule, in units of the metric.

    A `NeighborGraph` of the rows replaces the search for the neighbours of all rows.

    Returns ``(children, heights, recall)``, the attributes of `AverageLinkage`.
    """
    n_samples = len(X)
    if metric == "euclidean":
        children, heights = _merge_by_distances(X)
    else:
        per_unit = SQ_DISTS_PER_UNIT[metric]
        rows, leaf, copies = collapse_duplicates(prepare_rows(X, metric))
        n_leaves = len(rows)
        if rule == "distance_threshold":
            limits = {"n_merges": n_leaves - 1, "sq_threshold": per_unit * value}
        else:
            n_merges = n_samples - _n_clusters(n_samples, rule, value)
            limits = {"n_merges": max(0, n_merges - (n_samples - n_leaves))}
        if graph is not None:
            limits["first_lists"] = graph._lists_of_leaves(leaf, search)
        made = agglomerate(rows, copies, search, **limits, verbose=verbose)
        children, heights = _expand_leaves(*_sort_merges(*made, n_leaves), leaf)
        heights /= per_unit
    n_merges = n_merges_within(heights, n_samples, rule, value)
    return np.sort(children[:n_merges], axis=1), heights[:n_merges], search.reached


def n_merges_within(heights, n_samples, rule, value):
    """The number of merges that a stopping rule allows.

    `heights` are the heights of these merges, and of further ones or not.
    """
    if rule == "distance_threshold":
        return int(np.searchsorted(heights, value, side="right"))
    n_merges = n_samples - _n_clusters(n_samples, rule, value)
    if rule == "mean_cluster_size" and 0 < n_merges < len(heights):
        # Merges that tie with the last one belong to it.
        n_merges = np.searchsorted(heights, heights[n_merges - 1], side="right")
    return int(n_merges)


def _n_clusters(n_samples, rule, value):
    return value if rule == "n_clusters" else max(1, int(n_samples / value))


def collapse_duplicates(rows):
    """Find the distinct rows, in the order of their first copies.

    Returns ``(rows, leaf, copies)``: `leaf` is the distinct row of each row, and
    `copies` the number of rows of each leaf.
    """
    leaf, first = _numbered_by_first(row_keys(rows))
    if len(first) < len(rows):
        rows = rows[first]
    return rows, leaf, np.bincount(leaf).astype(float)


def _merge_by_distances(X):
    if len(X) == 1:
        return np.empty((0, 2), np.int64), np.empty(0)
    merges = linkage(X, method="average", metric="euclidean")
    return merges[:, :2].astype(np.int64), merges[:, 2]


def _sort_merges(children, heights, n_leaves):
    """Sort merges by height, ascending, and renumber their nodes.

    Every merge must come after the merges of its nodes, and must not be lower than they
    are. Ties keep their order.
    """
    order = np.argsort(heights, kind="stable")
    node = np.arange(n_leaves + len(order))
    node[n_leaves + order] = n_leaves + np.arange(len(order))
    return node[children[order]], heights[order]


def _expand_leaves(children, heights, leaf):
    """Turn merges of leaves into merges of the samples that they represent.

    `leaf` is the leaf of each sample. The samples of each leaf merge first, at height
    0.
    """
    n_samples = len(leaf)
    order = np.argsort(leaf, kind="stable")
    is_first = np.r_[True, leaf[order[1:]] != leaf[order[:-1]]]
    n_leaves = np.count_nonzero(is_first)
    # Each further sample of a leaf joins the sample, or the merge, before it.
    further = np.flatnonzero(~is_first)
    merge_node = n_samples + np.arange(len(further))
    node_at = order.copy()
    node_at[further] = merge_node
    of_copies = np.column_stack([node_at[further - 1], order[further]])
    is_last = np.r_[is_first[1:], True]
    node = np.empty(n_leaves + len(children), np.int64)
    node[:n_leaves] = node_at[is_last]
    node[n_leaves:] = n_samples + len(further) + np.arange(len(children))
    children = np.concatenate([of_copies, node[children]])
    return children, np.concatenate([np.zeros(len(further)), heights])


def clusters_of(children, n_samples):
    """Cluster of each sample, numbered from 0 in the order of their first samples."""
    return clusters_of_nodes(children, n_samples)[:n_samples]


def clusters_of_nodes(children, n_samples):
    """`clusters_of` for all nodes: the samples, then the merges."""
    n_nodes = n_samples + len(children)
    # csgraph needs int32, and scipy before 1.12 does not cast.
    parents = np.repeat(np.arange(n_samples, n_nodes, dtype=np.int32), 2)
    nodes = children.ravel().astype(np.int32)
    edges = sparse.coo_array(
        (np.ones(len(parents), bool), (nodes, parents)), shape=(n_nodes, n_nodes)
    )
    _, component = connected_components(edges, directed=False)
    _, first = _numbered_by_first(component[:n_samples])
    number_of = np.empty(len(first), np.intp)
    number_of[component[first]] = np.arange(len(first))
    return number_of[component]


def _numbered_by_first(values):
    """The number of each value, from 0 in the order of their first positions.

    Returns ``(numbers, first)`` with the first position of each number.
    """
    _, first, numbers = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    return rank[numbers], first[order]


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
