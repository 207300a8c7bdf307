"""MaxHerding: rows that cover the pool, whatever the classifier predicts."""

from numbers import Real

from modal_clustermargin._param_validation import Interval
from modal_clustermargin.clustering import NeighborGraph
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._herding import Herding


class MaxHerding(QueryStrategy):
    """Label rows that cover most of the pool.

    MaxHerding [1]_: `UncertaintyHerding` with all rows equally uncertain. It uses no
    predictions, so it suits the first batch, before there is a classifier.

    Parameters
    ----------
    graph, labelled, embedding, kernel_scale :
        As in `UncertaintyHerding`.

    Attributes
    ----------
    graph_, last_query_ :
        As in `UncertaintyHerding`; uncertainties are 1.

    See Also
    --------
    UncertaintyHerding : Covers the uncertain rows first.
    CoreSet : Covers the farthest rows first, outliers among them.

    References
    ----------
    .. [1] W. Bae, J. Noh, D. J. Sutherland, "Generalized Coverage for More Robust
       Low-Budget Active Learning", ECCV 2024, :arxiv:`2407.12212`.

    Examples
    --------
    >>> from modal_clustermargin.clustering import NeighborGraph
    >>> from modal_clustermargin.strategies import MaxHerding
    >>> X_pool = [[0.0], [1.0], [2.0], [7.0], [9.0]]
    >>> strategy = MaxHerding(NeighborGraph(2, metric="sqeuclidean"))
    >>> strategy(None, X_pool, n_instances=2)
    array([1, 3])
    """

    _parameter_constraints = {
        "graph": [NeighborGraph, None],
        "labelled": ["array-like", "sparse matrix", callable, None],
        "embedding": ["array-like", callable, None],
        "kernel_scale": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, graph=None, *, labelled=None, embedding=None, kernel_scale=2.0):
        self.graph = graph
        self.labelled = labelled
        self.embedding = embedding
        self.kernel_scale = kernel_scale

    def fit(self, X_pool, y=None, *, embeddings=None, classifier=None, ids=None):
        """Find the neighbours in a pool ahead of the first query.

        Parameters
        ----------
        X_pool, y, embeddings, classifier, ids :
            As in `UncertaintyHerding.fit`.

        Returns
        -------
        self : MaxHerding
        """
        self._validate_params()
        self._herding = Herding()
        self._herding.fit(self, X_pool, embeddings, classifier, ids)
        self.graph_ = self._herding.fitted
        return self

    def _select(self, classifier, pool, n_instances, ids):
        if not hasattr(self, "_herding"):
            self._herding = Herding()
        record = self._herding.choose(
            self, classifier, pool, n_instances, ids, lambda: None
        )
        self.graph_ = self._herding.fitted
        self.last_query_ = record
        return record.indices, record.gain


def max_herding_sampling(classifier, X_pool, n_instances=1, *, ids=None, **parameters):
    """Choose rows by :class:`MaxHerding`, called once.

    Takes the parameters of the class by name, and returns what its call returns.
    """
    return MaxHerding(**parameters)(classifier, X_pool, n_instances, ids=ids)
