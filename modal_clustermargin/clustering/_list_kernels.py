"""Every compiled loop of the searches of rows in themselves, over plain arrays.

Scores are float32, and only propose (`_neighbors`). A row of `scores` and of
`proposed` is a list of the best, highest first, always full: the score of an
empty entry, whose row is -1, is that which a row must exceed to be taken in.
One file, for the reason `_kernels` gives.
"""

import numba
import numpy as np

# An entry of a list is the number of a row. Bit 30 is set in those that came in
# since the lists were last compared.
_FRESH = np.int32(1 << 30)
_ROW = np.int32(_FRESH - 1)

_BLOCK_ROWS = 256


@numba.njit(cache=True, parallel=True)
def play(rows, half, starts, left, right, n_threads, scores, proposed):
    for thread in numba.prange(n_threads):
        # One for all pairs: where memory that is freed goes back to the system at
        # once, as on Dask's workers, another for each would take as long as products.
        products = np.empty(np.max(np.diff(starts)) ** 2, np.float32)
        for pair in range(thread, left.shape[0], n_threads):
            _play_pair(
                rows, half, starts, left[pair], right[pair], products, scores, proposed
            )


@numba.njit(cache=True)
def _play_pair(rows, half, starts, left, right, products, scores, proposed):
    i, i_end = starts[left], starts[left + 1]
    j, j_end = starts[right], starts[right + 1]
    n_left, n_right = i_end - i, j_end - j
    products = products[: n_left * n_right].reshape(n_left, n_right)
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
    halves = half[j : j + products.shape[1]]
    for r in range(products.shape[0]):
        _serve_row(products[r], halves, j, i + r, scores[i + r], proposed[i + r])


@numba.njit(cache=True)
def _serve_row(products, halves, first, own, row_scores, row_proposed):  # both OUT
    """Offer a row the rows from `first` on; not the one that is its `own`."""
    for c in range(0, products.shape[0], _AT_ONCE):
        c_end = min(c + _AT_ONCE, products.shape[0])
        if _best_of_row(products[c:c_end], halves[c:c_end]) <= row_scores[-1]:
            continue
        for e in range(c, c_end):
            score = products[e] - halves[e]
            if score > row_scores[-1] and first + e != own:
                _insert(row_scores, row_proposed, first + e, score)


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


@numba.njit(cache=True, parallel=True)
def take_in(rows, starts, entries, new_scores, scores, proposed):
    """Offer row ``rows[r]`` the entries ``entries[starts[r] : starts[r + 1]]``.

    Not those that it lists already. `rows` are distinct.
    """
    for block in numba.prange(-(-rows.shape[0] // _BLOCK_ROWS)):
        for r in range(
            block * _BLOCK_ROWS, min(rows.shape[0], (block + 1) * _BLOCK_ROWS)
        ):
            row_scores, row_proposed = scores[rows[r]], proposed[rows[r]]
            for e in range(starts[r], starts[r + 1]):
                if new_scores[e] > row_scores[-1]:
                    _offer(row_scores, row_proposed, entries[e], new_scores[e])


@numba.njit(cache=True)
def _offer(scores, proposed, row, score):
    for e in range(proposed.shape[0]):
        if proposed[e] == row:
            return
    _insert(scores, proposed, row, score)


@numba.njit(cache=True, parallel=True)
def find_in_base(asking, base, base_half, own, scores, proposed):
    """The best of `base` for each row of `asking`; not the one that is `own`."""
    for block in numba.prange(-(-asking.shape[0] // 64)):
        _find_for_block(asking, base, base_half, own, 64 * block, scores, proposed)


@numba.njit(cache=True)
def _find_for_block(asking, base, base_half, own, first, scores, proposed):
    end = min(first + 64, asking.shape[0])
    room = np.empty(64 * 4 * _BLOCK_ROWS, np.float32)
    for start in range(0, base.shape[0], 4 * _BLOCK_ROWS):
        part = base[start : start + 4 * _BLOCK_ROWS]
        halves = base_half[start : start + part.shape[0]]
        n_products = (end - first) * part.shape[0]
        products = room[:n_products].reshape(end - first, part.shape[0])
        np.dot(asking[first:end], part.T, products)
        for r in range(end - first):
            i = first + r
            _serve_row(products[r], halves, start, own[i], scores[i], proposed[i])


@numba.njit(cache=True, parallel=True)
def compare_cells(
    rows, half, asking, asking_starts, base, base_starts, scores, proposed
):
    """Compare the asking rows of each cell with its base rows.

    A row asks in one cell only, so that cells can be compared side by side.
    """
    for cell in numba.prange(base_starts.shape[0] - 1):
        _compare_cell(
            rows,
            half,
            asking[asking_starts[cell] : asking_starts[cell + 1]],
            base[base_starts[cell] : base_starts[cell + 1]],
            scores,
            proposed,
        )


@numba.njit(cache=True)
def _compare_cell(rows, half, asking, base, scores, proposed):
    base_rows = np.empty((base.shape[0], rows.shape[1]), np.float32)
    base_half = np.empty(base.shape[0], np.float32)
    for r in range(base.shape[0]):
        base_rows[r] = rows[base[r]]
        base_half[r] = half[base[r]]
    n_block = min(_BLOCK_ROWS, asking.shape[0])
    block = np.empty((n_block, rows.shape[1]), np.float32)
    room = np.empty((n_block, base.shape[0]), np.float32)
    for start in range(0, asking.shape[0], _BLOCK_ROWS):
        n_asking = min(_BLOCK_ROWS, asking.shape[0] - start)
        for r in range(n_asking):
            block[r] = rows[asking[start + r]]
        products = room[:n_asking]
        np.dot(block[:n_asking], base_rows.T, products)
        for r in range(n_asking):
            i = asking[start + r]
            row_scores, row_proposed = scores[i], proposed[i]
            for c in range(0, base.shape[0], _AT_ONCE):
                c_end = min(c + _AT_ONCE, base.shape[0])
                halves = base_half[c:c_end]
                if _best_of_row(products[r, c:c_end], halves) <= row_scores[-1]:
                    continue
                for e in range(c_end - c):
                    score = products[r, c + e] - halves[e]
                    if score > row_scores[-1] and base[c + e] != i:
                        _insert_once(row_scores, row_proposed, base[c + e], score)


@numba.njit(cache=True)
def _insert_once(scores, proposed, row, score):
    for e in range(proposed.shape[0]):
        if proposed[e] >= 0 and proposed[e] & _ROW == row:
            return
    _insert(scores, proposed, row | _FRESH, score)


@numba.njit(cache=True)
def strip_marks(proposed):  # proposed: IN and OUT
    """Every entry the number of a row, or -1."""
    for i in range(proposed.shape[0]):
        for e in range(proposed.shape[1]):
            if proposed[i, e] >= 0:
                proposed[i, e] &= _ROW


@numba.njit(cache=True)
def listed_by(lists, n_looked_at):
    """Which rows have a row among the first so many of their list.

    Returns ``(listers, starts)``: row i is listed by
    ``listers[starts[i] : starts[i + 1]]``, those where it comes first at the
    front. A lister carries the mark of the entry.
    """
    n_rows = lists.shape[0]
    starts = np.zeros(n_rows + 1, np.int64)
    for i in range(n_rows):
        for e in range(n_looked_at):
            if lists[i, e] >= 0:
                starts[(lists[i, e] & _ROW) + 1] += 1
    for i in range(n_rows):
        starts[i + 1] += starts[i]
    listers = np.empty(starts[n_rows], np.int32)
    ends = starts[:-1].copy()
    for e in range(n_looked_at):
        for i in range(n_rows):
            entry = lists[i, e]
            if entry >= 0:
                row = entry & _ROW
                listers[ends[row]] = i | (entry & _FRESH)
                ends[row] += 1
    return listers, starts


@numba.njit(cache=True, parallel=True)
def compare_neighbors(
    rows, half, lists, listers, starts, n_looked_at, scores, proposed
):
    """Compare each row with the neighbours of its neighbours.

    `lists` is what `proposed` was when the comparison began. Two rows meet at a
    third only if either has come to it since the last comparison. Returns the
    number of products.
    """
    n_rows = rows.shape[0]
    n_products = 0
    for block in numba.prange(-(-n_rows // _BLOCK_ROWS)):
        # Of open addresses, never more than half full.
        n_met = 2 * n_looked_at * (lists.shape[1] + 1) + lists.shape[1] + 1
        n_slots = 2
        while n_slots < 2 * n_met:
            n_slots *= 2
        met = np.empty(n_slots, np.int32)
        for i in range(block * _BLOCK_ROWS, min(n_rows, (block + 1) * _BLOCK_ROWS)):
            n_products += _compare_through_neighbors(
                rows,
                half,
                i,
                lists,
                listers[starts[i] : min(starts[i] + n_looked_at, starts[i + 1])],
                n_looked_at,
                met,
                scores[i],
                proposed[i],
            )
    return n_products


@numba.njit(cache=True)
def _compare_through_neighbors(
    rows, half, i, lists, listers, n_looked_at, met, row_scores, row_proposed
):
    met[:] = -1
    _meet(met, i)
    n_products = 0
    for e in range(lists.shape[1]):
        if lists[i, e] < 0:
            break
        _meet(met, lists[i, e] & _ROW)
    for e in range(listers.shape[0]):
        if listers[e] & _FRESH and _meet(met, listers[e] & _ROW):
            n_products += 1
            _consider(rows, half, i, listers[e] & _ROW, row_scores, row_proposed)
    for e in range(n_looked_at + listers.shape[0]):
        through = lists[i, e] if e < n_looked_at else listers[e - n_looked_at]
        if through < 0:
            continue
        for entry in lists[through & _ROW]:
            if entry < 0:
                break
            if (through | entry) & _FRESH and _meet(met, entry & _ROW):
                n_products += 1
                _consider(rows, half, i, entry & _ROW, row_scores, row_proposed)
    return n_products


@numba.njit(cache=True)
def _meet(met, row):  # met: IN and OUT
    """Whether a row is met for the first time; it is noted in the hash table."""
    slot = (row * 0x9E3779B1 >> 8) & (met.shape[0] - 1)
    while met[slot] >= 0:
        if met[slot] == row:
            return False
        slot = (slot + 1) & (met.shape[0] - 1)
    met[slot] = row
    return True


@numba.njit(cache=True)
def _consider(rows, half, i, other, row_scores, row_proposed):
    score = _dot(rows[i], rows[other]) - half[other]
    if score > row_scores[-1]:
        _insert(row_scores, row_proposed, other | _FRESH, score)


@numba.njit(cache=True, fastmath=_VECTORIZED)
def _dot(x, y):
    total = np.float32(0)
    for c in range(x.shape[0]):
        total += x[c] * y[c]
    return total
