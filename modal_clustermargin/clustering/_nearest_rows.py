"""The nearest rows of each row of a set, in a definite order.

An exact search proposes neighbours in float32, with a bound on all other rows. Where
another row could be as near as the last neighbour, all rows that could be are measured.
Equal rows are searched for once (see `lists_of_samples`).
"""

import numpy as np

from modal_clustermargin.clustering._float32_frame import Float32Frame
from modal_clustermargin.clustering._neighbor_search import (
    Queries,
    References,
    nearest_candidates,
)

# Neighbours that are searched for beyond those asked for, so that the rounding of the
# search seldom leaves the last neighbour uncertain.
_LEAST_SPARE = 2
_SPARE_SHARE = 0.125

_MOST_SCORES = 2**24  # in memory at once


def nearest_rows(rows, k, search):
    """The `k` nearest other rows of each row, nearest first; ties by lower position.

    `rows` are distinct. Returns ``(neighbors, sq_dists)``, two ndarrays of shape
    (n_rows, min(k, n_rows - 1)): positions as int32, and squared distances as float64.
    With a `recall`, the search may miss some neighbours; lists are then padded with -1
    and infinity.
    """
    n_rows = len(rows)
    k = min(k, n_rows - 1)
    if k == 0:
        return np.empty((1, 0), np.int32), np.empty((1, 0))
    every = np.arange(n_rows)
    references = References(rows, np.zeros(n_rows), every, every)
    n_spare = max(_LEAST_SPARE, int(_SPARE_SHARE * k))
    neighbors, sq_dists, bounds = search.nearest_of_each(
        references, k + n_spare - 1, np.inf
    )
    # Ties go to the lower position.
    has_ties = (sq_dists[:, 1:] == sq_dists[:, :-1]).any(axis=1)
    order = np.lexsort((neighbors[has_ties], sq_dists[has_ties]))
    neighbors[has_ties] = np.take_along_axis(neighbors[has_ties], order, axis=1)
    neighbors, sq_dists = neighbors[:, :k], sq_dists[:, :k]
    if search.recall is None:
        is_unsure = (sq_dists[:, -1] >= bounds) & (bounds < np.inf)
        _settle(references, np.flatnonzero(is_unsure), neighbors, sq_dists)
    return neighbors, sq_dists


def _settle(references, unsure, neighbors, sq_dists):  # neighbors, sq_dists: OUT
    """Measure every row that may be as near as the last neighbour of an unsure row."""
    if not len(unsure):
        return
    rows, every = references.mean, references.slots
    frame = Float32Frame.around(references)
    scaled = frame.rows(rows, every)
    sq_lengths = np.einsum("ij,ij->i", scaled, scaled, dtype=np.float64)
    half = (sq_lengths / 2).astype(np.float32)
    n_blocks = -(-len(unsure) * len(rows) // _MOST_SCORES)
    for block in np.array_split(unsure, n_blocks):
        scores = scaled[block] @ scaled.T
        scores -= half
        least_scores = frame.least_scores(
            sq_dists[block, -1], sq_lengths[block], scaled.shape[1]
        )
        candidates = np.where(scores > least_scores[:, np.newaxis], every, -1)
        queries = Queries(rows[block], np.zeros(len(block)), block)
        neighbors[block], sq_dists[block] = nearest_candidates(
            queries, references, candidates, neighbors.shape[1]
        )


def lists_of_samples(neighbors, sq_dists, leaf, k):
    """Turn lists of distinct rows (leaves) into `k` neighbours of each sample.

    `leaf` is the distinct row of each sample, numbered from 0 in the order of their
    first samples. A sample lists the first samples of other leaves. Before them, it
    lists one sample that equals it, if there is one: the first, or the second if it is
    the first itself.

    Returns ``(indices, sq_dists, first_copy)``: lists padded with -1 and infinity, and
    the first sample that equals each sample.
    """
    order = np.argsort(leaf, kind="stable").astype(np.int32)
    counts = np.bincount(leaf)
    starts = np.cumsum(counts) - counts
    first = order[starts]
    first_copy = first[leaf]
    n_listed = neighbors.shape[1]
    indices = np.full((len(leaf), k), -1, np.int32)
    indices[:, :n_listed] = np.where(neighbors < 0, np.int32(-1), first[neighbors])[
        leaf
    ]
    of_samples = np.full((len(leaf), k), np.inf)
    of_samples[:, :n_listed] = sq_dists[leaf]
    has_copies = counts > 1
    equal = first_copy.copy()
    equal[first[has_copies]] = order[starts[has_copies] + 1]
    copies = np.flatnonzero(has_copies[leaf])
    for lists, nearest in ((indices, equal[copies]), (of_samples, 0.0)):
        lists[copies, 1:] = lists[copies, :-1]
        lists[copies, 0] = nearest
    return indices, of_samples, first_copy


def lists_of_leaves(indices, sq_dists, leaf):
    """Undo `lists_of_samples`; the lists of leaves that have copies are shorter.

    Returns ``(neighbors, sq_dists, bounds)``, as from ``NeighborSearch.nearest``.
    """
    _, first = np.unique(leaf, return_index=True)
    indices, sq_dists = indices[first], sq_dists[first]
    bounds = np.where(indices[:, -1] < 0, np.inf, sq_dists[:, -1])
    neighbors = np.where(indices < 0, np.int32(-1), leaf[indices].astype(np.int32))
    has_copies = np.flatnonzero(neighbors[:, 0] == np.arange(len(first)))
    for lists, padding in ((neighbors, -1), (sq_dists, np.inf)):
        lists[has_copies, :-1] = lists[has_copies, 1:]
        lists[has_copies, -1] = padding
    return neighbors, sq_dists, bounds
