"""Weights of the rows of a dendrogram: more where rows lie close together."""

import numba
import numpy as np

_LARGEST = (
    4  # weight, as a multiple of that of a usual row; its inverse is the smallest
)


def density_weights(children, heights, mean_distance, n_leaves, power=1 / 4):
    """Weigh each row of a dendrogram by the density of rows around it.

    A label in a dense region tells about more rows. The weight of a leaf is
    ``(usual / first) ** power``, where ``first`` is the height of its first merge with
    a row that differs from it, and ``usual`` is the median of these heights. It is at
    least 1/4 and at most 4, so that no region counts for much more than its
    uncertainty.

    Parameters
    ----------
    children, heights, mean_distance, n_leaves
        A dendrogram, or a forest, as for `tree_coverage`. For a leaf without such a
        merge, ``first`` is `mean_distance`.

    power : float, default=1/4
        0 makes all weights 1.

    Returns
    -------
    weights : ndarray of shape (n_leaves,), float64
        1 for all leaves if all rows are equal.

    Notes
    -----
    The rule is this project's. Time and memory are linear in the number of leaves.

    Examples
    --------
    Leaves 0 and 1 merge at a sixteenth of the height at which leaf 3 joins them:

    >>> children = np.array([[0, 1], [2, 4], [3, 5]])
    >>> density_weights(children, np.array([0.25, 0.25, 4.0]), 4.0, 4)
    array([1. , 1. , 1. , 0.5])
    """
    if mean_distance == 0:
        return np.ones(n_leaves)
    first = _first_heights(children, heights, mean_distance, n_leaves)
    weights = (np.median(first) / first) ** power
    return np.clip(weights, 1 / _LARGEST, _LARGEST)


@numba.njit(cache=True, nogil=True)
def _first_heights(children, heights, mean_distance, n_leaves):
    """The lowest positive height above each leaf; `mean_distance` if there is none."""
    above = np.full(n_leaves + len(children), mean_distance)
    for merge in range(len(children) - 1, -1, -1):
        height = heights[merge]
        if height == 0:
            height = above[n_leaves + merge]
        for child in children[merge]:
            above[child] = height
    return above[:n_leaves]
