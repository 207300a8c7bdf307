"""The exact nearest neighbours of all rows of a set, with half the products.

The product of two blocks of rows serves the rows of both, so every pair of blocks is
multiplied only once. The pairs are scheduled as a round-robin tournament: no block
appears in two pairs of a round, so the pairs of a round run in parallel without locks.
A search that distinguishes queries from references, as in faiss, takes twice as long.
"""

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from modal_clustermargin.clustering import _knn_kernels

# Fastest with 20,000 x 128 numbers on two cores: a block of products stays in the
# cache.
_BLOCK_ROWS = 640


def exact_knn(rows, half, k, least_scores, show, device=None):
    """For each row, find the other rows with the highest scores.

    The score of row j for row i is ``rows[i] @ rows[j] - half[j]``. If `half` holds
    half the squared length of each row, the score falls as the distance grows.

    All numbers are float32, and `rows` have C order. At most `k` neighbours are found
    for each row, with scores above its least score. ``show(percent)`` is called from
    time to time. `device` is a CUDA device for the products, or None.

    Returns ``(proposed, scores)``, two ndarrays of shape (n_rows, k): the rows as
    int32, highest score first and padded with -1, and their scores, padded with the
    least score. No other row has a higher score than the last listed
    row.
    """
    if device is not None:
        from modal_clustermargin.clustering import _torch_knn

        return _torch_knn.exact_knn(rows, half, k, least_scores, show, device)
    proposed, scores = empty_lists(least_scores, k)
    starts = _block_starts(len(rows))
    n_blocks = len(starts) - 1
    with threadpool_limits(1, "blas"):  # the loop runs in parallel, not BLAS
        for n_done, (left, right) in enumerate(tournament_rounds(n_blocks)):
            _multiply_pairs(rows, half, starts, left, right, scores, proposed)
            show(100 * (n_done + 1) // (n_blocks + n_blocks % 2))
    return proposed, scores


def exact_knn_across(left, right, k, least_scores, device=None):
    """For each row of two sets, find the best rows of the other set.

    `left` and `right` are ``(rows, half)``, and `least_scores` a pair. Returns
    ``(proposed, scores)`` of each set, as from `exact_knn`.
    """
    if device is not None:
        from modal_clustermargin.clustering import _torch_knn

        return _torch_knn.exact_knn_across(left, right, k, least_scores, device)
    n_left = len(left[0])
    rows, half = (np.concatenate(both) for both in zip(left, right, strict=True))
    proposed, scores = empty_lists(np.concatenate(least_scores), k)
    left_starts, right_starts = _block_starts(n_left), _block_starts(len(rows) - n_left)
    n_left_blocks, n_right_blocks = len(left_starts) - 1, len(right_starts) - 1
    starts = np.concatenate([left_starts, n_left + right_starts[1:]])
    left_blocks = np.arange(n_left_blocks)
    n_rounds = max(n_left_blocks, n_right_blocks)
    with threadpool_limits(1, "blas"):
        for shift in range(n_rounds):
            right_blocks = (left_blocks + shift) % n_rounds
            exists = right_blocks < n_right_blocks
            pairs = left_blocks[exists], n_left_blocks + right_blocks[exists]
            _multiply_pairs(rows, half, starts, *pairs, scores, proposed)
    proposed[:n_left] -= np.int32(n_left) * (proposed[:n_left] >= 0)
    return [
        (proposed[part], scores[part]) for part in (slice(n_left), slice(n_left, None))
    ]


def empty_lists(least_scores, k):
    """Lists of neighbours without entries: ``(proposed, scores)``."""
    scores = np.repeat(least_scores[:, np.newaxis], k, axis=1)
    return np.full(scores.shape, -1, np.int32), scores


def _multiply_pairs(rows, half, starts, left, right, scores, proposed):
    n_threads = numba.get_num_threads()
    _knn_kernels.multiply_pairs(
        rows, half, starts, left, right, n_threads, scores, proposed
    )


def _block_starts(n_rows):
    # Independent of the number of threads, because the blocks decide which of many
    # equal scores are found.
    n_blocks = max(-(-n_rows // _BLOCK_ROWS), min(16, n_rows // 64), 1)
    return np.linspace(0, n_rows, n_blocks + 1).astype(np.int64)


def tournament_rounds(n_blocks):
    """All pairs of blocks, in rounds that contain no block twice.

    The first round pairs each block with itself. The others follow the circle method:
    one seat stays fixed, and all others move on by one seat each round. With an odd
    number of blocks, one block sits out in each round.
    """
    blocks = np.arange(n_blocks)
    yield blocks, blocks
    n_seats = n_blocks + n_blocks % 2
    seats = np.arange(n_seats)
    for _ in range(n_seats - 1):
        left, right = seats[: n_seats // 2], seats[::-1][: n_seats // 2]
        exists = np.maximum(left, right) < n_blocks
        yield left[exists], right[exists]
        seats[1:] = np.roll(seats[1:], 1)
