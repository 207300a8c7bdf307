"""Most of the nearest neighbours of all rows among themselves, on workers.

The inverted file of `_most_neighbors` in parts: cells that lie together, and with
them the rows that look into these cells from elsewhere. A call searches one part in
itself, as a set of its own. What share of all neighbours that has found is estimated
on the sample as ever, and where it is too little the next round has other cells.
"""

import numpy as np

from modal_clustermargin.clustering import _all_neighbors
from modal_clustermargin.clustering import _most_neighbors as most
from modal_clustermargin.distributed._worker_rows import (
    Better,
    NeighborLists,
    RowsOnWorkers,
    n_blocks,
)
from modal_clustermargin.distributed._workers import Shared


def most_nearest_in_set(rows, half, n_proposed, least_scores, show, recall, workers):
    """`_most_neighbors.most_nearest_in_set`, on workers."""
    n_rows = len(rows)
    n_cells, budget = most.cells_and_budget(n_rows)
    if (most.N_SAMPLED + n_cells) * n_rows > budget:
        return None
    rng = np.random.RandomState(0)
    held = RowsOnWorkers(rows, half, workers)

    def find(some):
        found = held.best(rows[some], least_scores[some], n_proposed, own=some)
        return found[::-1]

    sample = most.Sample(find, n_rows, n_proposed, rng, budget)
    sq_reach, least_scores = most.narrowed(sample, half, least_scores, rows.shape[1])
    lists = NeighborLists(least_scores, n_proposed)
    work = len(sample.rows) * n_rows
    reached, n_rounds, work_before = 0.0, 0, work
    while reached < recall or n_rounds < sample.least_rounds:
        if reached >= recall and 2 * work - work_before > budget:
            break
        n_rounds += 1
        before, work_before = reached, work
        centroids = most.centroids(rows, n_cells, rng)
        cells = held.nearest_centroids(centroids)
        work += n_rows * n_cells
        parts = _parts(cells, centroids, n_blocks(*rows.shape, workers))
        work += _search(parts, rows, half, lists, least_scores, recall, workers)
        reached = sample.share_found(lists.proposed, lists.scores)
        show(int(100 * min(reached / recall, 1)))
        left = most.rounds_left(before, reached, recall) if reached < recall else 0
        if work + left * (work - work_before) > budget:
            return None
    return lists.proposed, lists.scores, reached, work, sq_reach


def _search(parts, rows, half, lists, least_scores, recall, workers):
    """Search each part in itself; what that costs, in products."""
    n_proposed = lists.proposed.shape[1]
    calls = (
        (
            Shared((rows[part], half[part], least_scores[part])),
            lists.least(part),
            n_proposed,
            recall,
        )
        for part in parts
    )
    total = 0.0
    for number, (better, work) in workers.each(search_part, calls):
        better.entries = parts[number][better.entries].astype(np.int32)
        lists.take_in(parts[number], better)
        total += work
    return total


def search_part(part, known_scores, n_proposed, recall):
    """On a worker: most neighbours within a part, if better than those known."""
    rows, half, least_scores = part
    arguments = rows, half, n_proposed, least_scores, lambda percent: None
    found = most.most_nearest_in_set(*arguments, recall, may_narrow=False)
    if found is None:
        work = len(rows) ** 2 / 2
        proposed, scores = _all_neighbors.nearest_in_set(*arguments)
    else:
        proposed, scores, _, work, _ = found
    proposed[scores <= known_scores[:, np.newaxis]] = -1
    return Better(proposed, scores), work


def _parts(cells, centroids, n_parts):
    """The rows of each part: those at home in its cells or compared with these."""
    sizes = np.bincount(cells[:, 0], minlength=len(centroids))
    part_of = _near_together(centroids, sizes, n_parts)
    of_rows = part_of[cells]
    parts = []
    for part in range(n_parts):
        at_home = of_rows[:, 0] == part
        if at_home.any():
            parts.append(np.flatnonzero((of_rows == part).any(axis=1)))
    return parts


def _near_together(centroids, sizes, n_parts):
    """A part for each cell: halved across the widest spread, again and again."""
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
