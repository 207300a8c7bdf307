"""How ASVP asks its selector: about a proxy and features instead of a network."""

import numpy as np
from sklearn.exceptions import NotFittedError

from modal_clustermargin.pools import StoredRows, n_rows
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import checked_matrix, embed

_BLOCK_ROWS = 8192


class ProxyLearner:
    """The classifier that a selector sees, with labelled rows as a learner has them.

    A proxy of None is one that is not fitted: it embeds rows but does not predict.
    """

    def __init__(self, proxy, X_training=None, y_training=None):
        self.proxy = proxy
        self.X_training = X_training
        self.y_training = y_training

    def predict_proba(self, X):
        """Class probabilities of rows of features."""
        if self.proxy is None:
            raise NotFittedError("There are no labels to train a proxy on.")
        return self.proxy.predict_proba(np.asarray(X) if _is_stored(X) else X)

    def embed(self, X):
        """Embeddings of the proxy; stored features are read in blocks."""
        if self.proxy is None:
            return np.asarray(X)
        if not _is_stored(X):
            return _embed(self.proxy, X)
        starts = range(0, len(X), _BLOCK_ROWS)
        blocks = (X[start : start + _BLOCK_ROWS] for start in starts)
        return np.vstack([_embed(self.proxy, block) for block in blocks])


def _embed(proxy, X):
    """Hidden layer of the proxy, or what takes its place."""
    return checked_matrix(embed(proxy, X), n_rows(X), "ASVP")


def _is_stored(X):
    return isinstance(X, StoredRows)


def ask_selector(selector, learner, pool, n_instances, ids):
    """Return ``(indices, metrics)`` of a selector; metrics are zeros if it has none.

    A callable takes ``(classifier, X_pool, n_instances)`` and returns positions, or a
    tuple that begins with positions.
    """
    if isinstance(selector, QueryStrategy):
        return selector.pick_with_metrics(learner, pool, n_instances, ids)
    answer = selector(learner, pool.X, n_instances)
    indices, metrics = answer if isinstance(answer, tuple) else (answer, None)
    indices = np.asarray(indices)
    n_found = len(np.unique(indices[(indices >= 0) & (indices < len(ids))]))
    is_sound = indices.shape == (n_instances,) and indices.dtype.kind in "iu"
    if not is_sound or n_found < n_instances:
        raise ValueError(
            f"ASVP asked its selector for {n_instances} different positions in a pool"
            f" of {len(ids)} and got {indices.dtype} of shape {indices.shape},"
            f" {n_found} of them different and in the pool."
        )
    if np.shape(metrics) != indices.shape:  # a learner's query returns rows
        metrics = np.zeros(n_instances)
    return indices, metrics


def set_seed(estimator, seed):
    """Set each ``random_state`` that is None to this seed; return the estimator."""
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    for name, value in sorted(parameters.items()):
        if name.rpartition("__")[2] == "random_state" and value is None:
            estimator.set_params(**{name: int(seed)})
    return estimator
