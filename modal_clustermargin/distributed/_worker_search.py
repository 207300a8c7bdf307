"""A neighbour search on workers."""

from modal_clustermargin.clustering.neighbors import NeighborSearch
from modal_clustermargin.distributed import _worker_cells
from modal_clustermargin.distributed._on_worker import device_of_worker
from modal_clustermargin.distributed._worker_rows import RowsOnWorkers


class WorkerSearch(NeighborSearch):
    """`NeighborSearch` whose searches of all clusters run on workers.

    It finds the same neighbours, except for ties and for neighbours that an approximate
    search misses. `device` is the parameter of the user; with `find_device`, workers
    use a CUDA device unasked. Raises ValueError if a worker does not have the device.
    """

    def __init__(self, workers, recall, device, find_device, verbose):
        super().__init__(recall, verbose=verbose)
        if device is not None:
            workers.client.run(device_of_worker, device, False)
        self._workers = workers
        self._worker_device = device, find_device

    def _approximate_knn(self, *arguments):
        return _worker_cells.approximate_knn(
            *arguments, self.recall, self._workers, self.may_limit_reach
        )

    def _exact_knn(self, rows, half, *arguments):
        held = RowsOnWorkers(rows, half, self._workers)
        return held.exact_knn(*arguments, *self._worker_device)
