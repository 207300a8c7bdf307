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

# Measured best at 20,000 x 128 on two cores: a block of products stays in cache.
_BLOCK_ROWS = 640


def nearest_in_set(rows, half, n_proposed, least_scores):
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
        for left, right in _rounds(n_blocks):
            _play(rows, half, starts, left, right, scores, proposed)
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


@numba.njit(cache=True, parallel=True)
def _play(rows, half, starts, left, right, scores, proposed):
    for pair in numba.prange(left.shape[0]):
        _play_pair(rows, half, starts, left[pair], right[pair], scores, proposed)


@numba.njit(cache=True)
def _play_pair(rows, half, starts, left, right, scores, proposed):
    i, i_end = starts[left], starts[left + 1]
    j, j_end = starts[right], starts[right + 1]
    products = np.empty((i_end - i, j_end - j), np.float32)
    np.dot(rows[i:i_end], rows[j:j_end].T, products)
    _serve_left(products, half, i, j, scores, proposed)
    if left != right:
        _serve_right(products, half, i, j, scores, proposed)


# Whether any of a few products matters is asked of all at once, in vector
# instructions; only then is each looked at.
_AT_ONCE = 32
_VECTORIZED = {"nnan", "nsz", "reassoc", "contract"}


@numba.njit(cache=True)
def _serve_left(products, half, i, j, scores, proposed):  # scores, proposed: OUT
    n_left, n_right = products.shape
    for r in range(n_left):
        row_scores, row_proposed = scores[i + r], proposed[i + r]
        for c in range(0, n_right, _AT_ONCE):
            c_end = min(c + _AT_ONCE, n_right)
            halves = half[j + c : j + c_end]
            if _best_of_row(products[r, c:c_end], halves) <= row_scores[-1]:
                continue
            for e in range(c_end - c):
                score = products[r, c + e] - halves[e]
                if score > row_scores[-1] and j + c + e != i + r:
                    _insert(row_scores, row_proposed, j + c + e, score)


@numba.njit(cache=True)
def _serve_right(products, half, i, j, scores, proposed):  # scores, proposed: OUT
    n_left, n_right = products.shape
    last = scores[j : j + n_right, -1].copy()
    for r in range(n_left):
        for c in range(0, n_right, _AT_ONCE):
            c_end = min(c + _AT_ONCE, n_right)
            lasts = last[c:c_end]
            if _best_gain(products[r, c:c_end], half[i + r], lasts) <= 0:
                continue
            for e in range(c_end - c):
                score = products[r, c + e] - half[i + r]
                if score > lasts[e]:
                    target = j + c + e
                    _insert(scores[target], proposed[target], i + r, score)
                    lasts[e] = scores[target, -1]


@numba.njit(cache=True, fastmath=_VECTORIZED)
def _best_of_row(products, halves):
    best = products[0] - halves[0]
    for e in range(products.shape[0]):
        best = max(best, products[e] - halves[e])
    return best


@numba.njit(cache=True, fastmath=_VECTORIZED)
def _best_gain(products, half, lasts):
    best = (products[0] - half) - lasts[0]
    for e in range(products.shape[0]):
        best = max(best, (products[e] - half) - lasts[e])
    return best


@numba.njit(cache=True)
def _insert(scores, proposed, row, score):
    """Insert into a full list, descending; the last falls off."""
    position = scores.shape[0] - 1
    while position > 0 and scores[position - 1] < score:
        scores[position] = scores[position - 1]
        proposed[position] = proposed[position - 1]
        position -= 1
    scores[position] = score
    proposed[position] = row
