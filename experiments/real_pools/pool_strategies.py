"""Strategies that know the whole pool of a study: its clusters are computed once.

`compare` gives a strategy the rows that are not labelled, which differ from seed to
seed. `OfWholePool` fits a strategy on all rows first, so that all seeds share one
clustering, kept on disk, and labelled rows keep their place in it.
"""

import inspect

import numpy as np
from coverage_variants import CoverageVariant
from former_auto import FormerAuto

from modal_clustermargin import clustering, strategies
from modal_clustermargin.datasets import load_data
from modal_clustermargin.pools import row_keys

_OWN = {"FormerAuto": FormerAuto, "CoverageVariant": CoverageVariant}


class OfWholePool:
    """A strategy of the package, fitted on all rows of a data set.

    Parameters
    ----------
    kind : str
        A class of `modal_clustermargin.strategies`, "FormerAuto" or "CoverageVariant".

    data : dict
        Arguments of `load_data`, without the seed.

    memory : path-like
        Folder that keeps clusters and neighbours.

    random_state : int
        Seed of the data and of the strategy.

    **options
        Parameters of the class.
    """

    def __init__(self, kind, data, memory, random_state=0, **options):
        self.kind = kind
        self.data = data
        self.memory = memory
        self.random_state = random_state
        self.options = options
        self.strategy_ = None
        strategy_class(kind)  # raises if there is no such class

    def __call__(self, classifier, X_pool, n_instances):
        if self.strategy_ is None:
            self.fit()
        if "graph" in self._known():
            X = self._rows()
            self.strategy_.set_params(labelled=X[left_rows(X, X_pool)])
        return self.strategy_(classifier, X_pool, n_instances)

    def fit(self):
        """Make the strategy, and let it cluster the whole pool."""
        known, X = self._known(), self._rows()
        # Every seed must have other draws, and not those of the first labels.
        draws = np.random.SeedSequence([self.random_state, 1]).generate_state(4)
        usual = {
            "clustering": full_tree(self.memory),
            "embedding": rows_as_embeddings,
            "random_state": np.random.RandomState(draws),
        }
        usual = {name: value for name, value in usual.items() if name in known}
        if "graph" in known:
            graph = clustering.NeighborGraph(memory=self.memory)
            usual["graph"] = graph.fit(rows_as_embeddings(None, X))
        self.strategy_ = strategy_class(self.kind)(**(usual | self.options))
        if hasattr(self.strategy_, "fit"):
            self.strategy_.fit(X)
        return self

    def _known(self):
        return inspect.signature(strategy_class(self.kind)).parameters

    def _rows(self):
        return load_data(**self.data, random_state=self.random_state).X


def strategy_class(kind):
    """A class by its name."""
    found = _OWN.get(kind) or getattr(strategies, kind, None)
    if found is None:
        raise ValueError(
            f"The study needs {kind} in modal_clustermargin.strategies, which has none."
            " Leave that strategy out."
        )
    return found


def full_tree(memory):
    """Average linkage that keeps the whole dendrogram on disk, for any cut."""
    return clustering.AverageLinkage(compute_full_tree=True, memory=memory)


def rows_as_embeddings(classifier, X):
    """The rows themselves: they are features already."""
    return np.reshape(X, (len(X), -1))


def left_rows(X, X_pool):
    """Positions of the rows of `X` that are missing in `X_pool`, in the same order."""
    keys, left, place = row_keys(X), [], 0
    pool_keys = row_keys(X_pool)
    for row, key in enumerate(keys):
        if place < len(pool_keys) and key == pool_keys[place]:
            place += 1
        else:
            left.append(row)
    return np.array(left, np.intp)
