"""Tree coverage: the rows that cover most of the uncertainty in a dendrogram."""

import numba
import numpy as np


def tree_coverage(
    children, heights, mean_distance, n_leaves, leaf, uncertainty, n_picks
):
    """Choose the rows that cover most of the uncertainty in a dendrogram.

    A label tells about the rows that merge with its row at a low height. So every node
    of the dendrogram is worth the length of the edge above it, times the uncertainty
    below it, and a batch earns the worth of a node if it holds any row below the node.
    The result is the batch that earns most, for every `n_picks` at once.

    The length of an edge is the difference of ``sqrt(min(1, height / mean_distance))``
    at its two ends; leaves are at height 0, and the edge above a root ends at 1. The
    uncertainty below a node is the sum over its rows, in which near-copies count once:
    a merge at the scale ``q = min(1, height / mean_distance)`` subtracts ``1 - q``
    times the smaller of the largest uncertainties of its two sides.

    Parameters
    ----------
    children : ndarray of shape (n_merges, 2), dtype=int64
        Merges as in :class:`~modal_clustermargin.clustering.AverageLinkage`: numbers
        below n_leaves are leaves, and merge i makes node ``n_leaves + i``. Fewer than
        ``n_leaves - 1`` merges make a forest.

    heights : ndarray of shape (n_merges,)
        Height of each merge, at least those of the merges that made its two nodes.

    mean_distance : float
        Mean distance of two rows, in the unit of `heights`.

    n_leaves : int

    leaf : ndarray of shape (n_pool,), dtype=intp
        Leaf of each row of the pool. Leaves without rows stay in the tree, with
        uncertainty 0. Of several rows with the same leaf, the first stands for all, and
        the gain of the others is 0.

    uncertainty : ndarray of shape (n_pool,)
        Nonnegative.

    n_picks : int
        At most n_pool.

    Returns
    -------
    picks : ndarray of shape (n_picks,), dtype=intp
        Rows of the pool in descending order of their gains; ties by larger uncertainty,
        then by position.

    gains : ndarray of shape (n_picks,), float64
        What each pick adds to the worth of the picks before it; the sum of the first
        gains is the worth of the first picks.

    covering : ndarray of shape (n_pool,), dtype=intp
        The pick, counted from 0, that covers each row: of all picks, the one that
        shares the lowest node with the row, and the first if there are several. -1 for
        rows of a tree without a pick.

    Notes
    -----
    This is phylogenetic diversity [1]_ with a weight for each edge, for which greedy
    choice is optimal [2]_, and one sweep from the leaves to the roots gives the gains
    of all rows [3]_. The weights, and their use for active learning, are this
    project's. Time and memory are linear in the number of leaves.

    References
    ----------
    .. [1] D. P. Faith, "Conservation evaluation and phylogenetic diversity",
       Biological Conservation 61(1), 1992.
    .. [2] M. Steel, "Phylogenetic diversity and the greedy algorithm", Systematic
       Biology 54(4), 2005.
    .. [3] B. Q. Minh, S. Klaere, A. von Haeseler, "Phylogenetic diversity within
       seconds", Systematic Biology 55(5), 2006.

    Examples
    --------
    Rows 0 and 1 are near-copies, and row 2 is far from both:

    >>> picks, gains, covering = tree_coverage(
    ...     children=np.array([[0, 1], [2, 3]]),
    ...     heights=np.array([0.04, 1.0]),
    ...     mean_distance=1.0,
    ...     n_leaves=3,
    ...     leaf=np.arange(3),
    ...     uncertainty=np.array([0.9, 1.0, 0.5]),
    ...     n_picks=3,
    ... )
    >>> picks
    array([1, 2, 0])
    >>> gains
    array([1.0288, 0.5   , 0.18  ])
    >>> covering
    array([2, 0, 1])
    """
    root_scale = np.zeros(n_leaves + len(children))
    if mean_distance > 0:
        root_scale[n_leaves:] = np.sqrt(np.minimum(1, heights / mean_distance))
    gains, row_at = _gains(children, root_scale, n_leaves, leaf, uncertainty)
    picks = _highest(gains, uncertainty, n_picks)
    rank = np.full(len(gains), -1)
    rank[picks] = np.arange(n_picks)
    covering = _covering(children, n_leaves, leaf, row_at, rank)
    covering[picks] = rank[picks]  # a copy that was picked, too
    return picks, gains[picks], covering


def _highest(gains, uncertainty, n):
    """Positions of the `n` highest gains; ties by larger uncertainty, then position."""
    shortlist = np.flatnonzero(gains >= np.partition(gains, -n)[-n])
    order = np.lexsort((-uncertainty[shortlist], -gains[shortlist]))
    return shortlist[order[:n]]


@numba.njit(cache=True, nogil=True)
def _gains(children, root_scale, n_leaves, leaf, uncertainty):
    """Gain of each row, and the row that each node passes on to its parent.

    Below every node, one row has the longest path: the sum of the worths of the nodes
    above it, up to this node. The paths of all other rows end below, and a path that
    ends is the gain of its row. -1 is passed on if no row is below.
    """
    n_nodes = len(root_scale)
    row_at = np.full(n_nodes, -1)
    mass = np.zeros(n_nodes)  # uncertainty below, near-copies once
    most = np.zeros(n_nodes)  # largest uncertainty below
    path = np.zeros(n_nodes)
    is_root = np.ones(n_nodes, np.bool_)
    gains = np.zeros(len(leaf))
    for row in range(len(leaf)):
        node = leaf[row]
        if row_at[node] < 0:
            row_at[node] = row
            mass[node] = most[node] = uncertainty[row]
    for merge in range(len(children)):
        node = n_leaves + merge
        scale = root_scale[node]
        longer, other = children[merge]
        is_root[longer] = is_root[other] = False
        path[longer] += (scale - root_scale[longer]) * mass[longer]
        path[other] += (scale - root_scale[other]) * mass[other]
        if _is_longer(path, uncertainty, row_at, other, longer):
            longer, other = other, longer
        row_at[node] = row_at[longer]
        path[node] = path[longer]
        if row_at[other] >= 0:
            gains[row_at[other]] = path[other]
        copied = (1 - scale * scale) * min(most[longer], most[other])
        mass[node] = mass[longer] + mass[other] - copied
        most[node] = max(most[longer], most[other])
    for node in range(n_nodes):
        if is_root[node] and row_at[node] >= 0:
            gains[row_at[node]] = path[node] + (1 - root_scale[node]) * mass[node]
    return gains, row_at


@numba.njit(cache=True, nogil=True)
def _is_longer(path, uncertainty, row_at, one, other):
    """Whether the path through node `one` is longer than that through `other`.

    Ties go to the larger uncertainty, then to the lower position.
    """
    row, other_row = row_at[one], row_at[other]
    if row < 0 or other_row < 0:
        return row >= 0
    if path[one] != path[other]:
        return path[one] > path[other]
    if uncertainty[row] != uncertainty[other_row]:
        return uncertainty[row] > uncertainty[other_row]
    return row < other_row


@numba.njit(cache=True, nogil=True)
def _covering(children, n_leaves, leaf, row_at, rank):
    """Rank of the pick that covers each row, or -1: that of its nearest node."""
    covering = np.full(len(row_at), -1)
    for node in range(len(row_at) - 1, -1, -1):
        if row_at[node] >= 0 and rank[row_at[node]] >= 0:
            covering[node] = rank[row_at[node]]
        if node >= n_leaves:
            for child in children[node - n_leaves]:
                covering[child] = covering[node]
    return covering[leaf]
