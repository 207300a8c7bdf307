"""Rows that lie on workers in blocks, and are searched there.

A call looks at one block, or compares two, and returns what is better than the lists
that are kept here; these are what it is merged into. So a worker that dies takes
nothing with it that is not here, too.
"""

import math

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from modal_clustermargin._threads import one_at_a_time
from modal_clustermargin.clustering import _all_neighbors, _list_kernels
from modal_clustermargin.distributed._workers import Shared

# Every two blocks are a call. So many of them for each worker keep all at work until
# the end; more would move more. Fewer rows are not worth a call.
_CALLS_FOR_EACH = 20
_LEAST_BLOCK_ROWS = 4096

# What a block may take of a worker's memory, which holds its share of all rows, the
# two that are compared and a copy of these, and the two that come next.
_BLOCK_SHARE = 1 / 16


def n_blocks(n_rows, n_features, workers):
    """Into how many blocks to cut rows."""
    most_bytes = _BLOCK_SHARE * workers.memory
    of_memory = math.ceil(4 * n_rows * n_features / most_bytes)
    of_calls = math.ceil(math.sqrt(2 * _CALLS_FOR_EACH * workers.n_workers))
    return max(min(of_calls, n_rows // _LEAST_BLOCK_ROWS), of_memory, 1)


class RowsOnWorkers:
    """Rows with half their squared lengths, held by workers.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features), float32, C order

    half : ndarray of shape (n_rows,), float32

    workers : Workers
    """

    def __init__(self, rows, half, workers):
        self._workers = workers
        n_parts = n_blocks(*rows.shape, workers)
        self._starts = np.linspace(0, len(rows), n_parts + 1).astype(np.int64).tolist()
        self._blocks = [Shared((rows[part], half[part])) for part in self._parts()]

    def _parts(self):
        return list(map(slice, self._starts[:-1], self._starts[1:]))

    def nearest_in_set(self, n_proposed, least_scores, show, device, find_device):
        """`_all_neighbors.nearest_in_set`.

        `device` is what the user asked for; with `find_device`, a worker that has a
        CUDA device uses it unasked.
        """
        parts = self._parts()
        pairs = [
            (left,) if left == right else (left, right)
            for seats in _all_neighbors.rounds(len(parts))
            for left, right in zip(*map(np.ndarray.tolist, seats), strict=True)
        ]
        lists = NeighborLists(least_scores, n_proposed)
        calls = (
            (
                [lists.least(parts[block]) for block in pair],
                n_proposed,
                device,
                find_device,
                *(self._blocks[block] for block in pair),
            )
            for pair in pairs
        )
        n_done = 0
        for number, found in self._workers.each(compare_blocks, calls):
            pair = pairs[number]
            for asking, base, better in zip(pair, pair[::-1], found, strict=True):
                rows = np.arange(parts[asking].start, parts[asking].stop)
                lists.take_in(rows, better.moved(parts[base].start))
            n_done += len(pair)
            show(100 * n_done // len(parts) ** 2)
        return lists.proposed, lists.scores

    def best(self, asking, least_scores, n_proposed, own=None, is_there=None):
        """The best rows for a few others.

        Parameters
        ----------
        asking : ndarray of shape (n_asking, n_features), float32

        least_scores : ndarray of shape (n_asking,), float32

        n_proposed : int

        own : ndarray of shape (n_asking,), default=None
            Positions of rows that are not to find themselves.

        is_there : ndarray of shape (n_rows,), dtype=bool, default=None
            Which rows may be found. None: all.

        Returns
        -------
        proposed, scores : ndarray of shape (n_asking, n_proposed)
            As `_all_neighbors.nearest_in_set` returns them.
        """
        lists = NeighborLists(least_scores, n_proposed)
        shared = Shared((asking, least_scores))
        own = np.full(len(asking), -1) if own is None else own
        calls = (
            (
                shared,
                n_proposed,
                own - part.start,
                None if is_there is None else np.packbits(is_there[part]),
                block,
            )
            for block, part in zip(self._blocks, self._parts(), strict=True)
        )
        everyone = np.arange(len(asking))
        for number, better in self._workers.each(find_in_block, calls):
            lists.take_in(everyone, better.moved(self._starts[number]))
        return lists.proposed, lists.scores

    def nearest_centroids(self, centroids):
        """`_most_neighbors.nearest_centroids` of all rows."""
        shared = Shared(centroids)
        calls = ((shared, block) for block in self._blocks)
        parts = dict(self._workers.each(nearest_centroids_of, calls))
        return np.concatenate([parts[number] for number in sorted(parts)])


class Better:
    """Lists without their empty entries.

    Row i has the entries from ``starts[i]`` to ``starts[i + 1]``.
    """

    def __init__(self, proposed, scores):
        found = proposed >= 0
        n_found = np.count_nonzero(found, axis=1)
        self.starts = np.append(0, np.cumsum(n_found)).astype(np.int32)
        self.entries = proposed[found]
        self.scores = scores[found]

    def moved(self, start):
        """The same, where row 0 of those found is row `start` of all."""
        self.entries = self.entries + np.int32(start)
        return self


class NeighborLists:
    """For each row the best others so far.

    Parameters
    ----------
    least_scores : ndarray of shape (n_rows,), float32

    n_listed : int

    Attributes
    ----------
    proposed, scores : ndarray of shape (n_rows, n_listed), int32 and float32
        As `_all_neighbors.nearest_in_set` returns them.
    """

    def __init__(self, least_scores, n_listed):
        self.scores = np.repeat(least_scores[:, np.newaxis], n_listed, axis=1)
        self.proposed = np.full(self.scores.shape, -1, np.int32)

    def least(self, rows):
        """The scores that others must exceed by now."""
        return self.scores[rows, -1].copy()

    def take_in(self, rows, better):
        """Merge entries for some rows, by number; ndarray of dtype=int64."""
        with one_at_a_time:
            _list_kernels.take_in(
                rows,
                better.starts,
                better.entries,
                better.scores,
                self.scores,
                self.proposed,
            )


def compare_blocks(least_scores, n_proposed, device, find_device, *blocks):
    """On a worker: for the rows of one or two blocks, what is better than the least."""
    device = device_of_worker(device, find_device)
    if device is None:
        neighbors, where = _all_neighbors, ()
    else:
        from modal_clustermargin.clustering import _torch_neighbors

        neighbors, where = _torch_neighbors, (device,)
    if len(blocks) == 1:
        arguments = *blocks[0], n_proposed, *least_scores, lambda percent: None
        found = [neighbors.nearest_in_set(*arguments, *where)]
    else:
        found = neighbors.nearest_across(*blocks, n_proposed, least_scores, *where)
    return [Better(*lists) for lists in found]


def find_in_block(asking, n_proposed, own, is_there, block):
    """On a worker: the best rows of a block for some rows."""
    asking, least_scores = asking
    rows, half = block
    if is_there is not None:
        is_there = np.unpackbits(is_there, count=len(rows)).astype(bool)
        half = np.where(is_there, half, np.float32(np.inf))
    lists = NeighborLists(least_scores, n_proposed)
    with threadpool_limits(1, "blas"):  # the threads are ours
        _list_kernels.find_in_base(
            asking, rows, half, own, lists.scores, lists.proposed
        )
    return Better(lists.proposed, lists.scores)


def nearest_centroids_of(centroids, block):
    """On a worker: the cells of the rows of a block."""
    from modal_clustermargin.clustering import _most_neighbors

    # faiss takes no notice of the threads of loops.
    with threadpool_limits(numba.get_num_threads(), "openmp"):
        return _most_neighbors.nearest_centroids(block[0], centroids)


def device_of_worker(device, find_device):
    """The CUDA device of this worker, if it is to be used; None is the processor."""
    if device is None and not find_device:
        return None
    from modal_clustermargin._devices import cuda_device

    return cuda_device(device, "AverageLinkage")
