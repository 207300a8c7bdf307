"""The client's side of a search in blocks of rows that workers hold.

A call searches one block, or compares two blocks, and returns the neighbours that
improve the lists. The client keeps the rows and the lists, so the loss of a worker
loses no results.
"""

import math

import numpy as np

from modal_clustermargin._threads import one_at_a_time
from modal_clustermargin.clustering import neighbors
from modal_clustermargin.distributed._on_worker import compare_blocks
from modal_clustermargin.distributed._workers import Broadcast

# Every pair of blocks is a call. With 20 calls per worker, all workers are busy until
# the end; more calls would move more data. A block of fewer than 4,096 rows is not
# worth a call.
_CALLS_PER_WORKER = 20
_FEWEST_BLOCK_ROWS = 4096

# Share of a worker's memory for a block. A worker holds its share of all rows, the two
# blocks of a call and a copy of them, and the two blocks of the next call.
_BLOCK_SHARE = 1 / 16


def n_blocks(n_rows, n_features, workers):
    """The number of blocks into which to cut rows."""
    most_bytes = _BLOCK_SHARE * workers.memory
    for_memory = math.ceil(4 * n_rows * n_features / most_bytes)
    for_calls = math.ceil(math.sqrt(2 * _CALLS_PER_WORKER * workers.n_workers))
    return max(min(for_calls, n_rows // _FEWEST_BLOCK_ROWS), for_memory, 1)


def exact_knn(rows, half, k, least_scores, show, device, find_device, workers):
    """`neighbors.exact_knn` on workers; devices as in `device_of_worker`."""
    starts = np.linspace(0, len(rows), n_blocks(*rows.shape, workers) + 1)
    starts = starts.astype(np.int64).tolist()
    slices = list(map(slice, starts[:-1], starts[1:]))
    blocks = [Broadcast((rows[block], half[block])) for block in slices]
    pairs = [
        (left,) if left == right else (left, right)
        for seats in neighbors.tournament_rounds(len(blocks))
        for left, right in zip(*map(np.ndarray.tolist, seats), strict=True)
    ]
    lists = NeighborLists(least_scores, k)
    calls = (
        (
            [lists.least(slices[block]) for block in pair],
            k,
            device,
            find_device,
            *(blocks[block] for block in pair),
        )
        for pair in pairs
    )
    n_done = 0
    for number, results in workers.map_unordered(compare_blocks, calls):
        pair = pairs[number]
        for queries, references, found in zip(pair, pair[::-1], results, strict=True):
            rows_found = np.arange(starts[queries], starts[queries + 1])
            lists.merge(rows_found, found, starts[references])
        n_done += len(pair)
        show(100 * n_done // len(blocks) ** 2)
    return lists.proposed, lists.scores


class NeighborLists:
    """The best neighbours of each row so far, as from `neighbors.exact_knn`."""

    def __init__(self, least_scores, k):
        self.proposed, self.scores = neighbors.empty_lists(least_scores, k)

    def least(self, rows):
        """The scores that new neighbours must exceed."""
        return self.scores[rows, -1].copy()

    def merge(self, rows, found, start):
        """Merge neighbours found for rows; neighbour 0 is row number `start`."""
        with one_at_a_time:
            neighbors.merge_entries(
                rows,
                found.starts,
                found.entries + np.int32(start),
                found.scores,
                self.scores,
                self.proposed,
            )
