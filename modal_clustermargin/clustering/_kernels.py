"""Every compiled loop of average linkage, over plain arrays.

One file on purpose: numba's on-disk cache does not notice an edit to a
function that lives in another file than its caller.

A cluster is a slot: a row of `mean` and an entry of `spread` and `weight`.
`mean` is the mean of its rows, `spread` their mean squared distance to it and
`weight` their number. The mean squared distance over all pairs of two clusters
is then ``|mean_a - mean_b|**2 + spread_a + spread_b``: three non-negative
terms, so nothing cancels wherever the data lie.

Each live slot keeps a certified neighbour list: the slots nearest to it in
ascending order (`neighbors`, `sq_dists`, `n_neighbors`), and `bound`, which no
slot outside the list is nearer than. Every entry lies within the bound.
"""

from typing import NamedTuple

import numba
import numpy as np


class Clusters(NamedTuple):
    """The state of an agglomeration; all arrays have one entry per slot."""

    mean: np.ndarray  # (n_slots, n_features), float32 or float64
    spread: np.ndarray  # (n_slots,), float64
    weight: np.ndarray  # (n_slots,), float64
    height: np.ndarray  # (n_slots,), float64, of the merge that made the cluster
    node: np.ndarray  # (n_slots,), int64, its number in the dendrogram
    alive: np.ndarray  # (n_slots,), bool
    neighbors: np.ndarray  # (n_slots, n_listed), int32
    sq_dists: np.ndarray  # (n_slots, n_listed), float64
    n_neighbors: np.ndarray  # (n_slots,), int32
    bound: np.ndarray  # (n_slots,), float64


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def _sq_dist(a, spread_a, b, spread_b):
    total = 0.0
    for c in range(a.shape[0]):
        diff = np.float64(a[c]) - np.float64(b[c])
        total += diff * diff
    return total + (spread_a + spread_b)


@numba.njit(cache=True)
def _insert(slots, sq_dists, n, slot, sq_dist):  # slots, sq_dists: IN and OUT
    """Insert into the first `n` entries, ascending; the largest may fall off."""
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
def nearest_by_scan(points, spreads, own, mean, spread, base, n_listed):
    """The `n_listed` base slots nearest to each point, by measuring them all.

    `own` holds a slot to leave out for each point, or -1. Rows of the answer
    are ascending and padded with -1 and infinity.
    """
    n_points = points.shape[0]
    slots = np.full((n_points, n_listed), -1, np.int32)
    sq_dists = np.full((n_points, n_listed), np.inf)
    for p in numba.prange(n_points):
        n = 0
        for position in range(base.shape[0]):
            slot = base[position]
            if slot != own[p]:
                d = _sq_dist(points[p], spreads[p], mean[slot], spread[slot])
                n = _insert(slots[p], sq_dists[p], n, slot, d)
    return slots, sq_dists


@numba.njit(cache=True, parallel=True)
def measure_proposals(points, spreads, own, mean, spread, base, proposed):
    """Slots proposed for each point as positions in `base` (-1: none), measured.

    The answer has the form of `nearest_by_scan`.
    """
    n_points, n_proposed = proposed.shape
    slots = np.full((n_points, n_proposed), -1, np.int32)
    sq_dists = np.full((n_points, n_proposed), np.inf)
    for p in numba.prange(n_points):
        n = 0
        for column in range(n_proposed):
            if proposed[p, column] < 0:
                continue
            slot = base[proposed[p, column]]
            if slot != own[p]:
                d = _sq_dist(points[p], spreads[p], mean[slot], spread[slot])
                n = _insert(slots[p], sq_dists[p], n, slot, d)
    return slots, sq_dists


@numba.njit(cache=True)
def set_lists(clusters, owners, slots, sq_dists, bounds, cap):  # clusters: OUT
    """Give each owner its list, cut to `n_listed` entries within its bound."""
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
            clusters.neighbors[i, n] = slots[row, n]
            clusters.sq_dists[i, n] = sq_dists[row, n]
            n += 1
        clusters.n_neighbors[i] = n
        clusters.bound[i] = bound


@numba.njit(cache=True)
def _tie_key(i, j):
    """A hash of an unordered pair of slots.

    Tied pairs are taken in the order of their keys. An order by slot number
    would be valid too, but would turn an even grid into a queue: one merge a
    round. Hashed, a constant share of the tied pairs is free to merge at once.
    """
    key = np.uint64(min(i, j)) << np.uint64(32) | np.uint64(max(i, j))
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@numba.njit(cache=True)
def reciprocal_pairs(clusters, live, limit, nearest, best):  # nearest, best: OUT
    """Pairs no farther apart than `limit`, each the other's nearest neighbour.

    `nearest` and `best` are scratch space, an entry per slot. Returns
    ``(left, right)`` with ``left < right``; no slot is in two pairs.
    """
    largest_key = np.uint64(0xFFFFFFFFFFFFFFFF)
    for i in live:
        nearest[i] = clusters.sq_dists[i, 0] if clusters.n_neighbors[i] else np.inf
        best[i] = largest_key
    # A list may miss a neighbour that is as near as its bound, to the last
    # bit. The neighbour's own list has the pair, so both ends learn of it and
    # the nearest pair of all is always reciprocal.
    for i in live:
        if clusters.n_neighbors[i]:
            j = clusters.neighbors[i, 0]
            nearest[j] = min(nearest[j], clusters.sq_dists[i, 0])
    for i in live:
        for e in range(clusters.n_neighbors[i]):
            j = clusters.neighbors[i, e]
            d = clusters.sq_dists[i, e]
            if d > nearest[i] or d > limit:
                break
            if d == nearest[j]:
                key = _tie_key(i, j)
                best[i] = min(best[i], key)
                best[j] = min(best[j], key)
    left = np.empty(live.shape[0] // 2, np.int64)
    right = np.empty(live.shape[0] // 2, np.int64)
    n_pairs = 0
    for i in live:
        for e in range(clusters.n_neighbors[i]):
            j = clusters.neighbors[i, e]
            d = clusters.sq_dists[i, e]
            if d > nearest[i] or d > limit:
                break
            key = _tie_key(i, j)
            if d == nearest[j] and best[i] == key and best[j] == key:
                left[n_pairs] = min(i, j)
                right[n_pairs] = max(i, j)
                n_pairs += 1
                # Both ends may list the pair: claim it once.
                best[i] = largest_key
                best[j] = largest_key
                break
    return left[:n_pairs], right[:n_pairs]


@numba.njit(cache=True)
def merge_pairs(clusters, left, right, nearest, next_node, heights, children):
    """Merge each right slot into its left one and write down the merge.

    `clusters`, `heights` (n_merges,) and `children` (n_merges, 2) are OUT;
    `nearest` is `reciprocal_pairs`'s. The union keeps the left slot.
    """
    n_features = clusters.mean.shape[1]
    for p in range(left.shape[0]):
        a, b = left[p], right[p]
        weight = clusters.weight[a] + clusters.weight[b]
        share_a = clusters.weight[a] / weight
        share_b = clusters.weight[b] / weight
        # Rounding may put a merge a hair below those it is made of.
        height = max(nearest[a], clusters.height[a], clusters.height[b])
        children[p, 0] = clusters.node[a]
        children[p, 1] = clusters.node[b]
        heights[p] = height
        sq_gap = 0.0
        for c in range(n_features):
            x_a = np.float64(clusters.mean[a, c])
            x_b = np.float64(clusters.mean[b, c])
            sq_gap += (x_a - x_b) * (x_a - x_b)
            clusters.mean[a, c] = share_a * x_a + share_b * x_b
        clusters.spread[a] = (
            share_a * clusters.spread[a]
            + share_b * clusters.spread[b]
            + share_a * share_b * sq_gap
        )
        clusters.weight[a] = weight
        clusters.height[a] = height
        clusters.node[a] = next_node + p
        clusters.alive[b] = False


@numba.njit(cache=True, parallel=True)
def update_lists(clusters, live, partner, into, cap):  # clusters: IN and OUT
    """Bring the lists of the `live` slots up to date after a round of merges.

    `into` maps each slot to the one that now holds its rows; `partner` gives
    the slot that was merged into each slot, or -1.
    """
    for row in numba.prange(live.shape[0]):
        i = live[row]
        if partner[i] >= 0:
            _join_lists(clusters, i, partner[i], into, cap)
        elif _is_touched(clusters, i, partner, into):
            _mend_list(clusters, i, partner, into)


@numba.njit(cache=True)
def _is_touched(clusters, i, partner, into):
    for e in range(clusters.n_neighbors[i]):
        j = clusters.neighbors[i, e]
        if into[j] != j or partner[j] >= 0:
            return True
    return False


@numba.njit(cache=True)
def _mend_list(clusters, i, partner, into):
    """Replace the neighbours that were merged; the cluster itself was not."""
    n_listed = clusters.neighbors.shape[1]
    bound = clusters.bound[i]
    slots = np.empty(n_listed, np.int32)
    sq_dists = np.empty(n_listed, np.float64)
    seen = np.empty(n_listed, np.int32)
    n = 0
    n_seen = 0
    for e in range(clusters.n_neighbors[i]):
        old = clusters.neighbors[i, e]
        j = into[old]
        if j == old and partner[j] < 0:
            n = _insert(slots, sq_dists, n, j, clusters.sq_dists[i, e])
        elif not _contains(seen, n_seen, j):
            seen[n_seen] = j
            n_seen += 1
            d = _distance(clusters, i, j)
            if d <= bound:
                n = _insert(slots, sq_dists, n, j, d)
    _store_list(clusters, i, slots, sq_dists, n, bound)


@numba.njit(cache=True)
def _join_lists(clusters, i, merged, into, cap):
    """Make the list of `i`, into which `merged` was merged, of both their lists.

    What neither half listed is at least as far as their bounds, averaged as
    the distance itself is. `i` has moved, so every neighbour is measured anew.
    """
    n_listed = clusters.neighbors.shape[1]
    bound_i, bound_merged = clusters.bound[i], clusters.bound[merged]
    if bound_i == bound_merged:
        bound = bound_i  # infinite ones, too
    else:
        share = clusters.weight[merged] / clusters.weight[i]
        bound = (1.0 - share) * bound_i + share * bound_merged
    bound = min(bound, cap)
    slots = np.empty(n_listed, np.int32)
    sq_dists = np.empty(n_listed, np.float64)
    seen = np.empty(2 * n_listed, np.int32)
    n = 0
    n_seen = 0
    nearest_dropped = np.inf
    for owner in (i, merged):
        for e in range(clusters.n_neighbors[owner]):
            j = into[clusters.neighbors[owner, e]]
            if j == i or _contains(seen, n_seen, j):
                continue
            seen[n_seen] = j
            n_seen += 1
            d = _distance(clusters, i, j)
            if d > bound:
                continue
            if n == n_listed:
                nearest_dropped = min(nearest_dropped, max(d, sq_dists[n - 1]))
            n = _insert(slots, sq_dists, n, j, d)
    # A neighbour that fell off the end no longer stands behind a larger bound.
    _store_list(clusters, i, slots, sq_dists, n, min(bound, nearest_dropped))


@numba.njit(cache=True)
def _contains(slots, n, slot):
    found = False
    for position in range(n):
        found |= slots[position] == slot
    return found


@numba.njit(cache=True)
def _distance(clusters, i, j):
    return _sq_dist(
        clusters.mean[i], clusters.spread[i], clusters.mean[j], clusters.spread[j]
    )


@numba.njit(cache=True)
def _store_list(clusters, i, slots, sq_dists, n, bound):  # clusters: OUT
    while n > 0 and sq_dists[n - 1] > bound:
        n -= 1
    clusters.neighbors[i, :n] = slots[:n]
    clusters.sq_dists[i, :n] = sq_dists[:n]
    clusters.n_neighbors[i] = n
    clusters.bound[i] = bound
