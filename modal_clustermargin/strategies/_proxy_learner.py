"""What a selector asks in the place of the learner."""

import numpy as np
from sklearn.exceptions import NotFittedError

from modal_clustermargin.pools import StoredRows
from modal_clustermargin.strategies._embeddings import pool_embeddings

_BLOCK_ROWS = 8192


class ProxyLearner:
    """A classifier of features out of a store, or of rows as they are.

    Parameters
    ----------
    proxy : classifier or None
        None is one that is not fitted: it has features and no probabilities.

    X_training : array-like of shape (n_labelled, n_features)
        Features of the labelled rows.

    y_training : array-like of shape (n_labelled,)
    """

    def __init__(self, proxy, X_training, y_training):
        self.proxy = proxy
        self.X_training = X_training
        self.y_training = y_training

    def predict_proba(self, X):
        """Class probabilities of rows of features."""
        if self.proxy is None:
            raise NotFittedError("There are no labels to train a proxy on.")
        return self.proxy.predict_proba(np.asarray(X) if _is_stored(X) else X)

    def embed(self, X):
        """Hidden layer of the proxy, or what stands for it; read in blocks."""
        if self.proxy is None:
            return np.asarray(X)
        if not _is_stored(X):
            return pool_embeddings(None, self.proxy, X, "ASVP")[0]
        starts = range(0, len(X), _BLOCK_ROWS)
        blocks = (np.asarray(X[start : start + _BLOCK_ROWS]) for start in starts)
        return np.vstack(
            [pool_embeddings(None, self.proxy, block, "ASVP")[0] for block in blocks]
        )


def _is_stored(X):
    return isinstance(X, StoredRows)
