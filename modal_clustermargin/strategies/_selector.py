"""How a selector is asked, whichever kind it is, and whom it asks itself."""

from typing import Any, NamedTuple

import numpy as np

from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._proxy_learner import ProxyLearner


class Asked(NamedTuple):
    """Whom a selector asks, about which rows."""

    classifier: ProxyLearner
    X_pool: Any
    who: str  # "proxy", "network" or "nobody"


def picks_of(selector, asked, n_instances, ids):
    """What a selector picks.

    Parameters
    ----------
    selector : QueryStrategy or callable
        A callable takes ``(classifier, X_pool, n_instances)`` and returns positions, or
        a pair that begins with them.

    asked : Asked

    n_instances : int

    ids : ndarray of shape (n_pool,)
        By which a `QueryStrategy` knows rows again.

    Returns
    -------
    indices : ndarray of shape (n_instances,)

    metrics : ndarray of shape (n_instances,)
        Zeros, if a callable gives none.

    Raises
    ------
    ValueError
        If a callable does not return as many different positions in the pool.
    """
    if isinstance(selector, QueryStrategy):
        return selector._checked_picks(asked.classifier, asked.X_pool, n_instances, ids)
    answer = selector(asked.classifier, asked.X_pool, n_instances)
    indices, metrics = answer if isinstance(answer, tuple) else (answer, None)
    indices = np.asarray(indices)
    found = np.unique(indices[(indices >= 0) & (indices < len(ids))])
    is_sound = indices.shape == (n_instances,) and indices.dtype.kind in "iu"
    if not is_sound or len(found) < n_instances:
        raise ValueError(
            f"ASVP asked its selector for {n_instances} different positions in a pool"
            f" of {len(ids)} and got {indices.dtype} of shape {indices.shape},"
            f" {len(found)} of them different and in the pool."
        )
    if np.shape(metrics) != indices.shape:  # instances, for instance
        metrics = np.zeros(n_instances)
    return indices, metrics


def seeded(estimator, seed):
    """The same with this seed for each ``random_state`` that is None."""
    if not hasattr(estimator, "get_params"):
        return estimator
    for name, value in sorted(estimator.get_params().items()):
        if name.rpartition("__")[2] == "random_state" and value is None:
            estimator.set_params(**{name: int(seed)})
    return estimator
