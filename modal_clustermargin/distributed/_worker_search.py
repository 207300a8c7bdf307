"""A neighbour search on workers."""

from modal_clustermargin.clustering.neighbors import NeighborSearch
from modal_clustermargin.distributed._on_worker import device_of_worker
from modal_clustermargin.distributed._worker_rows import exact_knn


class WorkerSearch(NeighborSearch):
    """`NeighborSearch` whose exact searches of all clusters run on workers.

    It finds the same neighbours, except for ties. An approximate search needs few
    products, and runs in this process. `device` is the parameter of the user; with
    `find_device`, workers use a CUDA device unasked. Raises ValueError if a worker does
    not have the device.
    """

    def __init__(self, workers, recall, device, find_device, verbose):
        super().__init__(recall, verbose=verbose)
        if device is not None:
            workers.client.run(device_of_worker, device, False)
        self._workers = workers
        self._worker_device = device, find_device

    def _exact_knn(self, *arguments):
        return exact_knn(*arguments, *self._worker_device, self._workers)
