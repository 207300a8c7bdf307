"""k-center greedy: repeatedly choose the row farthest from all chosen rows."""

import numpy as np

from modal_clustermargin.selection import _sq_dist_kernels as kernels
from modal_clustermargin.selection._min_sq_dists import MinSqDists, one_thread_each


def k_center_greedy(rows, n_picks, *, labelled=None, first=None, device=None, show):
    """Choose rows that cover the others.

    The largest distance of a row to its nearest center, labelled or chosen, is at most
    twice the smallest possible value for as many rows [1]_.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features), float32 or float64
        Finite. Distances are Euclidean.

    n_picks : int
        At most n_rows.

    labelled : ndarray of shape (n_labelled, n_features), default=None
        Centers from the start, of the same dtype.

    first : int, default=None
        The first row to choose if there are no labelled rows.

    device : torch.device or None, default=None
        CUDA device, or None for the processor. The picks are the same.

    show : callable
        Called with the number of rows chosen.

    Returns
    -------
    picks : ndarray of shape (n_picks,), dtype=intp
        Distinct, in the order chosen. Ties go to the first row.

    sq_dists : ndarray of shape (n_picks,), dtype=float64
        Squared distance of each pick to the nearest center when it was chosen;
        infinite if there was none.

    References
    ----------
    .. [1] T. Gonzalez, "Clustering to minimize the maximum intercluster distance",
       Theoretical Computer Science, 1985.
    """
    picks = np.empty(n_picks, np.intp)
    sq_dists = np.empty(n_picks)
    dists = MinSqDists(rows, device=device)
    heap = np.arange(len(rows))
    n_picked = 0
    with one_thread_each():
        if labelled is not None and len(labelled):
            dists.add_others(labelled)
        else:
            picks[0], sq_dists[0], n_picked = first, np.inf, 1
            dists.add(first)
        row = -1
        while n_picked < n_picks:
            if row < 0 or dists.is_stale:
                dists.refresh()
                kernels.make_heap(heap, dists.upper)
            row = dists.farthest(heap)
            if row < 0:
                continue
            picks[n_picked], sq_dists[n_picked] = row, dists.upper[row]
            n_picked += 1
            dists.add(row)
            kernels.sift_down(heap, dists.upper, 0)
            show(n_picked)
    show(n_picks)
    return picks, sq_dists
