"""The embeddings that a strategy would take, and the seconds they took."""

import time

from modal_clustermargin.strategies._embeddings import pool_embeddings


class TimedEmbedding:
    """As `embedding` of a strategy: the classifier's own embeddings, timed.

    Attributes
    ----------
    seconds : float
        Of all calls since it was last set to 0.
    """

    def __init__(self):
        self.seconds = 0.0

    def __call__(self, classifier, X):
        """Embeddings of `X`, as the strategy would get them by itself."""
        since = time.perf_counter()
        embeddings, _ = pool_embeddings(None, classifier, X, "modal-clustermargin")
        self.seconds += time.perf_counter() - since
        return embeddings

    def __sklearn_clone__(self):
        return self
