"""The nearest clusters of some clusters, and how far the rest must be.

A search only proposes, in float32. Every distance that decides is measured by
one function (`_kernels._sq_dist`), and the bound on what was not proposed
leaves room for the rounding of the search. faiss is imported here alone, on
first use.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from modal_clustermargin._progress import progress_bar
from modal_clustermargin._threads import threads_for
from modal_clustermargin.clustering import _kernels
from modal_clustermargin.clustering._all_neighbors import nearest_in_set
from modal_clustermargin.clustering._rounding import rounding

# Few points are scanned for faster than the matrices are made that a search
# wants; so are any, where there are few products of points, clusters, features.
_SCAN_BELOW_POINTS = 8
_SCAN_BELOW = 2e6

# In so few columns a tree is faster than any product, and float32 may be too
# coarse: of 100,000 numbers, the nearest differ by less than its rounding.
_TREE_FEATURES = 3

# An exact search of all clusters among themselves costs a cluster this much less
# than a search for a few of them.
_ALL_AT_ONCE = 16

# Rows converted to float32 at a time.
_PART_ROWS = 4096


class Points(NamedTuple):
    """Clusters that ask for their nearest others."""

    mean: np.ndarray  # (n_points, n_features)
    spread: np.ndarray  # (n_points,): mean squared distance to the mean
    own: np.ndarray  # (n_points,): slot to leave out of the answer; -1 for none


class Base(NamedTuple):
    """Clusters that are asked about; by slot, if not said otherwise."""

    mean: np.ndarray  # (n_slots, n_features)
    spread: np.ndarray  # (n_slots,)
    node: np.ndarray  # (n_slots,): another number whenever a slot is another cluster
    slots: np.ndarray  # (n_base,): those to search, ascending


class NeighborSearch:
    """How neighbours are looked for, and what was found of them.

    Parameters
    ----------
    recall : float, default=None
        Share of the neighbours that a search of all clusters among themselves
        must find. None: all, for certain.

    device : torch.device, default=None
        A CUDA device for searches that are large and exact. None: the
        processor.

    find_device : bool, default=False
        Whether to look for a CUDA device once an exact search is due after all.

    verbose : bool, default=False
        Whether to show the progress of a search of all.

    Attributes
    ----------
    reached : float
        The least share that a search of all has found, estimated on a sample; 1
        if all were exact.

    share_of_single : float
        What the last search of all cost per cluster, in searches for a single one.
    """

    def __init__(self, recall=None, device=None, find_device=False, verbose=False):
        self.recall = recall
        self.device = device
        self.find_device = find_device
        self.verbose = verbose
        self.reached = 1.0
        self.share_of_single = 0.0

    def nearest(self, points, base, n_listed):
        """Find the clusters nearest to each point, by mean squared distance.

        Parameters
        ----------
        points : Points
            Who asks.

        base : Base

        n_listed : int
            How many neighbours to find; one more is found where there are
            enough.

        Returns
        -------
        slots : ndarray of shape (n_points, n_listed + 1 or more), dtype=int32
            Nearest first; padded with -1.

        sq_dists : ndarray of the same shape
            Mean squared distances to them; padded with infinity.

        bounds : ndarray of shape (n_points,)
            No slot outside a row of `slots` is nearer than this. Infinite where
            there is none outside.
        """
        n_found = n_listed + 1
        n_points = len(points.mean)
        n_products = n_points * len(base.slots) * base.mean.shape[1]
        if n_points < _SCAN_BELOW_POINTS or n_products < _SCAN_BELOW:
            return _scan(points, base, n_found)
        # One more, since a point may be proposed to itself.
        propose = self._propose
        if base.mean.shape[1] <= _TREE_FEATURES:
            propose = _propose_by_tree
        return _measure(points, base, n_found, *propose(points, base, n_found + 1))

    def nearest_of_each(self, base, n_listed, cap):
        """`nearest` of all clusters among themselves; faster.

        Parameters and returns are those of `nearest`, but that clusters at `cap`
        or farther need not be found: no bound is higher. With a `recall`, a few
        bounds may not hold.
        """
        n_found = n_listed + 1
        mean, spread, _, live = base
        if len(live) < len(mean):
            points = Points(mean[live], spread[live], live)
        else:
            points = Points(mean, spread, live)  # a copy less
        if len(live) ** 2 * mean.shape[1] < _SCAN_BELOW:
            self.share_of_single = 1 / _ALL_AT_ONCE
            return _scan(points, base, n_found)
        if mean.shape[1] <= _TREE_FEATURES:
            self.share_of_single = 1.0
            found = _propose_by_tree(points, base, n_found + 1)
        else:
            found = self._propose_to_each(base, n_found, cap)
        return _measure(points, base, n_found, *found)

    def _propose(self, points, base, n_proposed):
        """Positions in the base by a float32 search, and a bound on all others."""
        frame = Frame.around(base)
        searched, asking = frame.clusters(base, base.slots), frame.points(points)
        n_proposed = min(n_proposed, len(searched))
        sq_found, proposed = self._nearest_rows(asking, searched, n_proposed)
        if n_proposed == len(searched):
            return proposed, np.full(len(asking), np.inf)
        return proposed, frame.bounds(points, asking, sq_found[:, -1])

    def _propose_to_each(self, base, n_proposed, cap):
        """The same for all clusters among themselves; none at `cap` or beyond."""
        frame = Frame.around(base)
        live = base.slots
        rows = frame.rows(base.mean, live)
        sq_spreads = frame.lengths(base.spread[live]).astype(np.float64) ** 2
        sq_lengths = np.einsum("ij,ij->i", rows, rows, dtype=np.float64) + sq_spreads
        half = (sq_lengths / 2).astype(np.float32)
        # With these halves, D(i, j) = 2 (half[i] - score of j for i).
        with np.errstate(over="ignore"):  # a cap beyond all distances finds every row
            sq_cap = cap / frame.unit**2
            sq_reach = sq_cap + 2 * rounding(sq_cap, sq_lengths, rows.shape[1])
            least_scores = ((sq_lengths - sq_reach) / 2).astype(np.float32)
        with progress_bar("nearest neighbours", "%", 100, self.verbose) as show:
            proposed, scores, sq_reach = self._nearest_in_set(
                rows, half, n_proposed, least_scores, show
            )
        # A list that is not full holds all that is nearer than the cap, or than a
        # reach that the search has chosen.
        sq_reach += rounding(sq_reach, sq_lengths, rows.shape[1])
        bounds = np.minimum(sq_reach * frame.unit**2, cap)
        full = proposed[:, -1] >= 0
        sq_found = 2 * (half[full].astype(np.float64) - scores[full, -1])
        sq_found -= rounding(sq_found, sq_lengths[full], rows.shape[1])
        bounds[full] = np.minimum(sq_found * frame.unit**2, cap)
        return proposed, bounds

    def _nearest_rows(self, asking, searched, n_proposed):
        if self.device is not None:
            from modal_clustermargin.clustering import _torch_neighbors

            return _torch_neighbors.nearest_in_base(
                asking, searched, n_proposed, self.device
            )
        import faiss

        return faiss.knn(asking, searched, n_proposed)

    def _nearest_in_set(self, *arguments):
        n_rows = len(arguments[0])
        if self.recall is not None:
            found = self._most_in_set(*arguments)
            if found is not None:
                *found, reached, work, sq_reach = found
                self.reached = min(self.reached, float(reached))
                self.share_of_single = work / (n_rows**2 / 2) / _ALL_AT_ONCE
                return *found, sq_reach
            # What the pool did not allow once, its clusters will not either.
            self.recall = None
            if self.find_device:
                from modal_clustermargin._devices import cuda_device

                self.device = cuda_device(None, "AverageLinkage")
        self.share_of_single = 1 / _ALL_AT_ONCE
        return *self._all_in_set(*arguments), np.inf

    def _most_in_set(self, *arguments):
        from modal_clustermargin.clustering import _most_neighbors

        return _most_neighbors.most_nearest_in_set(*arguments, self.recall)

    def _all_in_set(self, *arguments):
        if self.device is not None:
            from modal_clustermargin.clustering import _torch_neighbors

            return _torch_neighbors.nearest_in_set(*arguments, self.device)
        return nearest_in_set(*arguments)


def _propose_by_tree(points, base, n_proposed):
    """Positions in the base by a k-d tree in float64, and a bound on all others."""
    n_base = len(base.slots)
    n_proposed = min(n_proposed, n_base)
    # The spread is one more coordinate, in which the points are at 0.
    searched = [base.mean[base.slots], np.sqrt(base.spread[base.slots])]
    tree = KDTree(np.column_stack(searched).astype(float))
    asking = np.column_stack([points.mean, np.zeros(len(points.mean))]).astype(float)
    distances, proposed = tree.query(asking, np.arange(1, n_proposed + 1), workers=-1)
    proposed = np.where(proposed < n_base, proposed, -1).astype(np.int32)
    if n_proposed == n_base:
        return proposed, np.full(len(asking), np.inf)
    # Of many at the same place, any may be missing: they are as far as the last.
    return proposed, distances[:, -1] ** 2 * (1 - 1e-12) + points.spread


def _scan(points, base, n_found):
    mean, spread, _, searched = base
    with threads_for(len(points.mean) * len(searched) * mean.shape[1]):
        slots, sq_dists = _kernels.nearest_by_scan(
            *points, mean, spread, searched, n_found
        )
    return slots, sq_dists, sq_dists[:, -1].copy()


def _measure(points, base, n_found, proposed, bounds):
    """Measure what was proposed; where that leaves no certainty, scan."""
    mean, spread, _, searched = base
    with threads_for(proposed.size * mean.shape[1]):
        slots, sq_dists = _kernels.measure_proposals(
            *points, mean, spread, searched, proposed
        )
    # A nearest neighbour beyond the bound is no certain one. It happens where
    # distances are lost in the rounding of the norms.
    unsure = np.flatnonzero((sq_dists[:, 0] > bounds) & (proposed[:, -1] >= 0))
    if len(unsure):
        found = _scan(Points(*(x[unsure] for x in points)), base, n_found)
        slots[unsure], sq_dists[unsure] = -1, np.inf
        slots[unsure, :n_found], sq_dists[unsure, :n_found], bounds[unsure] = found
    return slots, sq_dists, bounds


class Frame(NamedTuple):
    """Where float32 puts the rows: centred and scaled.

    So they neither overflow nor vanish, and lose the least to rounding.
    """

    center: np.ndarray
    unit: float

    @classmethod
    def around(cls, base):
        mean, spread, _, slots = base
        parts = np.array_split(slots, 1 + len(slots) // _PART_ROWS)
        center = sum(mean[part].sum(axis=0, dtype=np.float64) for part in parts)
        center /= len(slots)
        unit = max(np.abs(mean[part] - center).max() for part in parts)
        return cls(center, max(unit, np.sqrt(spread[slots].max())) or 1.0)

    def rows(self, mean, slots):
        """Means in the frame: ndarray of shape (n_slots, n_features), float32."""
        rows = np.empty((len(slots), mean.shape[1]), np.float32)
        for start in range(0, len(slots), _PART_ROWS):
            part = slots[start : start + _PART_ROWS]
            rows[start : start + len(part)] = (mean[part] - self.center) / self.unit
        return rows

    def clusters(self, base, slots):
        """Clusters in the frame: the spread is one more coordinate."""
        rows = self.rows(base.mean, slots)
        return np.column_stack([rows, self.lengths(base.spread[slots])])

    def points(self, points):
        """Points in the frame: they are at 0 in the coordinate of the spread."""
        rows = self.rows(points.mean, np.arange(len(points.mean)))
        return np.column_stack([rows, np.zeros(len(rows), np.float32)])

    def bounds(self, points, asking, sq_found):
        """What no cluster that was not found is nearer than.

        `asking` is what `points` returned, and `sq_found` the squared distance in
        the frame to the last cluster that was found for each.
        """
        sq_found = sq_found.astype(np.float64)
        sq_lengths = np.einsum("ij,ij->i", asking, asking, dtype=np.float64)
        sq_found -= rounding(sq_found, sq_lengths, asking.shape[1])
        return sq_found * self.unit**2 + points.spread

    def lengths(self, sq_lengths):
        """Lengths in the frame, of their squares: ndarray of float32."""
        return (np.sqrt(sq_lengths) / self.unit).astype(np.float32)
