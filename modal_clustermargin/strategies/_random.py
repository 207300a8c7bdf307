"""Random sampling: the baseline for all other strategies."""

import numpy as np

from modal_clustermargin.strategies._base import QueryStrategy


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


def random_sampling(
    classifier, X_pool, n_instances=1, *, ids=None, random_state=None, **parameters
):
    """Choose rows by :class:`RandomSampling`, called once.

    Takes the parameters of the class by name, and returns what its call returns.
    """
    # Named, so that callers who look at the signature can pass a seed.
    strategy = RandomSampling(random_state=random_state, **parameters)
    return strategy(classifier, X_pool, n_instances, ids=ids)
