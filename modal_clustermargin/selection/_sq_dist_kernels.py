"""The compiled loops of `_min_sq_dists`, over plain arrays.

All loops are in one file, because numba's on-disk cache does not notice changes of a
function that is called from another file.

A row is a row of `A`; or, if `B` has columns, the outer product of a row of `A` and a
row of `B`, which is never formed. `upper` holds -1 for rows that are centers.
"""

import numba
import numpy as np

_fast = {"reassoc", "contract"}


@numba.njit(cache=True, nogil=True, fastmath=_fast)
def _dot(a, b):
    total = 0.0
    for c in range(a.shape[0]):
        total += np.float64(a[c]) * np.float64(b[c])
    return total


@numba.njit(cache=True, nogil=True, fastmath=_fast)
def _sq_dist(a, b, center_a, center_b):
    diff_a, a_diff_a, a_a = 0.0, 0.0, 0.0
    if b.shape[0] == 0:
        for k in range(a.shape[0]):
            diff = np.float64(a[k]) - np.float64(center_a[k])
            diff_a += diff * diff
        return diff_a
    for k in range(a.shape[0]):
        own = np.float64(a[k])
        diff = own - np.float64(center_a[k])
        diff_a += diff * diff
        a_diff_a += own * diff
        a_a += own * own
    diff_b, d_diff_b, d_d = 0.0, 0.0, 0.0
    for k in range(b.shape[0]):
        other = np.float64(center_b[k])
        diff = np.float64(b[k]) - other
        diff_b += diff * diff
        d_diff_b += other * diff
        d_d += other * other
    # a b' - c d' = a (b - d)' + (a - c) d' does not subtract large lengths.
    return max(a_a * diff_b + d_d * diff_a + 2 * a_diff_a * d_diff_b, 0.0)


@numba.njit(cache=True, nogil=True)
def sq_lengths(A, B):
    """Squared length of each row: ndarray of shape (n_rows,)."""
    lengths = np.empty(A.shape[0])
    for i in range(A.shape[0]):
        lengths[i] = _dot(A[i], A[i])
        if B.shape[1]:
            lengths[i] *= _dot(B[i], B[i])
    return lengths


@numba.njit(cache=True, nogil=True)
def lower_row(i, upper, n_seen, rows, centers, n_centers):  # upper, n_seen: IN and OUT
    """Lower the bound of a row by its distances to the centers that it has not seen."""
    A, B = rows
    center_A, center_B = centers
    for c in range(n_seen[i], n_centers):
        d = _sq_dist(A[i], B[i], center_A[c], center_B[c])
        if d < upper[i]:
            upper[i] = d
    n_seen[i] = n_centers
    return upper[i]


@numba.njit(cache=True, nogil=True)
def make_heap(heap, upper):  # heap: IN and OUT
    """Order rows as a heap with the farthest row on top; ties go to the first row."""
    for place in range(heap.shape[0] // 2 - 1, -1, -1):
        sift_down(heap, upper, place)


@numba.njit(cache=True, nogil=True)
def sift_down(heap, upper, place):  # heap: IN and OUT
    """Restore the heap after the distance of one row has decreased."""
    row = heap[place]
    while True:
        below = 2 * place + 1
        if below >= heap.shape[0]:
            break
        if below + 1 < heap.shape[0] and _is_before(
            heap[below + 1], heap[below], upper
        ):
            below += 1
        if not _is_before(heap[below], row, upper):
            break
        heap[place] = heap[below]
        place = below
    heap[place] = row


@numba.njit(cache=True, nogil=True)
def _is_before(i, j, upper):
    return upper[i] > upper[j] or (upper[i] == upper[j] and i < j)


@numba.njit(cache=True, nogil=True)
def lower_top(heap, most, upper, n_seen, rows, centers, n_centers):
    """Compute the distance of the top row of the heap until an exact row stays on top.

    heap, upper, n_seen: IN and OUT. Returns the row, or -1 if more than `most`
    distances are needed, and the number of distances computed.
    """
    n_measured = 0
    while n_measured <= most:
        row = heap[0]
        if n_seen[row] == n_centers or upper[row] < 0:
            return row, n_measured
        n_measured += n_centers - n_seen[row]
        before = upper[row]
        if lower_row(row, upper, n_seen, rows, centers, n_centers) < before:
            sift_down(heap, upper, 0)
    return -1, n_measured


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def lower_tile(upper, first, products, approx, error, floor, unit, rows, centers):
    """Compute the distances of each row of a tile to the centers that may be nearest.

    `upper` is IN and OUT, and `first` is the first row of the tile. `products`, of
    shape (n_tile, n_centers), are those of the rows of the tile and the centers, and
    `approx` the squared lengths of all rows and of the centers, all in float32.
    `error`, `floor` and `unit` are those of `Products`; `rows` and `centers` are pairs
    ``(A, B)``.
    """
    lengths, center_lengths = approx
    A, B = rows
    center_A, center_B = centers
    n_centers = products.shape[1]
    least = np.empty(n_centers, np.float32)
    shrunk = np.empty(n_centers, np.float32)
    for c in range(n_centers):
        shrunk[c] = center_lengths[c] * np.float32(1 - error)
    for t in range(products.shape[0]):
        i = first + t
        if upper[i] <= 0:
            continue
        # The sum of `own` and `least[c]` is a lower bound on the squared distance.
        own = lengths[i] * (1 - error) - floor
        smallest = np.float32(np.inf)
        for c in range(n_centers):
            least[c] = shrunk[c] - 2 * products[t, c]
            smallest = min(smallest, least[c])
        if own + smallest >= upper[i] * unit:
            continue
        # The center that seems nearest comes first, so that few other distances are
        # needed.
        nearest = least.argmin()
        best = upper[i]
        for k in range(-1, n_centers):
            c = nearest if k < 0 else k
            if own + least[c] >= best * unit or k == nearest:
                continue
            d = _sq_dist(A[i], B[i], center_A[c], center_B[c])
            best = min(best, d)
        upper[i] = best
