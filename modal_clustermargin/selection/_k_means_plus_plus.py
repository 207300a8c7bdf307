"""k-means++ seeding: rows drawn by their squared distance to the chosen rows."""

import numpy as np

from modal_clustermargin.selection import _sq_dist_kernels as kernels
from modal_clustermargin.selection._min_sq_dists import MinSqDists, one_thread_each

# Rejections in a row after which new weights are computed.
_MOST_REJECTED = 50


def k_means_plus_plus(A, B, n_picks, uniforms, *, first=None, device=None, show):
    """Choose distinct rows by k-means++ [1]_.

    Each row is drawn with a probability proportional to its squared distance to the
    nearest row chosen so far.

    Parameters
    ----------
    A : ndarray of shape (n_rows, n_features), float32 or float64
        Finite.

    B : ndarray of shape (n_rows, n_others) of the same type, or None
        If given, the rows are the outer products of the rows of A and B, which are
        never formed.

    n_picks : int
        At most n_rows.

    uniforms : iterator of float in [0, 1)
        Random numbers, read as needed.

    first : int, default=None
        The first row to choose. None is the longest row; ties go to the first row.

    device : torch.device or None, default=None
        CUDA device, or None for the processor. The picks are the same.

    show : callable
        Called with the number of rows chosen.

    Returns
    -------
    picks : ndarray of shape (n_picks,), dtype=intp
        In the order chosen. If every remaining row equals a chosen row, all remaining
        rows are equally likely.

    sq_dists : ndarray of shape (n_picks,), dtype=float64
        Squared distance of each pick to the nearest row chosen before it; the squared
        length of the first pick.

    Notes
    -----
    Rows are drawn by rejection sampling: a row is proposed by a stale upper bound on
    its squared distance, and accepted with probability current / stale. So the
    probabilities are exactly those of k-means++, and few distances are computed.

    References
    ----------
    .. [1] D. Arthur, S. Vassilvitskii, "k-means++: The advantages of careful
       seeding", SODA 2007.
    """
    picks = np.empty(n_picks, np.intp)
    sq_dists = np.empty(n_picks)
    dists = MinSqDists(A, B, device)
    sq_length = kernels.sq_lengths(*dists.rows)
    picks[0] = sq_length.argmax() if first is None else first
    sq_dists[0] = sq_length[picks[0]]
    dists.add(picks[0])
    n_picked, cumulative, n_rejected = 1, None, 0
    with one_thread_each():
        while n_picked < n_picks:
            if cumulative is None or n_rejected > _MOST_REJECTED or dists.is_stale:
                dists.refresh()
                weight = np.maximum(dists.upper, 0)
                cumulative = np.cumsum(weight)
                n_rejected = 0
                if cumulative[-1] == 0:
                    break
            row = _drawn(cumulative, next(uniforms))
            sq_dist = dists.at(row)
            if next(uniforms) * weight[row] >= sq_dist:
                n_rejected += 1
                continue
            n_rejected = 0
            picks[n_picked], sq_dists[n_picked] = row, sq_dist
            n_picked += 1
            dists.add(row)
            show(n_picked)
    left = np.flatnonzero(dists.upper >= 0)
    for place in range(n_picks - n_picked):
        other = place + int(next(uniforms) * (len(left) - place))
        left[[place, other]] = left[[other, place]]
    picks[n_picked:], sq_dists[n_picked:] = left[: n_picks - n_picked], 0
    show(n_picks)
    return picks, sq_dists


def _drawn(cumulative, uniform):
    """The row drawn by a uniform number in [0, 1), from cumulative weights."""
    row = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    # The product may be rounded up to the whole sum.
    return min(row, np.searchsorted(cumulative, cumulative[-1]))
