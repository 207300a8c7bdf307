"""Herding: greedily choose the rows that cover most of the uncertainty around them.

The compiled loops are in this file, because numba's on-disk cache does not notice
changes of a function that is called from another file.
"""

from heapq import heapify, heappop, heapreplace

import numba
import numpy as np

from modal_clustermargin._threads import threads_for
from modal_clustermargin.selection._margins import lowest

# Levels of gains in which rows wait. More make the heap of one level smaller.
_N_LEVELS = 4096


def herd(indices, similarities, uncertainty, coverage, n_picks, *, may_pick=None):
    """Greedily choose the rows that cover the most uncertainty.

    The coverage of a row is its largest similarity to a chosen row. Each pick is the
    row that adds most to ``sum(uncertainty * coverage)``. The sum is submodular, so it
    is at least 1 - 1/e of the largest sum that as many rows can have [1]_.

    Parameters
    ----------
    indices : ndarray of shape (n_rows, n_neighbors), int32 or int64
        The neighbours that each row covers, without the row itself; the entries of a
        row after its first -1 are ignored.

    similarities : ndarray of shape (n_rows, n_neighbors), float32
        Similarity of each row to these neighbours, in [0, 1]. The similarity of a row
        to itself is 1, and to rows that are not listed 0.

    uncertainty : ndarray of shape (n_rows,)
        Weight of each row: finite and not negative.

    coverage : ndarray of shape (n_rows,), float32
        Coverage of each row at the start, in [0, 1]; it is not changed.

    n_picks : int
        At most the number of rows that may be picked.

    may_pick : ndarray of shape (n_rows,), dtype=bool, default=None
        The rows to choose from; None means all rows.

    Returns
    -------
    picks : ndarray of shape (n_picks,), dtype=intp
        Distinct, in the order chosen. Ties go to the first row. When no row adds
        anything, the rest come in descending order of uncertainty, ties by position.

    gains : ndarray of shape (n_picks,), float64
        What each pick added to the sum; never increasing.

    References
    ----------
    .. [1] G. L. Nemhauser, L. A. Wolsey, M. L. Fisher, "An analysis of approximations
       for maximizing submodular set functions", Mathematical Programming, 1978.

    Examples
    --------
    >>> indices = np.array([[1, -1], [0, 2], [1, -1], [-1, -1]])
    >>> similarities = np.full((4, 2), 0.5, np.float32)
    >>> uncovered = np.zeros(4, np.float32)
    >>> herd(indices, similarities, np.array([1.0, 1.0, 1.0, 0.9]), uncovered, 4)
    (array([1, 3, 0, 2]), array([2. , 0.9, 0.5, 0.5]))
    """
    if may_pick is None:
        may_pick = np.ones(len(indices), bool)
    state = np.column_stack([coverage, uncertainty]).astype(np.float64, copy=False)
    with threads_for(2 * indices.size):
        gains = _all_gains(indices, similarities, state)
    gains[~may_pick] = 0.0
    picks, picked_gains = np.empty(n_picks, np.intp), np.zeros(n_picks)
    n_found = _pick_greedily(indices, similarities, state, gains, picks, picked_gains)
    if n_found < n_picks:
        may_pick = may_pick.copy()
        may_pick[picks[:n_found]] = False
        rest = np.flatnonzero(may_pick)
        picks[n_found:] = rest[lowest(-state[rest, 1], n_picks - n_found)]
    return picks, picked_gains


def cover(coverage, indices, similarities):
    """Raise the coverage of rows by lists of rows that are similar to chosen rows.

    Parameters
    ----------
    coverage : ndarray of shape (n_rows,), float32
        Coverage of each row; changed in place.

    indices, similarities : ndarray of shape (n_chosen, n_neighbors)
        The rows that each chosen row covers, as in `herd`. A chosen row may be another
        row than those that have a coverage.
    """
    is_listed = np.logical_and.accumulate(indices >= 0, axis=1)
    np.maximum.at(coverage, indices[is_listed], similarities[is_listed])


# In the following functions, `state` holds the coverage and the uncertainty of each
# row, side by side: both are read at once, and reading is what takes the time.


@numba.njit(cache=True, nogil=True)
def _gain(row, indices, similarities, state):
    """What a row would add to the sum of uncertainty times coverage.

    In floating point, too, the gain cannot grow with the coverage: each term is
    monotone, and so is each rounded sum. Therefore an old gain is an upper bound.
    """
    gain = state[row, 1] * (1.0 - state[row, 0])
    for place in range(indices.shape[1]):
        j = indices[row, place]
        if j < 0:
            break
        more = np.float64(similarities[row, place]) - state[j, 0]
        gain += state[j, 1] * max(more, 0.0)
    return gain


@numba.njit(cache=True, nogil=True)
def _cover(row, indices, similarities, state):  # state: IN and OUT
    state[row, 0] = 1.0
    for place in range(indices.shape[1]):
        j = indices[row, place]
        if j < 0:
            break
        state[j, 0] = max(state[j, 0], np.float64(similarities[row, place]))


@numba.njit(cache=True, parallel=True)
def _all_gains(indices, similarities, state):
    gains = np.empty(indices.shape[0])
    for row in numba.prange(indices.shape[0]):
        gains[row] = _gain(row, indices, similarities, state)
    return gains


@numba.njit(cache=True, nogil=True)
def _pick_greedily(indices, similarities, state, gains, picks, picked_gains):
    """Fill `picks` and `picked_gains` while a row adds something; return how many.

    `gains` are those of all rows, 0 for rows that may not be picked. `state` is IN and
    OUT.

    Rows wait in levels of about equal old gain. Only the rows of the highest level are
    in a heap, which stays small; a row whose gain has fallen waits in a lower level.
    """
    highest = gains.max()
    first = np.full(_N_LEVELS, -1, np.int32)  # first row of each level, -1 for none
    following = np.empty(gains.shape[0], np.int32)  # next row of the same level
    for row in range(gains.shape[0]):
        if gains[row] > 0:
            _wait(row, _level(gains[row], highest), first, following)
    n_picked = 0
    heap = [(0.0, 0)]  # (minus an upper bound on the gain, row)
    heap.clear()
    for level in range(_N_LEVELS - 1, -1, -1):
        row = np.int64(first[level])
        while row >= 0:
            next_row = np.int64(following[row])
            gain = _gain(row, indices, similarities, state)
            if _level(gain, highest) == level:
                heap.append((-gain, row))
            else:
                _wait(row, _level(gain, highest), first, following)
            row = next_row
        heapify(heap)
        while heap:
            bound, row = heap[0]
            gain = _gain(row, indices, similarities, state)
            if gain == -bound:
                if gain <= 0 or n_picked == picks.shape[0]:
                    return n_picked
                picks[n_picked], picked_gains[n_picked] = row, gain
                n_picked += 1
                _cover(row, indices, similarities, state)
                heappop(heap)
            elif _level(gain, highest) == level:
                heapreplace(heap, (-gain, row))
            else:
                _wait(row, _level(gain, highest), first, following)
                heappop(heap)
    return n_picked


@numba.njit(cache=True, nogil=True)
def _level(gain, highest):
    # Rounding is monotone, so a row of a lower level has a lower gain.
    return int(gain / highest * (_N_LEVELS - 1))


@numba.njit(cache=True, nogil=True)
def _wait(row, level, first, following):  # first, following: IN and OUT
    following[row], first[level] = first[level], row
