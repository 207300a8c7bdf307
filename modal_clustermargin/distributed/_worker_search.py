"""`NeighborSearch` with the help of workers."""

import numpy as np

from modal_clustermargin.clustering._neighbors import Frame, NeighborSearch
from modal_clustermargin.distributed._worker_rows import RowsOnWorkers

# Products of numbers from which a search for a few points is sent to the workers:
# what two cores do in a tenth of a second.
_WORTH_SENDING = 4e9

# The share of the clusters that must be what they were when workers got them.
_LEAST_UNCHANGED = 0.5


class WorkerSearch(NeighborSearch):
    """Searches whose products are computed by workers.

    What is found is what `NeighborSearch` finds, but for which of several equal
    scores come into a list, and for what is not found where not all are asked for.

    Parameters
    ----------
    workers : Workers

    recall, verbose :
        Those of `NeighborSearch`.

    device : str, torch.device or None
        As the user named it, of each worker.

    find_device : bool
        Whether workers are to look for a CUDA device.
    """

    def __init__(self, workers, recall, device, find_device, verbose):
        super().__init__(recall, verbose=verbose)
        self._workers = workers
        self._device_of_each = device, find_device
        self._held = None

    def nearest_of_each(self, base, n_listed, cap):
        self._held = None  # the memory of workers is for what is searched now
        return super().nearest_of_each(base, n_listed, cap)

    def _most_in_set(self, *arguments):
        from modal_clustermargin.distributed import _worker_cells

        return _worker_cells.most_nearest_in_set(*arguments, self.recall, self._workers)

    def _all_in_set(self, rows, half, *arguments):
        held = RowsOnWorkers(rows, half, self._workers)
        return held.nearest_in_set(*arguments, *self._device_of_each)

    def _propose(self, points, base, n_proposed):
        n_base = len(base.slots)
        if len(points.mean) * n_base * base.mean.shape[1] < _WORTH_SENDING:
            return super()._propose(points, base, n_proposed)
        is_unchanged = None if self._held is None else self._held.is_unchanged(base)
        if (
            is_unchanged is None
            or np.count_nonzero(is_unchanged) < _LEAST_UNCHANGED * n_base
        ):
            self._held = None
            self._held = ClustersOnWorkers(base, self._workers)
            is_unchanged = self._held.is_unchanged(base)
        slots, bounds = self._held.propose(points, is_unchanged, n_proposed)
        proposed = np.where(slots < 0, -1, np.searchsorted(base.slots, slots))
        # Those that have merged since are few, and here.
        unchanged = self._held.slots[is_unchanged]
        changed = np.setdiff1d(base.slots, unchanged, assume_unique=True)
        if len(changed):
            here = base._replace(slots=changed)
            found, other_bounds = super()._propose(points, here, n_proposed)
            found = np.searchsorted(base.slots, changed)[found]
            proposed = np.hstack([proposed, found])
            bounds = np.minimum(bounds, other_bounds)
        return proposed, bounds


class ClustersOnWorkers:
    """Clusters as they were when the workers got them.

    Parameters
    ----------
    base : Base

    workers : Workers

    Attributes
    ----------
    slots : ndarray of shape (n_clusters,)
    """

    def __init__(self, base, workers):
        self.slots = base.slots
        self._nodes = base.node[base.slots]
        self._frame = Frame.around(base)
        rows = self._frame.clusters(base, base.slots)
        half = np.einsum("ij,ij->i", rows, rows) / 2
        self._rows = RowsOnWorkers(rows, half, workers)

    def is_unchanged(self, base):
        """Which of the clusters are in the base, and what they were."""
        is_there = np.zeros(len(base.mean), bool)
        is_there[base.slots] = True
        return is_there[self.slots] & (base.node[self.slots] == self._nodes)

    def propose(self, points, is_unchanged, n_proposed):
        """Slots of unchanged clusters by a float32 search, and a bound on the others.

        A slot is -1 where there are no more.
        """
        asking = self._frame.points(points)
        least_scores = np.full(len(asking), -np.inf, np.float32)
        proposed, scores = self._rows.best(
            asking, least_scores, n_proposed, is_there=is_unchanged
        )
        sq_lengths = np.einsum("ij,ij->i", asking, asking, dtype=np.float64)
        is_full = proposed[:, -1] >= 0
        last = np.where(is_full, scores[:, -1], 0)
        bounds = self._frame.bounds(points, asking, sq_lengths - 2 * last)
        bounds[~is_full] = np.inf
        return np.where(proposed < 0, -1, self.slots[proposed]), bounds
