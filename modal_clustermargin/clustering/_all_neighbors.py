"""The nearest neighbours of all rows among themselves, by half the products.

A product of two blocks of rows serves the rows of both, so every pair of blocks
is multiplied once. The pairs are played as a tournament: no block is in two
pairs of a round, so the pairs of a round run side by side and need no lock.
Against a search that knows only queries and base (faiss), this halves the time
of a search of a set in itself.
"""

import numba
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
    starts = _block_starts(n_rows)
    n_blocks = len(starts) - 1
    # The threads are ours: each multiplies by itself.
    with threadpool_limits(1, "blas"):
        for n_played, (left, right) in enumerate(rounds(n_blocks)):
            _play(rows, half, starts, left, right, scores, proposed)
            show(100 * (n_played + 1) // (n_blocks + n_blocks % 2))
    return proposed, scores


def nearest_across(left, right, n_proposed, least_scores):
    """For every row of two sets, the rows of the other set with the highest scores.

    Parameters
    ----------
    left, right : tuple
        ``(rows, half)`` of each set, as `nearest_in_set` takes them.

    n_proposed : int

    least_scores : tuple
        Of the rows of each set.

    Returns
    -------
    of_left, of_right : tuple
        ``(proposed, scores)`` of each set, as `nearest_in_set` returns them.
    """
    n_left = len(left[0])
    rows, half = (np.concatenate(both) for both in zip(left, right, strict=True))
    scores = np.repeat(np.concatenate(least_scores)[:, np.newaxis], n_proposed, axis=1)
    proposed = np.full(scores.shape, -1, np.int32)
    starts, right_starts = _block_starts(n_left), _block_starts(len(rows) - n_left)
    n_here, n_there = len(starts) - 1, len(right_starts) - 1
    starts = np.concatenate([starts, n_left + right_starts[1:]])
    here = np.arange(n_here)
    n_rounds = max(n_here, n_there)
    with threadpool_limits(1, "blas"):
        for shift in range(n_rounds):
            there = (here + shift) % n_rounds
            plays = there < n_there
            pairs = here[plays], n_here + there[plays]
            _play(rows, half, starts, *pairs, scores, proposed)
    proposed[:n_left] -= np.int32(n_left) * (proposed[:n_left] >= 0)
    return [
        (proposed[part], scores[part]) for part in (slice(n_left), slice(n_left, None))
    ]


def _play(rows, half, starts, left, right, scores, proposed):
    n_threads = numba.get_num_threads()
    _list_kernels.play(rows, half, starts, left, right, n_threads, scores, proposed)


def _block_starts(n_rows):
    # Blocks for threads to share, but not by their number: which of many equal
    # scores are found depends on the blocks.
    n_blocks = max(-(-n_rows // _BLOCK_ROWS), min(16, n_rows // 64), 1)
    return np.linspace(0, n_rows, n_blocks + 1).astype(np.int64)


def rounds(n_blocks):
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
