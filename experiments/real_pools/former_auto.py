"""Cluster-Margin with the first "auto" rule of this project, to compare with.

The rule chose the number of candidates by how alike the margins of near rows are. It
was tuned on the synthetic pools of the package, and is below margin sampling on real
data, so the package does not have it any more.
"""

import math

import numpy as np
from sklearn.base import clone

from modal_clustermargin.pools import KeyIndex, open_pool, pool_keys
from modal_clustermargin.selection import deal_round_robin, lowest
from modal_clustermargin.strategies import QueryStrategy, pool_margins

_GROUP_SIZE = 3  # mean rows of the groups in which margins are compared
_FEWEST_PER_PICK, _MOST_PER_PICK = 2, 10


class FormerAuto(QueryStrategy):
    """Cluster-Margin with ``2 + 8 * r**16`` candidates for each label.

    r is the share of the variance of margins that lies between groups of near rows.

    Parameters
    ----------
    clustering : AverageLinkage
        It is not fitted, and clusters the rows of the pool.

    random_state : int, RandomState or None, default=None
    """

    _parameter_constraints = {
        "clustering": "no_validation",
        "random_state": ["random_state"],
    }

    def __init__(self, clustering, *, random_state=None):
        self.clustering = clustering
        self.random_state = random_state

    def fit(self, X_pool):
        """Cluster the whole pool, before any row is labelled."""
        with open_pool(X_pool, "FormerAuto") as pool:
            keys, first = np.unique(pool_keys(pool, None), return_index=True)
        rows = np.reshape(X_pool, (len(X_pool), -1))
        fine = clone(self.clustering).set_params(mean_cluster_size=_GROUP_SIZE)
        self._clusters = clone(self.clustering).fit(rows).labels_[first]
        self._groups = fine.fit(rows).labels_[first]
        self._index = KeyIndex()
        self._index.add(keys, np.arange(len(keys)))
        return self

    def _select(self, classifier, pool, n_instances, ids):
        rng = self._generator()
        margin = pool_margins(classifier, pool, multilabel="mean", who="FormerAuto")
        place = self._index.find(pool_keys(pool, None))
        if (place < 0).any():
            raise ValueError(
                "FormerAuto needs the rows that it was fitted on; got"
                f" {np.count_nonzero(place < 0)} others of {len(place)}."
            )
        cluster = self._clusters[place]
        if margin is None:
            margin = np.zeros(len(cluster))
            candidates = np.arange(len(cluster))
        else:
            n_candidates = number_of_candidates(
                margin, self._groups[place], n_instances
            )
            candidates = lowest(margin, n_candidates)
        present, labels = np.unique(cluster[candidates], return_inverse=True)
        picks, _ = deal_round_robin(
            labels,
            n_instances,
            order=rng.permutation(len(candidates)),
            cluster_order=rng.permutation(len(present)),
        )
        indices = candidates[picks]
        return indices, margin[indices]


def number_of_candidates(margins, groups, n_instances):
    """One for the first pick and 2 to 10 for each other, at most 2/3 of the pool."""
    alike = intraclass_correlation(margins, groups) ** 16
    spread = _MOST_PER_PICK - _FEWEST_PER_PICK
    per_pick = round(_FEWEST_PER_PICK + spread * alike, 1)
    n_candidates = math.ceil(1 + per_pick * (n_instances - 1))
    most = max(math.ceil(2 * len(margins) / 3), n_instances)
    return min(n_candidates, most)


def intraclass_correlation(values, labels):
    """The share of the variance of values that lies between groups, in [0, 1].

    The estimate by one-way analysis of variance for groups of unequal sizes. 0 if every
    row has its own group, or if there is only one group or one value.
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
