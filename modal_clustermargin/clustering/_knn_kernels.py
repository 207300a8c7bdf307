"""Every compiled loop of the k-nearest-neighbour searches, over plain arrays.

Scores are float32 and only propose neighbours (`_neighbor_search` computes their
distances). A row of `scores` and of `proposed` is a list of the best rows so far,
highest score first. A list is always full: an empty entry has row -1 and the score that
a row must exceed to be listed. `_kernels` explains why all loops are in one file.
"""

import numba
import numpy as np

# An entry of a list is the number of a row. Bit 30 is set if the entry is new since the
# last comparison of neighbours.
_NEW = np.int32(1 << 30)
_ROW = np.int32(_NEW - 1)

_BLOCK_ROWS = 256


@numba.njit(cache=True, parallel=True)
def multiply_pairs(rows, half, starts, left, right, n_threads, scores, proposed):
    for thread in numba.prange(n_threads):
        # One buffer for all pairs: if freed memory returns to the system at once, as on
        # Dask workers, allocating a buffer for each pair takes as long as the products.
        products = np.empty(np.max(np.diff(starts)) ** 2, np.float32)
        for pair in range(thread, left.shape[0], n_threads):
            _multiply_pair(
                rows, half, starts, left[pair], right[pair], products, scores, proposed
            )


@numba.njit(cache=True)
def _multiply_pair(rows, half, starts, left, right, products, scores, proposed):
    i, i_end = starts[left], starts[left + 1]
    j, j_end = starts[right], starts[right + 1]
    n_left, n_right = i_end - i, j_end - j
    products = products[: n_left * n_right].reshape(n_left, n_right)
    np.dot(rows[i:i_end], rows[j:j_end].T, products)
    for r in range(n_left):
        halves = half[j : j + n_right]
        _update_row(products[r], halves, j, i + r, scores[i + r], proposed[i + r])
    if left != right:
        _update_right(products, half, i, j, scores, proposed)


# Vector instructions check whether any of 32 products improves a list; only then is
# each product compared.
_AT_ONCE = 32
_VECTORIZED = {"nnan", "nsz", "reassoc", "contract"}


@numba.njit(cache=True)
def _update_row(products, halves, first, own, row_scores, row_proposed):  # both OUT
    """Offer the rows from `first` on to a list, except for row `own`."""
    for c in range(0, products.shape[0], _AT_ONCE):
        c_end = min(c + _AT_ONCE, products.shape[0])
        if _best_of_row(products[c:c_end], halves[c:c_end]) <= row_scores[-1]:
            continue
        for e in range(c, c_end):
            score = products[e] - halves[e]
            if score > row_scores[-1] and first + e != own:
                _insert(row_scores, row_proposed, first + e, score)


@numba.njit(cache=True)
def _update_right(products, half, i, j, scores, proposed):  # scores, proposed: OUT
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
    """Insert into a full, descending list, whose last entry is dropped."""
    position = scores.shape[0] - 1
    while position > 0 and scores[position - 1] < score:
        scores[position] = scores[position - 1]
        proposed[position] = proposed[position - 1]
        position -= 1
    scores[position] = score
    proposed[position] = row


@numba.njit(cache=True)
def _insert_once(scores, proposed, entry, score):
    """`_insert`, unless the list has the row of the entry, as new or not."""
    for e in range(proposed.shape[0]):
        if proposed[e] & _ROW == entry & _ROW:  # padding equals no row
            return
    _insert(scores, proposed, entry, score)


@numba.njit(cache=True, parallel=True)
def merge_entries(starts, entries, new_scores, first, scores, proposed):
    """Offer list r the rows ``first + entries[starts[r] : starts[r + 1]]``.

    Rows that the list has already are skipped. `scores` and `proposed` are IN and OUT.
    """
    for r in numba.prange(scores.shape[0]):
        row_scores, row_proposed = scores[r], proposed[r]
        for e in range(starts[r], starts[r + 1]):
            if new_scores[e] > row_scores[-1]:
                _insert_once(
                    row_scores, row_proposed, first + entries[e], new_scores[e]
                )


@numba.njit(cache=True, parallel=True)
def search_references(queries, references, reference_half, own, scores, proposed):
    """Offer each query all references, except for reference number ``own[query]``."""
    for block in numba.prange(-(-queries.shape[0] // 64)):
        _search_for_block(
            queries, references, reference_half, own, 64 * block, scores, proposed
        )


@numba.njit(cache=True)
def _search_for_block(
    queries, references, reference_half, own, first, scores, proposed
):
    end = min(first + 64, queries.shape[0])
    room = np.empty(64 * 4 * _BLOCK_ROWS, np.float32)
    for start in range(0, references.shape[0], 4 * _BLOCK_ROWS):
        part = references[start : start + 4 * _BLOCK_ROWS]
        halves = reference_half[start : start + part.shape[0]]
        n_products = (end - first) * part.shape[0]
        products = room[:n_products].reshape(end - first, part.shape[0])
        np.dot(queries[first:end], part.T, products)
        for r in range(end - first):
            i = first + r
            _update_row(products[r], halves, start, own[i], scores[i], proposed[i])


@numba.njit(cache=True, parallel=True)
def compare_cells(
    rows, half, queries, query_starts, references, reference_starts, scores, proposed
):
    """Compare the queries of each cell with the references of the cell.

    Each row is a query in one cell only, so cells can be compared in parallel.
    """
    for cell in numba.prange(reference_starts.shape[0] - 1):
        _compare_cell(
            rows,
            half,
            queries[query_starts[cell] : query_starts[cell + 1]],
            references[reference_starts[cell] : reference_starts[cell + 1]],
            scores,
            proposed,
        )


@numba.njit(cache=True)
def _compare_cell(rows, half, queries, references, scores, proposed):
    reference_rows = np.empty((references.shape[0], rows.shape[1]), np.float32)
    reference_half = np.empty(references.shape[0], np.float32)
    for r in range(references.shape[0]):
        reference_rows[r] = rows[references[r]]
        reference_half[r] = half[references[r]]
    n_block = min(_BLOCK_ROWS, queries.shape[0])
    block = np.empty((n_block, rows.shape[1]), np.float32)
    room = np.empty((n_block, references.shape[0]), np.float32)
    for start in range(0, queries.shape[0], _BLOCK_ROWS):
        n_queries = min(_BLOCK_ROWS, queries.shape[0] - start)
        for r in range(n_queries):
            block[r] = rows[queries[start + r]]
        products = room[:n_queries]
        np.dot(block[:n_queries], reference_rows.T, products)
        for r in range(n_queries):
            i = queries[start + r]
            row_scores, row_proposed = scores[i], proposed[i]
            for c in range(0, references.shape[0], _AT_ONCE):
                c_end = min(c + _AT_ONCE, references.shape[0])
                halves = reference_half[c:c_end]
                if _best_of_row(products[r, c:c_end], halves) <= row_scores[-1]:
                    continue
                for e in range(c_end - c):
                    score = products[r, c + e] - halves[e]
                    if score > row_scores[-1] and references[c + e] != i:
                        entry = references[c + e] | _NEW
                        _insert_once(row_scores, row_proposed, entry, score)


def clear_new_flags(proposed):  # proposed: IN and OUT
    """Clear bit 30 of every entry."""
    np.bitwise_and(proposed, _ROW, out=proposed, where=proposed >= 0)


@numba.njit(cache=True)
def reverse_lists(lists, n_expanded):
    """For each row, find the rows that list it among their first `n_expanded` entries.

    Returns ``(listers, starts)``: row i is listed by
    ``listers[starts[i] : starts[i + 1]]``, ordered by the position of i in their lists.
    A lister has the flag of its entry.
    """
    n_rows = lists.shape[0]
    starts = np.zeros(n_rows + 1, np.int64)
    for i in range(n_rows):
        for e in range(n_expanded):
            if lists[i, e] >= 0:
                starts[(lists[i, e] & _ROW) + 1] += 1
    for i in range(n_rows):
        starts[i + 1] += starts[i]
    listers = np.empty(starts[n_rows], np.int32)
    ends = starts[:-1].copy()
    for e in range(n_expanded):
        for i in range(n_rows):
            entry = lists[i, e]
            if entry >= 0:
                row = entry & _ROW
                listers[ends[row]] = i | (entry & _NEW)
                ends[row] += 1
    return listers, starts


@numba.njit(cache=True, parallel=True)
def compare_neighbors(rows, half, lists, listers, starts, n_expanded, scores, proposed):
    """Compare each row with the neighbours of its neighbours.

    `lists` is a copy of `proposed` from before the comparison. Two rows that share a
    neighbour are compared only if one of their two entries is new since the last
    comparison. Returns the number of products.
    """
    n_rows = rows.shape[0]
    n_products = 0
    for block in numba.prange(-(-n_rows // _BLOCK_ROWS)):
        # A hash table with open addressing, at most half full.
        n_visited = 2 * n_expanded * (lists.shape[1] + 1) + lists.shape[1] + 1
        n_slots = 2
        while n_slots < 2 * n_visited:
            n_slots *= 2
        visited = np.empty(n_slots, np.int32)
        for i in range(block * _BLOCK_ROWS, min(n_rows, (block + 1) * _BLOCK_ROWS)):
            n_products += _compare_through_neighbors(
                rows,
                half,
                i,
                lists,
                listers[starts[i] : min(starts[i] + n_expanded, starts[i + 1])],
                n_expanded,
                visited,
                scores[i],
                proposed[i],
            )
    return n_products


@numba.njit(cache=True)
def _compare_through_neighbors(
    rows, half, i, lists, listers, n_expanded, visited, row_scores, row_proposed
):
    visited[:] = -1
    _visit(visited, i)
    n_products = 0
    for e in range(lists.shape[1]):
        if lists[i, e] < 0:
            break
        _visit(visited, lists[i, e] & _ROW)
    for e in range(listers.shape[0]):
        if listers[e] & _NEW and _visit(visited, listers[e] & _ROW):
            n_products += 1
            _consider(rows, half, i, listers[e] & _ROW, row_scores, row_proposed)
    for e in range(n_expanded + listers.shape[0]):
        through = lists[i, e] if e < n_expanded else listers[e - n_expanded]
        if through < 0:
            continue
        for entry in lists[through & _ROW]:
            if entry < 0:
                break
            if (through | entry) & _NEW and _visit(visited, entry & _ROW):
                n_products += 1
                _consider(rows, half, i, entry & _ROW, row_scores, row_proposed)
    return n_products


@numba.njit(cache=True)
def _visit(visited, row):  # visited: IN and OUT
    """Add a row to the hash table; return whether it is new."""
    slot = (row * 0x9E3779B1 >> 8) & (visited.shape[0] - 1)
    while visited[slot] >= 0:
        if visited[slot] == row:
            return False
        slot = (slot + 1) & (visited.shape[0] - 1)
    visited[slot] = row
    return True


@numba.njit(cache=True)
def _consider(rows, half, i, other, row_scores, row_proposed):
    score = _dot(rows[i], rows[other]) - half[other]
    if score > row_scores[-1]:
        _insert(row_scores, row_proposed, other | _NEW, score)


@numba.njit(cache=True, fastmath=_VECTORIZED)
def _dot(x, y):
    total = np.float32(0)
    for c in range(x.shape[0]):
        total += x[c] * y[c]
    return total
