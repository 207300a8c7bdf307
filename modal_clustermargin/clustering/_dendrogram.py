"""Merges in the format of scikit-learn and scipy, and the clusters they make."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components


def sort_merges(children, heights, n_leaves):
    """Sort merges by height, ascending, and renumber their nodes.

    Every merge must come after the merges of its nodes, and must not be lower than they
    are. Ties keep their order.
    """
    order = np.argsort(heights, kind="stable")
    node = np.arange(n_leaves + len(order))
    node[n_leaves + order] = n_leaves + np.arange(len(order))
    return node[children[order]], heights[order]


def expand_leaves(children, heights, leaf):
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
    n_nodes = n_samples + len(children)
    # csgraph needs int32, and scipy before 1.12 does not cast.
    parents = np.repeat(np.arange(n_samples, n_nodes, dtype=np.int32), 2)
    nodes = children.ravel().astype(np.int32)
    edges = sparse.coo_array(
        (np.ones(len(parents), bool), (nodes, parents)), shape=(n_nodes, n_nodes)
    )
    _, component = connected_components(edges, directed=False)
    _, first, labels = np.unique(
        component[:n_samples], return_index=True, return_inverse=True
    )
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[labels]
