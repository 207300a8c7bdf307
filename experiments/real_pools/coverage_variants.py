"""Variants of tree coverage, tried on tuning seeds.

Each changes the uncertainty that the rows of a dendrogram have; the sweep is that of
the package.
"""

import numba
import numpy as np
from sklearn.base import clone

from modal_clustermargin.pools import KeyIndex, open_pool, pool_keys
from modal_clustermargin.selection import density_weights, tree_coverage
from modal_clustermargin.strategies import QueryStrategy


class CoverageVariant(QueryStrategy):
    """Tree coverage with another uncertainty.

    Parameters
    ----------
    clustering : AverageLinkage
        It is not fitted, has a full tree, and clusters the rows of the pool.

    measure : {"margin", "entropy", "least_confidence"}, default="margin"

    temperature : float, default=1
        Probabilities are raised to 1 / temperature and scaled to sum to one.

    power : float, default=1
        Power of the uncertainty.

    labelled : float, default=0
        Labelled rows cover others: the uncertainty is multiplied by the scale of the
        lowest node that a row shares with a labelled row, to this power.

    density : float, default=1/4
        Power of the density; 0 leaves it out.
    """

    def __init__(
        self,
        clustering,
        *,
        measure="margin",
        temperature=1,
        power=1,
        labelled=0,
        density=1 / 4,
    ):
        self.clustering = clustering
        self.measure = measure
        self.temperature = temperature
        self.power = power
        self.labelled = labelled
        self.density = density

    def fit(self, X_pool):
        """Cluster the whole pool, before any row is labelled."""
        rows = np.reshape(X_pool, (len(X_pool), -1))
        self.clustering_ = clone(self.clustering).fit(rows)
        with open_pool(X_pool, "CoverageVariant") as pool:
            keys, first = np.unique(pool_keys(pool, None), return_index=True)
        self._index = KeyIndex()
        self._index.add(keys, first)
        return self

    def _select(self, classifier, pool, n_instances, ids):
        tree = self.clustering_
        leaf = self._index.find(pool_keys(pool, None))
        proba = np.asarray(classifier.predict_proba(pool.X), np.float64)
        proba = proba ** (1 / self.temperature)
        proba /= proba.sum(axis=1, keepdims=True)
        uncertainty = _MEASURES[self.measure](proba) ** self.power
        n_leaves = tree.n_leaves_
        if self.labelled:
            is_labelled = np.ones(n_leaves, bool)
            is_labelled[leaf] = False
            scale = np.minimum(1, tree.distances_ / tree.mean_distance_)
            shared = _shared_scale(tree.children_, scale, is_labelled)
            uncertainty = uncertainty * shared[leaf] ** self.labelled
        weights = density_weights(
            tree.children_,
            tree.distances_,
            tree.mean_distance_,
            n_leaves,
            self.density,
        )
        uncertainty = uncertainty * weights[leaf]
        picks, gains, _ = tree_coverage(
            tree.children_,
            tree.distances_,
            tree.mean_distance_,
            n_leaves,
            leaf,
            uncertainty,
            n_instances,
        )
        return picks, gains


def _margin(proba):
    two = np.sort(proba, axis=1)[:, -2:]
    return 1 - (two[:, 1] - two[:, 0])


_MEASURES = {
    "margin": _margin,
    "entropy": lambda proba: (
        -(proba * np.log(np.maximum(proba, 1e-300))).sum(axis=1)
        / np.log(proba.shape[1])
    ),
    "least_confidence": lambda proba: 1 - proba.max(axis=1),
}


@numba.njit
def _shared_scale(children, scale, is_labelled):
    """Scale of the lowest node that each leaf shares with a labelled leaf, or 1."""
    n_leaves = len(is_labelled)
    n_nodes = n_leaves + len(children)
    has_label = np.zeros(n_nodes, np.bool_)
    has_label[:n_leaves] = is_labelled
    for merge in range(len(children)):
        a, b = children[merge]
        has_label[n_leaves + merge] = has_label[a] or has_label[b]
    shared = np.ones(n_nodes)
    for merge in range(len(children) - 1, -1, -1):
        node = n_leaves + merge
        if has_label[node]:
            shared[node] = scale[merge]
        for child in children[merge]:
            shared[child] = shared[node]
    return shared[:n_leaves]
