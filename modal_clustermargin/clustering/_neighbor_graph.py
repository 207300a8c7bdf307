"""`NeighborGraph`: the nearest neighbours of all rows of a pool."""

from numbers import Integral

from sklearn.utils.validation import check_is_fitted

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.clustering._cache import cached_arrays
from modal_clustermargin.clustering._merges import collapse_duplicates
from modal_clustermargin.clustering._nearest_rows import (
    lists_of_leaves,
    lists_of_samples,
    nearest_rows,
)
from modal_clustermargin.clustering._rows import SQ_DISTS_PER_UNIT, prepare_rows
from modal_clustermargin.clustering._rows_estimator import RowsEstimator
from modal_clustermargin.pools import row_keys


class NeighborGraph(RowsEstimator):
    """The nearest neighbours of all rows of a pool, computed once.

    Parameters
    ----------
    n_neighbors : int, default=32
        Number of neighbours of each sample, at most n_samples - 1.

    metric : {"cosine", "sqeuclidean"}, default="cosine"
        Distance between samples, as for `AverageLinkage`. A row of zeros has cosine
        distance 1 to every other row that is not zero.

    neighbors : {"exact", "approximate"}, default="exact"
        "approximate" finds the share `recall` of the neighbours; `recall_` is the share
        found. The search is exact if an approximate search would not be much cheaper
        (below about 9,000 rows).

    recall : float in (0, 1], default=0.99
        Share of the neighbours to find with ``neighbors="approximate"``, estimated on
        at least 1,024 samples.

    device : str or torch.device, default=None
        Device of large exact searches: "cpu", "cuda" or "cuda:N". None uses a CUDA
        device if there is one and the search is large enough for the import of torch.

    memory : str, path-like or joblib.Memory, default=None
        Folder that stores the graph on disk. `fit` reads the stored graph of the same
        `X`, `n_neighbors`, `metric` and `recall`. A damaged or foreign file is
        replaced, with a warning. Only the location of a Memory is used.

    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    indices_ : ndarray of shape (n_samples, n_neighbors), dtype=int32
        Neighbours of each sample, nearest first, without the sample itself. Neighbours
        at the same distance are in the order of their positions. Lists with fewer
        neighbours are padded with -1: if there are fewer distinct rows, or if an
        approximate search finds fewer.

    distances_ : ndarray of shape (n_samples, n_neighbors), dtype=float64
        Distance to each neighbour, in units of the metric; padded with infinity.

    first_copy_ : ndarray of shape (n_samples,), dtype=int32
        The first sample that equals each sample: the sample itself if there is none
        before it.

    recall_ : float
        Share of the neighbours that were found, estimated on at least 1,024 samples; 1
        if the search was exact.

    fit_seconds_ : float
        Duration of `fit` in seconds.

    n_features_in_ : int
        Number of columns of `X`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of `X`, if all are strings.

    Notes
    -----
    Equal samples are searched for once. A list holds at most one sample of each group
    of equal samples: the first one. (So 10,000 copies of a row are not each other's
    only neighbours.) A sample that has copies lists one of them, at distance 0: the
    first, or the second if it is the first itself. The rest of its list is that of the
    first. For the metric "cosine", samples are equal if they are equal after they are
    scaled to length one.

    Rows are converted to float32 unless their dtype is more precise, and every distance
    is summed in float64. The memory is O(n_samples (n_features + n_neighbors)).

    Examples
    --------
    >>> from modal_clustermargin.clustering import NeighborGraph
    >>> X = [[0.0], [1.0], [3.0], [7.0]]
    >>> graph = NeighborGraph(2, metric="sqeuclidean").fit(X)
    >>> graph.indices_
    array([[1, 2],
           [0, 2],
           [1, 0],
           [2, 1]], dtype=int32)
    >>> graph.distances_
    array([[ 1.,  9.],
           [ 1.,  4.],
           [ 4.,  9.],
           [16., 36.]])
    >>> graph.find([[7.0], [2.0]])
    array([ 3, -1])
    """

    _parameter_constraints = {
        **RowsEstimator._parameter_constraints,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions({"cosine", "sqeuclidean"})],
    }

    def __init__(
        self,
        n_neighbors=32,
        *,
        metric="cosine",
        neighbors="exact",
        recall=0.99,
        device=None,
        memory=None,
        verbose=False,
    ):
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.neighbors = neighbors
        self.recall = recall
        self.device = device
        self.memory = memory
        self.verbose = verbose

    def _fit_rows(self, X, pool, search):
        search.may_limit_reach = False
        self.indices_, self.distances_, self.first_copy_, *numbers = cached_arrays(
            self.memory,
            "neighbor-graph",
            X,
            (self.metric, self.n_neighbors, search.recall),
            ("indices", "distances", "first_copy", "recall", "relative_cost"),
            lambda: self._search(X, search),
        )
        self.recall_, self._relative_cost = map(float, numbers)

    def find(self, X):
        """The fitted row that each row of `X` equals.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows in any order, for instance those of a later pool. Fitted rows are
            recognised by their content, so they need the same dtype as in `fit`.

        Returns
        -------
        rows : ndarray of shape (n_samples,), dtype=int64
            The first fitted row that each row equals; -1 for new rows.
        """
        check_is_fitted(self)
        return self._fitted_rows.find(row_keys(self._new_rows(X)))

    def check_parameters(self, n_samples):
        super().check_parameters(n_samples)
        if self.n_neighbors >= n_samples:
            raise ValueError(
                f"NeighborGraph cannot find n_neighbors={self.n_neighbors} neighbours"
                f" of each row among the others of n_samples={n_samples} rows. Set"
                f" n_neighbors to at most {n_samples - 1}."
                if n_samples > 1
                else "NeighborGraph needs at least two rows; got n_samples=1."
            )

    def _lists_of_leaves(self, leaf, search):
        """The lists of distinct rows, as though `search` had found them."""
        search.reached, search.relative_cost = self.recall_, self._relative_cost
        sq_dists = self.distances_ * SQ_DISTS_PER_UNIT[self.metric]
        return lists_of_leaves(self.indices_, sq_dists, leaf)

    def _search(self, X, search):
        """The arrays to store."""
        rows, leaf, _ = collapse_duplicates(prepare_rows(X, self.metric))
        found = nearest_rows(rows, self.n_neighbors, search)
        indices, distances, first_copy = lists_of_samples(
            *found, leaf, self.n_neighbors
        )
        distances /= SQ_DISTS_PER_UNIT[self.metric]
        return indices, distances, first_copy, search.reached, search.relative_cost
