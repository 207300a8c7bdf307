"""The two steps of Cluster-Margin: choose candidates, and pick from their clusters."""

import math

import numpy as np

from modal_clustermargin.selection._margins import lowest


def cluster_margin_candidates(margins, n_instances, candidate_factor):
    """The candidates for a batch: the rows with the lowest margins.

    Parameters
    ----------
    margins : ndarray of shape (n_pool,)

    n_instances : int
        At most n_pool.

    candidate_factor : float
        Number of candidates per pick; the product is rounded up.

    Returns
    -------
    candidates : ndarray of shape (n_candidates,), dtype=intp
        Positions in ascending order of margin; ties by position.
    """
    n_candidates = math.ceil(candidate_factor * n_instances)
    return lowest(margins, min(n_candidates, len(margins)))


def deal_round_robin(labels, n_picks, order, cluster_order):
    """Deal rows round-robin over clusters, from the smallest cluster to the largest.

    Clusters are sorted once, by their number of rows; every pass takes one row of each
    cluster that has rows left.

    Parameters
    ----------
    labels : ndarray of shape (n_candidates,), dtype=intp
        Cluster of each candidate, numbered from 0 without gaps.

    n_picks : int
        At most n_candidates.

    order : ndarray of shape (n_candidates,)
        A permutation: the order in which the rows of a cluster are dealt.

    cluster_order : ndarray of shape (n_clusters,)
        A permutation: the order of clusters of equal size.

    Returns
    -------
    picks : ndarray of shape (n_picks,), dtype=intp
        Positions in `labels`, in the order dealt.

    turns : ndarray of shape (n_picks,), dtype=intp
        The pass in which each row was dealt, from 0.
    """
    sizes = np.bincount(labels)
    place = np.empty(len(sizes), np.int64)
    place[np.lexsort((cluster_order, sizes))] = np.arange(len(sizes))
    shuffled = labels[order]
    turn = rank_within(shuffled)
    dealt = lowest(turn * len(sizes) + place[shuffled], n_picks)
    return order[dealt], turn[dealt]


def rank_within(labels):
    """The number of earlier rows with the same label, for each row: ndarray, intp."""
    order = np.argsort(labels, kind="stable")
    grouped = labels[order]
    rank = np.empty(len(labels), np.intp)
    rank[order] = np.arange(len(labels)) - np.searchsorted(grouped, grouped)
    return rank
