"""The nearest clusters of some clusters, and how far the rest must be.

A search only proposes. Every distance that decides is measured by one function
(`_kernels._sq_dist`), and the bound on what was not proposed leaves room for
the rounding of the search itself. faiss is imported here alone, on first use.
"""

import numpy as np

from modal_clustermargin._threads import threads_for
from modal_clustermargin.clustering import _kernels

# Below this many products of points, clusters and features a plain scan is
# faster than making the matrices that a faiss search wants.
_SCAN_BELOW = 2e7

# Rows converted to float32 at a time.
_PART_ROWS = 4096


def nearest_clusters(points, spreads, own, mean, spread, base, n_listed):
    """Find the clusters nearest to each point, by mean squared distance.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
        Means of the clusters that ask.

    spreads : ndarray of shape (n_points,)
        Their mean squared distance to their mean; 0 for a single row.

    own : ndarray of shape (n_points,)
        Slot to leave out of each answer; -1 for none.

    mean, spread : ndarray of shape (n_slots, n_features) and (n_slots,)
        The clusters asked about, by slot.

    base : ndarray of shape (n_base,)
        The slots to search.

    n_listed : int
        How many neighbours to find; one more is found where there are enough.

    Returns
    -------
    slots : ndarray of shape (n_points, n_listed + 1), dtype=int32
        Nearest first; padded with -1.

    sq_dists : ndarray of shape (n_points, n_listed + 1)
        Mean squared distances to them; padded with infinity.

    bounds : ndarray of shape (n_points,)
        No slot outside a row of `slots` is nearer than this. Infinite where
        there is none outside.
    """
    n_found = n_listed + 1
    if len(points) * len(base) * mean.shape[1] < _SCAN_BELOW:
        return _scan(points, spreads, own, mean, spread, base, n_found)
    proposed, bounds = _propose(points, spreads, mean, spread, base, n_found + 1)
    with threads_for(proposed.size * mean.shape[1]):
        slots, sq_dists = _kernels.measure_proposals(
            points, spreads, own, mean, spread, base, proposed
        )
    # A nearest neighbour beyond the bound is no certain one. It happens where
    # distances are lost in the rounding of the norms: measure those in full.
    unsure = np.flatnonzero(sq_dists[:, 0] > bounds)
    if len(unsure):
        slots_again, sq_dists_again, bounds[unsure] = _scan(
            points[unsure], spreads[unsure], own[unsure], mean, spread, base, n_found
        )
        slots[unsure, :n_found] = slots_again
        slots[unsure, n_found:] = -1
        sq_dists[unsure, :n_found] = sq_dists_again
        sq_dists[unsure, n_found:] = np.inf
    return slots, sq_dists, bounds


def _scan(points, spreads, own, mean, spread, base, n_found):
    with threads_for(len(points) * len(base) * mean.shape[1]):
        slots, sq_dists = _kernels.nearest_by_scan(
            points, spreads, own, mean, spread, base, n_found
        )
    return slots, sq_dists, sq_dists[:, -1].copy()


def _propose(points, spreads, mean, spread, base, n_proposed):
    """Positions in `base` by a float32 search, and a bound on all others."""
    import faiss

    center = sum(mean[part].sum(axis=0, dtype=np.float64) for part in _parts(base))
    center /= len(base)
    unit = _largest_coordinate(mean, spread, base, center) or 1.0
    searched = _coordinates(mean, spread, base, center, unit)
    everyone = np.arange(len(points))
    asking = _coordinates(points, np.zeros(len(points)), everyone, center, unit)
    n_proposed = min(n_proposed, len(base))
    sq_found, proposed = faiss.knn(asking, searched, n_proposed)
    if n_proposed == len(base):
        return proposed, np.full(len(points), np.inf)
    # |x|^2 + |y|^2 - 2xy in float32, term by term, is off by no more than this.
    reach = np.linalg.norm(asking, axis=1) + np.linalg.norm(searched, axis=1).max()
    rounding = (searched.shape[1] + 8) * 2.0**-24 * reach.astype(np.float64) ** 2
    return proposed, (sq_found[:, -1] - rounding) * unit**2 + spreads


def _largest_coordinate(mean, spread, slots, center):
    in_mean = max(np.abs(mean[part] - center).max() for part in _parts(slots))
    return max(in_mean, np.sqrt(spread[slots].max()))


def _coordinates(mean, spread, slots, center, unit):
    """Rows whose squared distances, in `unit`, are those of the clusters: float32.

    Centred and scaled, they neither overflow nor vanish, and lose the least.
    """
    rows = np.empty((len(slots), mean.shape[1] + 1), np.float32)
    done = 0
    for part in _parts(slots):
        rows[done : done + len(part), :-1] = (mean[part] - center) / unit
        done += len(part)
    rows[:, -1] = np.sqrt(spread[slots]) / unit
    return rows


def _parts(slots):
    return np.array_split(slots, 1 + len(slots) // _PART_ROWS)
