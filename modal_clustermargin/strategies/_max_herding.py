"""MaxHerding: rows that cover the pool, whatever the classifier predicts."""

from modal_clustermargin.strategies._herding import HerdingStrategy
from modal_clustermargin.strategies._sampling_function import sampling_function


class MaxHerding(HerdingStrategy):
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

    def __init__(self, graph=None, *, labelled=None, embedding=None, kernel_scale=2.0):
        self.graph = graph
        self.labelled = labelled
        self.embedding = embedding
        self.kernel_scale = kernel_scale

    def _uncertainties(self, classifier, pool):
        return None  # all rows are equally uncertain


max_herding_sampling = sampling_function(MaxHerding, "max_herding_sampling")
