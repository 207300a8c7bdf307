"""`AverageLinkage`: the scikit-learn clusterer."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import ClusterMixin, clone
from sklearn.utils.validation import check_is_fitted

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.clustering._cache import cached_arrays
from modal_clustermargin.clustering._merges import (
    check_fits_in_memory,
    clusters_of,
    merges_of,
    n_merges_within,
)
from modal_clustermargin.clustering._nearest_clusters import nearest_clusters
from modal_clustermargin.clustering._neighbor_graph import NeighborGraph
from modal_clustermargin.clustering._rows_estimator import RowsEstimator
from modal_clustermargin.pools import row_blocks, row_keys

DEFAULT_CLUSTER_SIZE = 10


class AverageLinkage(ClusterMixin, RowsEstimator):
    """Average-linkage clustering of embeddings in linear memory.

    The clustering is agglomerative: the two clusters with the smallest mean distance
    over all pairs of their samples merge, until a stopping rule holds. For the metrics
    "cosine" and "sqeuclidean", no distance matrix is computed, so memory suffices for
    hundreds of thousands of rows; the partition is that of scipy, fastcluster and
    scikit-learn. For millions of rows, an approximate search for neighbours is faster.

    Parameters
    ----------
    metric : {"cosine", "sqeuclidean", "euclidean"}, default="cosine"
        Distance between samples. A row of zeros has cosine distance 1 to every other
        row that is not zero. "euclidean" needs all n**2 / 2 distances, and raises an
        error if they do not fit in memory.

    distance_threshold : float, default=None
        Largest distance at which clusters merge, in units of the metric.

    n_clusters : int, default=None
        Number of clusters at which merging stops.

    mean_cluster_size : float, default=None
        Average number of samples per cluster at which merging stops: at ``max(1,
        floor(n_samples / mean_cluster_size))`` clusters, or fewer if merges tie with
        the last merge (so equal rows stay together). At most one of the three stopping
        rules may be given; the default is a mean cluster size of 10.

    compute_full_tree : bool, default=False
        Whether `children_` and `distances_` hold the merges after the stopping rule,
        too, up to one cluster of all samples. `labels_` are the same. Merges cost
        little beside the search for neighbours.

    neighbors : {"exact", "approximate"}, default="exact"
        Search for the nearest neighbours of all samples. "approximate" finds the share
        `recall` of the neighbours and ignores the others, so the partition may differ
        slightly; `recall_` is the share found. The search is always exact for
        "euclidean", and if an approximate search would not be much cheaper (below about
        9,000 rows).

    recall : float in (0, 1], default=0.99
        Share of the neighbours to find with ``neighbors="approximate"``. The neighbours
        are the 17 nearest of each sample, as far as they are within
        `distance_threshold`; without a threshold, within the median distance to the 8th
        neighbour. The share is estimated on at least 1,024 samples; the estimate is
        rough if they have few such neighbours.

    graph : NeighborGraph, default=None
        The neighbour graph of the samples, so that the graph and the clusters need one
        search. An unfitted graph is fitted in `fit`, as a clone: `graph_`. A fitted
        graph is used as it is, and must be fitted to the same rows. (A clone of this
        clusterer has an unfitted graph; with its own `memory`, the graph is read from
        disk.) The clusters are the same up to ties. A graph with fewer than 17
        neighbours saves less time.

    device : str or torch.device, default=None
        Device of large exact searches: "cpu", "cuda" or "cuda:N". None uses a CUDA
        device if there is one and the search is large enough for the import of torch.
        The clusters are the same up to ties within the rounding of float32.

    memory : str, path-like or joblib.Memory, default=None
        Folder that stores the merges on disk. `fit` reads stored merges of the same
        `X`, metric, stopping rule and `recall`; with `compute_full_tree`, of any
        stopping rule. A damaged or foreign file is replaced,
        with a warning. Only the location of a Memory is used.

    verbose : bool, default=False
        Whether to show progress bars.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), dtype=intp
        Cluster of each sample, numbered from 0 in the order of their first
        samples.

    n_clusters_ : int
        Number of clusters.

    children_ : ndarray of shape (n_merges, 2), dtype=int64
        The merges, lowest first, as in
        :class:`sklearn.cluster.AgglomerativeClustering`: numbers below n_samples are
        samples, and merge i makes node ``n_samples + i``. The first ``n_samples -
        n_clusters_`` merges make the clusters of `labels_`; there are no others unless
        `compute_full_tree`.

    distances_ : ndarray of shape (n_merges,)
        Mean distance between the two clusters of each merge, in units of the metric;
        never decreasing. With approximate neighbours, a merge that is found too late
        gets the height of the merge before it.

    distance_threshold_ : float
        Largest distance at which `predict` assigns a row to a cluster: the parameter
        `distance_threshold`, or else the height of the last merge that the stopping
        rule allows (0 without merges).

    mean_distance_ : float
        Mean distance over all pairs of samples, in units of the metric.

    recall_ : float
        Share of the nearest neighbours that were found, estimated on at least 1,024
        samples: the lowest share of all searches, or 1 if all were exact. The estimate
        is rough if few samples have a neighbour within `distance_threshold`.

    graph_ : NeighborGraph or None
        The fitted `graph`; None without a `graph`.

    fit_seconds_ : float
        Duration of `fit` in seconds.

    n_leaves_ : int
        Number of samples.

    n_features_in_ : int
        Number of columns of `X`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of `X`, if all are strings.

    Notes
    -----
    The mean squared distance over all pairs of two clusters is the squared distance of
    their means plus the mean squared distance of each cluster to its mean, so
    ``n_features + 2`` numbers represent a cluster. A priority queue of clusters [1]_
    finds the lowest merge first; each cluster has a short list of its nearest
    neighbours. Most of the time is one exact search for the nearest neighbours of all
    samples; the memory is O(n_samples (n_features + 16)). The order of exactly tied
    merges depends only on the data.

    Rows are converted to float32 unless their dtype is more precise, and every distance
    is summed in float64.

    References
    ----------
    .. [1] D. Müllner, "Modern hierarchical, agglomerative clustering
       algorithms", 2011, :arxiv:`1109.2378`.

    Examples
    --------
    >>> from modal_clustermargin.clustering import AverageLinkage
    >>> X = [[1, 0], [2, 0.1], [0, 1], [0, 3], [-1, 0]]
    >>> AverageLinkage(distance_threshold=0.1).fit_predict(X)
    array([0, 0, 1, 1, 2])
    """

    _parameter_constraints = {
        **RowsEstimator._parameter_constraints,
        "metric": [StrOptions({"cosine", "sqeuclidean", "euclidean"})],
        "distance_threshold": [Interval(Real, 0, None, closed="left"), None],
        "n_clusters": [Interval(Integral, 1, None, closed="left"), None],
        "mean_cluster_size": [Interval(Real, 1, None, closed="left"), None],
        "compute_full_tree": ["boolean"],
        "graph": [NeighborGraph, None],
    }

    def __init__(
        self,
        metric="cosine",
        *,
        distance_threshold=None,
        n_clusters=None,
        mean_cluster_size=None,
        compute_full_tree=False,
        neighbors="exact",
        recall=0.99,
        graph=None,
        device=None,
        memory=None,
        verbose=False,
    ):
        self.metric = metric
        self.distance_threshold = distance_threshold
        self.n_clusters = n_clusters
        self.mean_cluster_size = mean_cluster_size
        self.compute_full_tree = compute_full_tree
        self.neighbors = neighbors
        self.recall = recall
        self.graph = graph
        self.device = device
        self.memory = memory
        self.verbose = verbose

    def _fit_rows(self, X, pool, search):
        n_samples = len(X)
        rule, value = self._stopping_rule()
        self.graph_ = self._graph_of(X, pool)
        # The merges up to the root serve every stopping rule.
        up_to = ("n_clusters", 1) if self.compute_full_tree else (rule, value)
        recalls = search.recall, *self._graph_recall()
        self.children_, self.distances_, recall = cached_arrays(
            self.memory,
            "average-linkage",
            X,
            (self.metric, up_to[0], float(up_to[1]), *recalls),
            ("children", "heights", "recall"),
            lambda: merges_of(
                X, self.metric, *up_to, search, self.verbose, self.graph_
            ),
        )
        self.recall_ = float(recall)
        n_merges = n_merges_within(self.distances_, n_samples, rule, value)
        self.n_leaves_ = n_samples
        self.n_clusters_ = n_samples - n_merges
        self.labels_ = clusters_of(self.children_[:n_merges], n_samples)
        if rule == "distance_threshold":
            self.distance_threshold_ = float(value)
        else:
            self.distance_threshold_ = float(self.distances_[:n_merges].max(initial=0))
        self._clusters = nearest_clusters(X, self.labels_, self.metric)
        self.mean_distance_ = self._clusters.mean_distance

    def predict(self, X):
        """Assign each row to the nearest cluster by average linkage.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New rows. A fitted row may be nearer to another cluster than to its own;
            `labels_` holds the clusters of fitted rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,), dtype=intp
            -1 where no cluster is within `distance_threshold_`. Ties go to the lowest
            number.
        """
        check_is_fitted(self)
        return self._nearest(self._new_rows(X))

    def assign(self, X, *, return_rows=False):
        """Assign fitted rows to their clusters, and new rows to the nearest cluster.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Fitted and new rows in any order. Fitted rows are recognised by their
            content, so they need the same dtype as in `fit`.

        return_rows : bool, default=False
            Whether to return `rows`, too.

        Returns
        -------
        labels : ndarray of shape (n_samples,), dtype=intp
            From `labels_` for fitted rows, and from `predict` (which may give -1) for
            other rows.

        rows : ndarray of shape (n_samples,), dtype=int64
            The first fitted row that each row equals; -1 for new rows.
        """
        check_is_fitted(self)
        X = self._new_rows(X)
        rows = self._fitted_rows.find(row_keys(X))
        labels = self.labels_[rows]
        new = np.flatnonzero(rows < 0)
        if len(new):
            labels[new] = self._nearest(X[new])
        return (labels, rows) if return_rows else labels

    def check_parameters(self, n_samples):
        super().check_parameters(n_samples)
        rule, value = self._stopping_rule()
        if rule == "n_clusters" and value > n_samples:
            raise ValueError(
                f"AverageLinkage cannot make n_clusters={value} clusters of"
                f" {n_samples} samples. Set n_clusters to at most {n_samples}."
            )
        if self.metric == "euclidean":
            check_fits_in_memory(n_samples)
        if self.graph is not None:
            self._check_graph(n_samples)

    def _check_graph(self, n_samples):
        graph = self.graph
        if graph.metric != self.metric:
            raise ValueError(
                f"AverageLinkage(metric={self.metric!r}) cannot use a graph of"
                f" metric={graph.metric!r}. Give both the same metric, 'cosine' or"
                " 'sqeuclidean'."
            )
        if not hasattr(graph, "indices_"):
            graph.check_parameters(n_samples)
        elif len(graph.indices_) != n_samples:
            raise ValueError(
                f"AverageLinkage got a graph of {len(graph.indices_)} rows for a pool"
                f" of {n_samples} rows. Fit the graph to this pool, or leave it"
                " unfitted."
            )

    def _graph_of(self, X, pool):
        """The parameter `graph`, fitted to the rows of the pool."""
        if self.graph is None:
            return None
        if not hasattr(self.graph, "indices_"):
            return clone(self.graph).fit(
                pool.with_rows([(slice(None), X)]) if pool.has_workers else pool
            )
        differs = np.flatnonzero(self._keys != self.graph._keys)
        if len(differs):
            raise ValueError(
                f"AverageLinkage got a graph of other rows: row {differs[0]} of X, and"
                f" {len(differs) - 1} more, are not the rows that graph was fitted to,"
                " in their order and dtype. Fit the graph to this pool, or leave it"
                " unfitted."
            )
        return self.graph

    def _graph_recall(self):
        """What distinguishes merges made with an approximate graph on disk."""
        if self.graph is None or self.graph.neighbors == "exact":
            return ()
        return (float(self.graph.recall),)

    def _stopping_rule(self):
        """Name and value of the one stopping rule."""
        rules = ("distance_threshold", "n_clusters", "mean_cluster_size")
        given = [(rule, getattr(self, rule)) for rule in rules]
        given = [(rule, value) for rule, value in given if value is not None]
        if len(given) > 1:
            named = " and ".join(f"{rule}={value}" for rule, value in given)
            raise ValueError(
                "AverageLinkage takes one of distance_threshold, n_clusters and"
                f" mean_cluster_size; got {named}. Leave the others at None."
            )
        return given[0] if given else ("mean_cluster_size", DEFAULT_CLUSTER_SIZE)

    def _nearest(self, X):
        """Nearest cluster of each row, or -1."""
        labels = np.empty(len(X), np.intp)
        search = self._make_search(0)
        for block in row_blocks(X):
            nearest, distances = self._clusters.find(X[block], search)
            within = distances <= self.distance_threshold_
            labels[block] = np.where(within, nearest, -1)
        return labels
