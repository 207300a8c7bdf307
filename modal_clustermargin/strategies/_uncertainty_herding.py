"""Uncertainty Herding: rows that cover most of the uncertainty around them."""

from modal_clustermargin._param_validation import StrOptions
from modal_clustermargin.strategies._herding import HerdingStrategy
from modal_clustermargin.strategies._sampling_function import sampling_function
from modal_clustermargin.strategies._uncertainty import pool_uncertainties


class UncertaintyHerding(HerdingStrategy):
    """Label rows that cover most of the uncertainty around them.

    Uncertainty Herding [1]_. A labelled row covers the rows near it: itself fully, and
    a neighbour at distance d by ``exp(-d / s)``. Each pick is the row that adds most to
    the sum of uncertainty times coverage over the pool. So the picks are uncertain, lie
    where many other uncertain rows are, and are far from labelled rows and from each
    other.

    Only the nearest neighbours of each row are looked at. They are found once, in the
    first pool that needs them. Rows of later, smaller pools are recognised by their
    content, or by `ids`. A new row covers its nearest rows, but is not covered by them.

    While labels are few, lists of neighbours reach less than each label must cover. The
    batch is then chosen from a sample, drawn in proportion to uncertainty and weighted
    so that gains estimate those in the whole pool. It has ``2 * n_neighbors`` rows for
    each label, those of this batch included, but at most a quarter of the pool. Once
    the lists of all labels hold that many rows, the batch is chosen from the whole
    pool. This rule is this project's choice.

    Parameters
    ----------
    graph : NeighborGraph, default=None
        The neighbours of each row. A fitted instance is used as it is, and must be
        fitted to the embeddings of the pool; an instance that is not fitted is cloned.
        None means ``NeighborGraph()``: the 32 nearest by cosine distance, or all others
        in a smaller pool. An instance with a ``memory`` stores the neighbours for later
        processes.

    uncertainty : {"margin", "entropy", "least_confidence"} or callable, \
            default="margin"
        The weight of a row: 1 minus its margin; the entropy of its class probabilities
        in nats; 1 minus its highest probability; or what a function ``(classifier,
        X_pool)`` returns, one number for each row, from 0 to 1e290.

    labelled : array-like of shape (n_labelled, ...), callable or None, default=None
        The rows that are labelled already, of the same kind as the pool, or a function
        ``(classifier)`` that returns them. None takes the ``X_training`` of a modAL
        learner, or of all members of a committee. Where there is none, and beside an
        array, rows that have left the pool since `fit` or the first query count as
        labelled, too; while labels are few, only those that were picked.

    embedding : array-like of shape (n_pool, n_features), callable or None, \
            default=None
        The embeddings to measure distances between: an array for the first pool, or a
        function ``(classifier, X)`` that returns one for a pool and for labelled rows.
        None uses the classifier's ``embed``, else the output of its pipeline's steps
        before the last, else the rows themselves. With an array, later pools can have
        no new rows, and `labelled` must be given as embeddings; a learner's labelled
        rows are recognised if they were in the first pool.

    kernel_scale : float > 0, default=2
        How far rows cover each other: s is `kernel_scale` times the median distance of
        a row to its 16th neighbour, in units of the graph's metric.

    multilabel : {"mean", "min"}, default="mean"
        If the classifier gives independent probabilities of labels (rows that do not
        sum to one), the uncertainty of a row is the mean over its labels, or with "min"
        that of the label with the smallest margin.

    Attributes
    ----------
    graph_ : NeighborGraph
        The fitted graph of the whole pool; None as long as samples are enough, and for
        a pool of one row.

    last_query_ : HerdingRecord
        Gain and uncertainty of each pick of the last query, and the share of the
        uncertainty that is covered.

    See Also
    --------
    MaxHerding : The same for equal uncertainties, without a classifier.
    ClusterMargin : Covers the clusters of the pool.

    Notes
    -----
    The greedy choice covers at least 1 - 1/e of the uncertainty that the best batch of
    this size would cover. After the first query, a query costs one ``predict_proba`` of
    the pool, one fingerprint of each row, and seconds for 100,000 picks among 1,000,000
    rows. The memory is 8 bytes for each neighbour. A sample needs an exact search among
    its rows in every query, and embeddings of these and of the labelled rows. Its draw
    depends on the content of the rows alone.

    If the classifier is not fitted, all rows are equally uncertain. If only a fitted
    classifier gives embeddings, the neighbours are then those of the rows themselves,
    and the first query after the fit finds neighbours of the embeddings.

    Rows with equal embeddings are covered together, by one pick. When nothing is left
    to cover, the remaining picks are the most uncertain rows. Ties go to the first row
    of the first pool.

    References
    ----------
    .. [1] W. Bae, D. J. Sutherland, G. Gupta, "Uncertainty Herding: One Active Learning
       Method for All Label Budgets", ICLR 2025, :arxiv:`2412.20644`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from modal_clustermargin.strategies import UncertaintyHerding
    >>> X_pool = np.random.RandomState(0).normal(size=(100, 5))
    >>> classifier = LogisticRegression().fit(X_pool[:9], X_pool[:9, 0] > 0)
    >>> strategy = UncertaintyHerding()
    >>> strategy(classifier, X_pool, n_instances=4).shape
    (4,)
    >>> bool((np.diff(strategy.last_query_.gain) <= 0).all())
    True
    """

    _parameter_constraints = {
        **HerdingStrategy._parameter_constraints,
        "uncertainty": [
            StrOptions({"margin", "entropy", "least_confidence"}),
            callable,
        ],
        "multilabel": [StrOptions({"mean", "min"})],
    }

    def __init__(
        self,
        graph=None,
        *,
        uncertainty="margin",
        labelled=None,
        embedding=None,
        kernel_scale=2.0,
        multilabel="mean",
    ):
        self.graph = graph
        self.uncertainty = uncertainty
        self.labelled = labelled
        self.embedding = embedding
        self.kernel_scale = kernel_scale
        self.multilabel = multilabel

    def _uncertainties(self, classifier, pool):
        return pool_uncertainties(
            self.uncertainty,
            classifier,
            pool,
            multilabel=self.multilabel,
            who="UncertaintyHerding",
        )


uncertainty_herding_sampling = sampling_function(
    UncertaintyHerding, "uncertainty_herding_sampling"
)
