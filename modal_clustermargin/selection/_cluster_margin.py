"""The two steps of Cluster-Margin: choose candidates, and pick from their clusters."""

import math

import numpy as np

from modal_clustermargin.selection._margins import lowest

# Candidates per pick with "auto": if margins vary within groups, and if they do not.
_FEWEST_PER_PICK, _MOST_PER_PICK = 2, 10


def cluster_margin_candidates(margins, groups, n_instances, candidate_factor):
    """The candidates for a batch: the rows with the lowest margins.

    Parameters
    ----------
    margins : ndarray of shape (n_pool,)

    groups : ndarray of shape (n_pool,), dtype=intp
        Group of each row, numbered from 0; numbers may be missing. The rows of a group
        are near each other. Only "auto" uses the groups.

    n_instances : int
        At most n_pool.

    candidate_factor : float or "auto"
        A number takes the ``ceil(candidate_factor * n_instances)`` rows of lowest
        margin, as in the paper. "auto" takes one candidate for the first pick, and
        ``2 + 8 * correlation**16``, rounded to one decimal, for each further pick;
        but at most two thirds of the pool, or n_instances if that is more. The
        correlation is the `intraclass_correlation` of margins in groups.

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
    # A batch of one is the row with the lowest margin.
    n_candidates = math.ceil(1 + per_pick * (n_instances - 1))
    most = max(math.ceil(2 * n_pool / 3), n_instances)
    return lowest(margins, min(n_candidates, most))


def intraclass_correlation(values, labels):
    """The share of the variance of values that lies between groups.

    This is the estimate by one-way analysis of variance, ICC(1) [1]_ for groups of
    unequal sizes; a negative estimate becomes 0.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)

    labels : ndarray of shape (n_rows,), dtype=intp
        Group of each row, numbered from 0; numbers may be missing.

    Returns
    -------
    correlation : float
        1 if values differ only between groups. 0 if groups explain none of the
        variance, if every row has its own group, or if there is only one group or one
        value.

    References
    ----------
    .. [1] P. E. Shrout and J. L. Fleiss, "Intraclass correlations: uses in assessing
       rater reliability", Psychological Bulletin 86(2), 1979.

    Examples
    --------
    >>> labels = np.array([0, 0, 1, 1])
    >>> intraclass_correlation(np.array([3.0, 3.0, 5.0, 5.0]), labels)
    1.0
    >>> intraclass_correlation(np.array([3.0, 5.0, 3.0, 5.0]), labels)
    0.0
    """
    sizes = np.bincount(labels)
    n_rows, n_groups = len(values), np.count_nonzero(sizes)
    if n_groups in (1, n_rows) or values.min() == values.max():
        return 0.0
    means = np.bincount(labels, values) / np.maximum(sizes, 1)
    within = np.sum((values - means[labels]) ** 2) / (n_rows - n_groups)
    between = np.sum(sizes * (means - values.mean()) ** 2) / (n_groups - 1)
    usual_size = (n_rows - np.sum(sizes.astype(float) ** 2) / n_rows) / (n_groups - 1)
    total = between + (usual_size - 1) * within
    return float(max(between - within, 0) / total)


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
    turn = _rank_within(shuffled)
    dealt = lowest(turn * len(sizes) + place[shuffled], n_picks)
    return order[dealt], turn[dealt]


def _rank_within(labels):
    """The number of earlier rows with the same label, for each row."""
    order = np.argsort(labels, kind="stable")
    grouped = labels[order]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    run_lengths = np.diff(np.r_[starts, len(labels)])
    rank = np.empty(len(labels), np.intp)
    rank[order] = np.arange(len(labels)) - np.repeat(starts, run_lengths)
    return rank
