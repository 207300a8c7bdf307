"""Random sampling: the baseline for all other strategies."""

import numpy as np

from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._sampling_function import sampling_function


class RandomSampling(QueryStrategy):
    """Label rows drawn uniformly at random, without replacement.

    Parameters
    ----------
    random_state : int, RandomState or None, default=None
        An integer gives the same rows for the same pool size at every call.

    Examples
    --------
    >>> from modal_clustermargin.strategies import RandomSampling
    >>> picks = RandomSampling(random_state=0)(None, [[0], [1], [2], [3]], 2)
    >>> len(set(picks))
    2
    """

    _parameter_constraints = {"random_state": ["random_state"]}

    def __init__(self, *, random_state=None):
        self.random_state = random_state

    def _select(self, classifier, pool, n_instances, ids):
        rng = self._generator()
        indices = rng.choice(len(pool), n_instances, replace=False)
        return indices, np.zeros(n_instances)


random_sampling = sampling_function(RandomSampling, "random_sampling")
