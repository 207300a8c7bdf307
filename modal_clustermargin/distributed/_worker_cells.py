"""Most of the nearest neighbours of all rows of a set, on workers.

The inverted file of `neighbors.approximate_knn` is cut into parts. A part has
neighbouring cells, their members, and the rows of other cells that are compared with
these cells. Each call searches one part. If the recall on the sample is then too low,
the next round uses other cells.
"""

import numpy as np

from modal_clustermargin.clustering import neighbors
from modal_clustermargin.distributed._on_worker import search_part
from modal_clustermargin.distributed._worker_rows import (
    NeighborLists,
    RowsOnWorkers,
    n_blocks,
)
from modal_clustermargin.distributed._workers import Broadcast


def approximate_knn(
    rows, half, k, least_scores, show, recall, workers, may_limit_reach=True
):
    """`neighbors.approximate_knn` on workers."""
    n_rows = len(rows)
    n_cells, budget = neighbors.cells_and_budget(n_rows)
    if not neighbors.is_worth_trying(n_rows):
        return None
    rng = np.random.RandomState(0)
    held = RowsOnWorkers(rows, half, workers)

    def find(some):
        return held.search(rows[some], least_scores[some], k, some)[::-1]

    sample = neighbors.RecallSample(find, n_rows, k, rng, budget)
    sq_reach = np.inf
    if may_limit_reach:
        sq_reach, least_scores = sample.limit_reach(half, least_scores, rows.shape[1])
    lists = NeighborLists(least_scores, k)
    work = len(sample.rows) * n_rows
    reached, n_rounds, work_before = 0.0, 0, work
    while reached < recall or n_rounds < sample.least_rounds:
        if reached >= recall and 2 * work - work_before > budget:
            break
        n_rounds += 1
        before, work_before = reached, work
        centroids = neighbors.draw_centroids(rows, n_cells, rng)
        cells = held.nearest_centroids(centroids)
        work += n_rows * n_cells
        parts = _parts(cells, centroids, n_blocks(*rows.shape, workers))
        work += _search(parts, rows, half, lists, least_scores, recall, workers)
        reached = sample.recall(lists.proposed, lists.scores)
        show(int(100 * min(reached / recall, 1)))
        left = 0
        if reached < recall:
            left = neighbors.n_rounds_left(before, reached, recall)
        if work + left * (work - work_before) > budget:
            return None
    return lists.proposed, lists.scores, reached, work, sq_reach


def _search(parts, rows, half, lists, least_scores, recall, workers):
    """Search each part in one call, and return the total cost in products."""
    k = lists.proposed.shape[1]
    calls = (
        (
            Broadcast((rows[part], half[part], least_scores[part])),
            lists.least(part),
            k,
            recall,
        )
        for part in parts
    )
    total = 0.0
    for number, (found, work) in workers.map_unordered(search_part, calls):
        found.entries = parts[number][found.entries].astype(np.int32)
        lists.merge(parts[number], found)
        total += work
    return total


def _parts(cells, centroids, n_parts):
    """The rows of each part: members of its cells, or rows compared with them."""
    sizes = np.bincount(cells[:, 0], minlength=len(centroids))
    part_of_rows = _group_cells(centroids, sizes, n_parts)[cells]
    parts = []
    for part in range(n_parts):
        if (part_of_rows[:, 0] == part).any():
            parts.append(np.flatnonzero((part_of_rows == part).any(axis=1)))
    return parts


def _group_cells(centroids, sizes, n_parts):
    """A part for each cell, by halving along the directions of largest variance."""
    part_of = np.zeros(len(centroids), np.intp)
    waiting = [(np.arange(len(centroids)), 0, n_parts)]
    while waiting:
        cells, first, n = waiting.pop()
        if n == 1 or len(cells) == 1:
            part_of[cells] = first
            continue
        n_left = n // 2
        spread = centroids[cells] - centroids[cells].mean(axis=0)
        direction = np.linalg.svd(spread, full_matrices=False)[2][0]
        cells = cells[np.argsort(spread @ direction, kind="stable")]
        n_rows = np.cumsum(sizes[cells])
        at = np.searchsorted(n_rows, n_rows[-1] * n_left / n)
        at = np.clip(at, 1, len(cells) - 1)
        waiting.append((cells[:at], first, n_left))
        waiting.append((cells[at:], first + n_left, n - n_left))
    return part_of
