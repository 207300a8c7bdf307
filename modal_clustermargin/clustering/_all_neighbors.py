"""The nearest neighbours of all rows among themselves, by half the products.

A product of two blocks of rows serves the rows of both, so every pair of blocks
is multiplied once. The pairs are played as a tournament: no block is in two
pairs of a round, so the pairs of a round run side by side and need no lock.
Against a search that knows only queries and base (faiss), this halves the time
of a search of a set in itself.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from modal_clustermargin.clustering import _list_kernels

# Measured best at 20,000 x 128 on two cores: a block of products stays in cache.
_BLOCK_ROWS = 640


def nearest_in_set(rows, half, n_proposed, least_scores, show):
    """For every row, the other rows with the highest scores.

    The score of j for i is ``rows[i] @ rows[j] - half[j]``. With half the
    squared length in `half`, it falls as the distance grows.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features), float32, C order

    half : ndarray of shape (n_rows,), float32

    n_proposed : int
        Most rows to find for each.

    least_scores : ndarray of shape (n_rows,), float32
        For each row, the score that another must exceed to be found.

    show : callable
        ``show(percent)`` is called now and then with what is done.

    Returns
    -------
    proposed : ndarray of shape (n_rows, n_proposed), dtype=int32
        Highest score first; -1 where no more exceed the least score.

    scores : ndarray of shape (n_rows, n_proposed), float32
        Their scores; the least score where there is none. No other row has a
        higher score than the last.
    """
    n_rows = len(rows)
    proposed = np.full((n_rows, n_proposed), -1, np.int32)
    scores = np.repeat(least_scores[:, np.newaxis], n_proposed, axis=1)
    # Blocks for threads to share, but not by their number: which of many equal
    # scores are found depends on the blocks.
    n_blocks = max(-(-n_rows // _BLOCK_ROWS), min(16, n_rows // 64), 1)
    starts = np.linspace(0, n_rows, n_blocks + 1).astype(np.int64)
    # The threads are ours: each multiplies by itself.
    with threadpool_limits(1, "blas"):
        for n_played, (left, right) in enumerate(_rounds(n_blocks)):
            _list_kernels.play(rows, half, starts, left, right, scores, proposed)
            show(100 * (n_played + 1) // (n_blocks + n_blocks % 2))
    return proposed, scores


def _rounds(n_blocks):
    """Pairs of blocks, in rounds that have no block twice.

    First each block with itself, then the circle method: one seat is fixed and
    all others move on by one each round. An odd block sits out.
    """
    blocks = np.arange(n_blocks)
    yield blocks, blocks
    n_seats = n_blocks + n_blocks % 2
    seats = np.arange(n_seats)
    for _ in range(n_seats - 1):
        left, right = seats[: n_seats // 2], seats[::-1][: n_seats // 2]
        plays = np.maximum(left, right) < n_blocks
        yield left[plays], right[plays]
        seats[1:] = np.roll(seats[1:], 1)
