"""Every compiled loop of average linkage, over plain arrays.

All loops are in one file, because numba's on-disk cache does not notice changes of a
function that is called from another file.

Each cluster has a slot: a row of `mean` and an entry of `spread` and `weight`. `mean`
is the mean of its rows, `spread` is their mean squared distance to the mean, and
`weight` is their number. The mean squared distance over all pairs of two clusters is
then ``|mean_a - mean_b|**2 + spread_a + spread_b``. The three terms are not negative,
so no digits cancel, even if the data are far from the origin.

Each slot has a certified list of neighbours: nodes of the dendrogram, each with a lower
bound on its distance, ascending. Every live cluster that the list does not represent is
at least as far away as the `bound` of the slot. A merge does not change the lists that
contain one of the two merged clusters. Their entries then represent the union and
remain valid: average linkage is reducible, so the union is not nearer than the nearer
of the two. The distance of an entry is computed again when the entry is the first of
its list and its slot is the first of all slots.

The slots are the leaves of a tournament tree. Each inner node, ``tree[node]``, holds
the slot with the lowest key below it, so ``tree[1]`` is the first slot of all.
"""

from typing import NamedTuple

import numba
import numpy as np


class Clusters(NamedTuple):
    """The state of an agglomeration; one entry per slot unless noted."""

    mean: np.ndarray  # (n_slots, n_features), float32 or float64
    spread: np.ndarray  # float64
    weight: np.ndarray  # float64
    height: np.ndarray  # float64, of the merge that made the cluster
    alive: np.ndarray  # bool
    node: np.ndarray  # int64, its number in the dendrogram
    parent: np.ndarray  # (2 n_slots - 1,), int64: of each node; itself if a root
    slot: np.ndarray  # (2 n_slots - 1,), int64: of each node that is a root
    neighbors: np.ndarray  # (n_slots, n_listed), int64: nodes; ~node if only bounded
    sq_dists: np.ndarray  # (n_slots, n_listed), float64
    n_neighbors: np.ndarray  # int64
    bound: np.ndarray  # float64
    key: np.ndarray  # (n_slots + 1,): least distance to others; infinite if dead
    tree: np.ndarray  # (2 * a power of two,): tournament tree of slots by key


def start(mean, weight, n_listed):
    """One cluster per row, with an empty list and bound 0."""
    n_slots = len(mean)
    n_leaves = 1 << (n_slots - 1).bit_length()  # of the tree
    tree = np.full(2 * n_leaves, n_slots)
    tree[n_leaves : n_leaves + n_slots] = np.arange(n_slots)
    level = n_leaves
    while level > 1:  # all keys tie, so the left slot, which is lower, is first
        tree[level // 2 : level] = tree[level : 2 * level : 2]
        level //= 2
    return Clusters(
        mean=mean,
        spread=np.zeros(n_slots),
        weight=weight,
        height=np.zeros(n_slots),
        alive=np.ones(n_slots, bool),
        node=np.arange(n_slots),
        parent=np.arange(2 * n_slots - 1),
        slot=np.arange(2 * n_slots - 1),
        neighbors=np.empty((n_slots, n_listed), np.int64),
        sq_dists=np.empty((n_slots, n_listed)),
        n_neighbors=np.zeros(n_slots, np.int64),
        bound=np.zeros(n_slots),
        key=np.append(np.zeros(n_slots), np.inf),
        tree=tree,
    )


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def _sq_dist(a, spread_a, b, spread_b):
    total = 0.0
    for c in range(a.shape[0]):
        diff = np.float64(a[c]) - np.float64(b[c])
        total += diff * diff
    return total + (spread_a + spread_b)


@numba.njit(cache=True)
def _insert(slots, sq_dists, n, slot, sq_dist):  # slots, sq_dists: IN and OUT
    """Insert into the first `n` entries, ascending; a full list drops its last."""
    if n < slots.shape[0]:
        position = n
        n += 1
    elif sq_dist < sq_dists[n - 1]:
        position = n - 1
    else:
        return n
    while position > 0 and sq_dists[position - 1] > sq_dist:
        sq_dists[position] = sq_dists[position - 1]
        slots[position] = slots[position - 1]
        position -= 1
    sq_dists[position] = sq_dist
    slots[position] = slot
    return n


@numba.njit(cache=True, parallel=True)
def nearest(queries, spreads, own, mean, spread, candidates, n_listed):
    """The `n_listed` candidates nearest to each query.

    `candidates` are slots, a row for each query, padded with -1. `own` holds a slot to
    exclude for each query, or -1. Rows of the result are ascending, ties in the order
    of the candidates, and padded with -1 and infinity.
    """
    n_queries, n_candidates = candidates.shape
    slots = np.full((n_queries, n_listed), -1, np.int32)
    sq_dists = np.full((n_queries, n_listed), np.inf)
    for p in numba.prange(n_queries):
        n = 0
        for column in range(n_candidates):
            slot = candidates[p, column]
            if slot >= 0 and slot != own[p]:
                d = _sq_dist(queries[p], spreads[p], mean[slot], spread[slot])
                n = _insert(slots[p], sq_dists[p], n, slot, d)
    return slots, sq_dists


@numba.njit(cache=True)
def set_lists(clusters, owners, slots, sq_dists, bounds, cap):  # clusters: OUT
    """Give each owner the part of its found list that lies within its bound."""
    n_listed = clusters.neighbors.shape[1]
    for row in range(owners.shape[0]):
        i = owners[row]
        bound = min(bounds[row], cap)
        if slots.shape[1] > n_listed and slots[row, n_listed] >= 0:
            bound = min(bound, sq_dists[row, n_listed])
        n = 0
        while n < n_listed and n < slots.shape[1] and slots[row, n] >= 0:
            if sq_dists[row, n] > bound:
                break
            clusters.neighbors[i, n] = clusters.node[slots[row, n]]
            clusters.sq_dists[i, n] = sq_dists[row, n]
            n += 1
        clusters.n_neighbors[i] = n
        clusters.bound[i] = bound
        _set_key(clusters, i)


@numba.njit(cache=True)
def merge_lowest(clusters, children, heights, n_done, n_wanted, limit):
    """Make the lowest merge repeatedly.

    `clusters`, `children` (n_merges, 2) and `heights` (n_merges,) are OUT. The first
    `n_done` merges exist already. Stops when there are `n_wanted`, when no merge is
    within `limit`, or when the first slot needs a new list. Returns the number of
    merges.
    """
    while n_done < n_wanted:
        i = clusters.tree[1]
        if not clusters.key[i] <= limit or clusters.n_neighbors[i] == 0:
            break
        entry = clusters.neighbors[i, 0]
        if entry >= 0 and clusters.parent[entry] == entry:
            # No other two clusters are nearer, up to the rounding of the means.
            j = clusters.slot[entry]
            heights[n_done] = _merge(
                clusters, i, j, clusters.node.shape[0] + n_done, children[n_done]
            )
            n_done += 1
        else:
            _measure_first(clusters, i)
            _set_key(clusters, i)
    return n_done


@numba.njit(cache=True)
def _measure_first(clusters, i):
    """Replace the first entry of a list by an entry with a computed distance."""
    neighbors, sq_dists = clusters.neighbors[i], clusters.sq_dists[i]
    n = clusters.n_neighbors[i] - 1
    root = _root(clusters.parent, neighbors[0] if neighbors[0] >= 0 else ~neighbors[0])
    known = False
    for e in range(n):
        neighbors[e] = neighbors[e + 1]
        sq_dists[e] = sq_dists[e + 1]
        known |= neighbors[e] == root
    if not known and root != clusters.node[i]:
        j = clusters.slot[root]
        d = _sq_dist(
            clusters.mean[i], clusters.spread[i], clusters.mean[j], clusters.spread[j]
        )
        if d <= clusters.bound[i]:
            n = _insert(neighbors, sq_dists, n, root, d)
    clusters.n_neighbors[i] = n


@numba.njit(cache=True)
def _merge(clusters, i, j, node, children):  # clusters, children: OUT
    """Merge slot j into slot i as a new node, and return the height."""
    # Due to rounding, a merge could be slightly lower than the merges of its halves.
    height = max(clusters.sq_dists[i, 0], clusters.height[i], clusters.height[j])
    children[0], children[1] = clusters.node[i], clusters.node[j]
    weight = clusters.weight[i] + clusters.weight[j]
    share = clusters.weight[j] / weight
    clusters.parent[clusters.node[i]] = node
    clusters.parent[clusters.node[j]] = node
    _join_lists(clusters, i, j, share, node)

    sq_gap = 0.0
    for c in range(clusters.mean.shape[1]):
        x_i, x_j = np.float64(clusters.mean[i, c]), np.float64(clusters.mean[j, c])
        sq_gap += (x_i - x_j) * (x_i - x_j)
        clusters.mean[i, c] = (1.0 - share) * x_i + share * x_j
    clusters.spread[i] = (
        (1.0 - share) * clusters.spread[i]
        + share * clusters.spread[j]
        + (1.0 - share) * share * sq_gap
    )
    clusters.weight[i] = weight
    clusters.height[i] = height
    clusters.node[i] = node
    clusters.slot[node] = i
    clusters.alive[j] = False
    clusters.key[j] = np.inf
    _tree_update(clusters, j)
    _set_key(clusters, i)
    return height


@numba.njit(cache=True)
def _join_lists(clusters, i, j, share, node):
    """Replace the list of `i` by the list of its union with `j`.

    The distance to a union is the weighted mean of the distances to its halves, and
    `share` is the weight of `j`. The same mean of lower bounds is a lower bound. For a
    cluster that is not in the list of a half, the lower bound is the `bound` of the
    half.
    """
    n_listed = clusters.neighbors.shape[1]
    roots = np.empty((2, n_listed), np.int64)
    sq_dists = np.empty((2, n_listed), np.float64)
    n_i = _resolve_list(clusters, i, node, roots[0], sq_dists[0])
    n_j = _resolve_list(clusters, j, node, roots[1], sq_dists[1])
    bound_i, bound_j = clusters.bound[i], clusters.bound[j]
    bound = (1.0 - share) * bound_i + share * bound_j
    neighbors, lowest = clusters.neighbors[i], clusters.sq_dists[i]
    n = 0
    dropped = np.inf
    for e in range(n_i):
        at_j = _find(roots[1], n_j, roots[0, e])
        d_j = bound_j if at_j < 0 else sq_dists[1, at_j]
        d = (1.0 - share) * sq_dists[0, e] + share * d_j
        if d <= bound:
            if n == n_listed:
                dropped = min(dropped, max(d, lowest[n - 1]))
            n = _insert(neighbors, lowest, n, ~roots[0, e], d)
    for e in range(n_j):
        if _find(roots[0], n_i, roots[1, e]) < 0:
            d = (1.0 - share) * bound_i + share * sq_dists[1, e]
            if d <= bound:
                if n == n_listed:
                    dropped = min(dropped, max(d, lowest[n - 1]))
                n = _insert(neighbors, lowest, n, ~roots[1, e], d)
    # The bound may not exceed the distances of entries that were dropped.
    bound = min(bound, dropped)
    while n > 0 and lowest[n - 1] > bound:
        n -= 1
    clusters.n_neighbors[i] = n
    clusters.bound[i] = bound


@numba.njit(cache=True)
def _resolve_list(clusters, i, node, roots, sq_dists):  # roots, sq_dists: OUT
    """The live clusters that a list represents, each once, without `node`."""
    n = 0
    for e in range(clusters.n_neighbors[i]):
        entry = clusters.neighbors[i, e]
        root = _root(clusters.parent, entry if entry >= 0 else ~entry)
        # If two entries represent one cluster, the first has the lower bound.
        if root != node and _find(roots, n, root) < 0:
            roots[n] = root
            sq_dists[n] = clusters.sq_dists[i, e]
            n += 1
    return n


@numba.njit(cache=True)
def _find(values, n, value):
    """Position of a value among the first `n`, or -1."""
    found = -1
    for position in range(n):
        if values[position] == value:
            found = position
    return found


@numba.njit(cache=True)
def _root(parent, node):
    while parent[node] != node:
        parent[node] = parent[parent[node]]  # halves the path for later calls
        node = parent[node]
    return node


@numba.njit(cache=True)
def _set_key(clusters, i):
    n = clusters.n_neighbors[i]
    clusters.key[i] = clusters.sq_dists[i, 0] if n else clusters.bound[i]
    _tree_update(clusters, i)


@numba.njit(cache=True)
def _tree_update(clusters, i):
    """Update the tree after a change of a key; ties go to the lower slot."""
    key, tree = clusters.key, clusters.tree
    node = (tree.shape[0] // 2 + i) // 2
    while node:
        left, right = tree[2 * node], tree[2 * node + 1]
        tree[node] = left if key[left] <= key[right] else right
        node //= 2
