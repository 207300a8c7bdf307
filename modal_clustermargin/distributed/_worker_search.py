"""A neighbour search on workers."""

import numpy as np

from modal_clustermargin.clustering.neighbors import Float32Frame, NeighborSearch
from modal_clustermargin.distributed import _worker_cells
from modal_clustermargin.distributed._on_worker import device_of_worker
from modal_clustermargin.distributed._worker_rows import RowsOnWorkers

# Smallest number of multiplications for which workers search for a few queries: two
# cores take a tenth of a second for them.
_WORTH_SENDING = 4e9

# Clusters are sent again if less than this share of them is unchanged.
_LEAST_UNCHANGED = 0.5


class WorkerSearch(NeighborSearch):
    """`NeighborSearch` on workers.

    It finds the same neighbours, except for ties and for neighbours that an approximate
    search misses. `device` is the parameter of the user; with `find_device`, workers
    use a CUDA device unasked. Raises ValueError if a worker does not have the device.
    """

    def __init__(self, workers, recall, device, find_device, verbose):
        super().__init__(recall, verbose=verbose)
        if device is not None:
            workers.check(device_of_worker, device, False)
        self._workers = workers
        self._worker_device = device, find_device
        self._held = None

    def nearest_of_each(self, references, n_listed, cap):
        self._held = None  # frees the memory of the workers for this search
        return super().nearest_of_each(references, n_listed, cap)

    def _approximate_knn(self, *arguments):
        return _worker_cells.approximate_knn(
            *arguments, self.recall, self._workers, self.may_limit_reach
        )

    def _exact_knn(self, rows, half, *arguments):
        held = RowsOnWorkers(rows, half, self._workers)
        return held.exact_knn(*arguments, *self._worker_device)

    def _propose(self, queries, references, k):
        n_references = len(references.slots)
        n_products = len(queries.mean) * n_references * references.mean.shape[1]
        if n_products < _WORTH_SENDING:
            return super()._propose(queries, references, k)
        is_unchanged = None
        if self._held is not None:
            is_unchanged = self._held.is_unchanged(references)
        if (
            is_unchanged is None
            or np.count_nonzero(is_unchanged) < _LEAST_UNCHANGED * n_references
        ):
            self._held = None  # frees the memory before more is sent
            self._held = ClustersOnWorkers(references, self._workers)
            is_unchanged = self._held.is_unchanged(references)
        slots, bounds = self._held.propose(queries, is_unchanged, k)
        proposed = np.where(slots < 0, -1, np.searchsorted(references.slots, slots))
        # The few clusters that have merged since are searched in this process.
        unchanged = self._held.slots[is_unchanged]
        changed = np.setdiff1d(references.slots, unchanged, assume_unique=True)
        if len(changed):
            here = references._replace(slots=changed)
            found, other_bounds = super()._propose(queries, here, k)
            found = np.searchsorted(references.slots, changed)[found]
            proposed = np.hstack([proposed, found])
            bounds = np.minimum(bounds, other_bounds)
        return proposed, bounds


class ClustersOnWorkers:
    """Clusters as they were when they were sent to the workers."""

    def __init__(self, references, workers):
        self.slots = references.slots
        self._nodes = references.node[references.slots]
        self._frame = Float32Frame.around(references)
        rows = self._frame.references(references, references.slots)
        half = np.einsum("ij,ij->i", rows, rows) / 2
        self._rows = RowsOnWorkers(rows, half, workers)

    def is_unchanged(self, references):
        """Which of the clusters have not merged since they were sent."""
        is_live = np.zeros(len(references.mean), bool)
        is_live[references.slots] = True
        return is_live[self.slots] & (references.node[self.slots] == self._nodes)

    def propose(self, queries, is_unchanged, k):
        """Slots of unchanged clusters, padded with -1, and a bound on the others."""
        rows = self._frame.queries(queries)
        least_scores = np.full(len(rows), -np.inf, np.float32)
        proposed, scores = self._rows.search(
            rows, least_scores, k, is_included=is_unchanged
        )
        sq_lengths = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
        is_full = proposed[:, -1] >= 0
        last = np.where(is_full, scores[:, -1], 0)
        bounds = self._frame.bounds(queries, rows, sq_lengths - 2 * last)
        bounds[~is_full] = np.inf
        return np.where(proposed < 0, -1, self.slots[proposed]), bounds
