"""Weights of the rows of a dendrogram: more where rows lie close together."""

import numba
import numpy as np

# Rows, near-copies counted once, that the region around a row holds at least.
_FEWEST_ROWS = 1.5

_LARGEST = (
    4  # weight, as a multiple of that of a usual row; its inverse is the smallest
)


def density_weights(children, heights, mean_distance, n_leaves, power=1 / 4):
    """Weigh each row of a dendrogram by the density of rows around it.

    A label in a dense region tells about more rows. The weight of a leaf is
    ``(usual / reach) ** power``. The reach of a leaf is the height of the lowest node
    above it that holds at least 1.5 rows, near-copies counted once, and ``usual`` is
    the median of all reaches. So a few near-copies do not make a region dense. A weight
    is at least 1/4 and at most 4, so that no region counts for much more than its
    uncertainty.

    Parameters
    ----------
    children, heights, mean_distance, n_leaves
        A dendrogram, or a forest, as for `tree_coverage`. Rows are counted as it counts
        uncertainties that are all 1: a merge at the scale q subtracts ``1 - q``. A leaf
        without such a node reaches `mean_distance`.

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
    Leaves 0 and 1 merge at half the mean distance and hold 1.5 rows together. Leaves 2
    and 3 are near-copies, which count as 1.01 rows; both reach the root.

    >>> children = np.array([[2, 3], [0, 1], [4, 5]])
    >>> density_weights(children, np.array([0.01, 0.5, 1.0]), 1.0, 4).round(2)
    array([1.11, 1.11, 0.93, 0.93])
    """
    if mean_distance == 0:
        return np.ones(n_leaves)
    reach = _reaches(children, heights, mean_distance, n_leaves)
    weights = (np.median(reach) / reach) ** power
    return np.clip(weights, 1 / _LARGEST, _LARGEST)


@numba.njit(cache=True, nogil=True)
def _reaches(children, heights, mean_distance, n_leaves):
    n_rows = np.ones(n_leaves + len(children))  # near-copies once
    for merge in range(len(children)):
        a, b = children[merge]
        copied = max(0.0, 1 - heights[merge] / mean_distance)
        n_rows[n_leaves + merge] = n_rows[a] + n_rows[b] - copied
    reach = np.full(n_leaves + len(children), mean_distance)
    for merge in range(len(children) - 1, -1, -1):
        node = n_leaves + merge
        if n_rows[node] >= _FEWEST_ROWS:
            reach[node] = heights[merge]
        for child in children[merge]:
            reach[child] = reach[node]
    return reach[:n_leaves]
