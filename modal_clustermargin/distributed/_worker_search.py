"""A neighbour search in blocks of rows that workers hold.

A call searches one block, or compares two blocks, and returns the neighbours that
improve the lists. The client keeps the rows and the lists, so the loss of a worker
loses no results.
"""

import math

import numpy as np

from modal_clustermargin._threads import one_at_a_time
from modal_clustermargin.clustering import neighbors
from modal_clustermargin.distributed._on_worker import compare_blocks, device_of_worker
from modal_clustermargin.distributed._workers import Broadcast

# Every pair of blocks is a call. With 20 calls per worker, all workers are busy until
# the end; more calls would move more data. A block of fewer than 4,096 rows is not
# worth a call.
_CALLS_PER_WORKER = 20
_FEWEST_BLOCK_ROWS = 4096

# Share of a worker's memory for a block. A worker holds its share of all rows, the two
# blocks of a call and a copy of them, and the two blocks of the next call.
_BLOCK_SHARE = 1 / 16


class WorkerSearch(neighbors.NeighborSearch):
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

    def _exact_knn(self, rows, half, k, least_scores, show):
        starts = np.linspace(0, len(rows), n_blocks(*rows.shape, self._workers) + 1)
        starts = starts.astype(np.int64).tolist()
        slices = list(map(slice, starts[:-1], starts[1:]))
        blocks = [Broadcast((rows[block], half[block])) for block in slices]
        pairs = [
            (left,) if left == right else (left, right)
            for seats in neighbors.tournament_rounds(len(blocks))
            for left, right in zip(*map(np.ndarray.tolist, seats), strict=True)
        ]
        proposed, scores = neighbors.empty_lists(least_scores, k)
        calls = (
            (
                [scores[slices[block], -1].copy() for block in pair],
                k,
                *self._worker_device,
                *(blocks[block] for block in pair),
            )
            for pair in pairs
        )
        n_done = 0
        for number, results in self._workers.map_unordered(compare_blocks, calls):
            pair = pairs[number]
            for queries, references, found in zip(
                pair, pair[::-1], results, strict=True
            ):
                block = slices[queries]
                with one_at_a_time:
                    neighbors.merge_entries(
                        *found, starts[references], scores[block], proposed[block]
                    )
            n_done += len(pair)
            show(100 * n_done // len(blocks) ** 2)
        return proposed, scores


def n_blocks(n_rows, n_features, workers):
    """The number of blocks into which to cut rows."""
    most_bytes = _BLOCK_SHARE * workers.memory
    for_memory = math.ceil(4 * n_rows * n_features / most_bytes)
    for_calls = math.ceil(math.sqrt(2 * _CALLS_PER_WORKER * workers.n_workers))
    return max(min(for_calls, n_rows // _FEWEST_BLOCK_ROWS), for_memory, 1)
