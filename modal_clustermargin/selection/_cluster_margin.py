"""Cluster-Margin's two steps: the candidates, and the deal among clusters."""

import math

import numpy as np

from modal_clustermargin.selection._intraclass_correlation import (
    intraclass_correlation,
)
from modal_clustermargin.selection._margins import lowest

# Of "auto": candidates per pick where the nearest rows are unlike, and alike.
_FEWEST_PER_PICK, _MOST_PER_PICK = 2, 10


def cluster_margin_candidates(margins, groups, n_instances, candidate_factor):
    """Rows with the lowest margins, from which a batch is dealt.

    Parameters
    ----------
    margins : ndarray of shape (n_pool,)

    groups : ndarray of shape (n_pool,), dtype=intp
        Of rows that are nearest to each other, numbered from 0; numbers may be
        missing. Read by "auto" alone.

    n_instances : int
        At most n_pool.

    candidate_factor : float or "auto"
        A number takes the ``ceil(candidate_factor * n_instances)`` lowest
        margins, as in the paper. "auto" takes one, and for each further pick
        ``2 + 8 * correlation**16``, to one decimal, of the
        `intraclass_correlation` of margins in groups; but at most two thirds
        of the pool, or n_instances.

    Returns
    -------
    candidates : ndarray of shape (n_candidates,), dtype=intp
        Positions in ascending order of margin; ties by position.
    """
    n_pool = len(margins)
    if candidate_factor != "auto":
        n_candidates = math.ceil(candidate_factor * n_instances)
        return lowest(margins, min(n_candidates, n_pool))
    alike = intraclass_correlation(margins, groups) ** 16
    spread = _MOST_PER_PICK - _FEWEST_PER_PICK
    per_pick = round(_FEWEST_PER_PICK + spread * alike, 1)
    # A batch of one has nothing to be unlike: it is the row of lowest margin.
    n_candidates = math.ceil(1 + per_pick * (n_instances - 1))
    most = max(math.ceil(2 * n_pool / 3), n_instances)
    return lowest(margins, min(n_candidates, most))


def deal_round_robin(labels, n_picks, order, cluster_order):
    """Deal rows from the smallest cluster up, one a cluster and pass.

    Clusters are sorted once by their number of rows; every pass takes one row
    of each cluster that still has some.

    Parameters
    ----------
    labels : ndarray of shape (n_candidates,), dtype=intp
        Cluster of each candidate, numbered from 0 without gaps.

    n_picks : int
        At most n_candidates.

    order : ndarray of shape (n_candidates,)
        A permutation: the order in which the rows of a cluster are given.

    cluster_order : ndarray of shape (n_clusters,)
        A permutation: which of several clusters of equal size comes first.

    Returns
    -------
    picks : ndarray of shape (n_picks,), dtype=intp
        Positions in `labels`, in the order dealt.

    turns : ndarray of shape (n_picks,), dtype=intp
        The pass each was dealt in, from 0.
    """
    sizes = np.bincount(labels)
    place = np.empty(len(sizes), np.int64)
    place[np.lexsort((cluster_order, sizes))] = np.arange(len(sizes))
    shuffled = labels[order]
    turn = rank_within(shuffled)
    dealt = lowest(turn * len(sizes) + place[shuffled], n_picks)
    return order[dealt], turn[dealt]


def rank_within(labels):
    """How many earlier rows have the same label, for each row.

    >>> rank_within(np.array([5, 2, 5, 5, 2]))
    array([0, 0, 1, 2, 1])
    """
    order = np.argsort(labels, kind="stable")
    grouped = labels[order]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    run_lengths = np.diff(np.r_[starts, len(labels)])
    rank = np.empty(len(labels), np.intp)
    rank[order] = np.arange(len(labels)) - np.repeat(starts, run_lengths)
    return rank
