"""`AverageLinkage`: the scikit-learn clusterer."""

import os
import time
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin, _fit_context
from sklearn.utils.validation import check_is_fitted, validate_data

from modal_clustermargin._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from modal_clustermargin.clustering._cache import MergeCache
from modal_clustermargin.clustering._dendrogram import clusters_of
from modal_clustermargin.clustering._merges import (
    check_fits_in_memory,
    merges_of,
    with_ties,
)
from modal_clustermargin.clustering._nearest_clusters import nearest_clusters
from modal_clustermargin.clustering._neighbor_search import NeighborSearch
from modal_clustermargin.clustering._rows import check_rows, check_type, row_blocks
from modal_clustermargin.distributed._worker_rows import device_of_worker
from modal_clustermargin.distributed._worker_search import WorkerSearch
from modal_clustermargin.pools import KeyIndex, open_pool, row_keys

DEFAULT_CLUSTER_SIZE = 10

# Number of products of features from which it is worth to look for a device: torch
# takes seconds, and hundreds of megabytes, to import.
_DEVICE_FROM = 1e13


class AverageLinkage(ClusterMixin, BaseEstimator):
    """Average-linkage clustering of embeddings in linear memory.

    Agglomerative: the two clusters with the smallest mean distance over all
    pairs of their samples merge, until a stopping rule holds. For the metrics
    "cosine" and "sqeuclidean" no distance matrix is made, so hundreds of
    thousands of rows fit where others need gigabytes; the partition is that of
    scipy, fastcluster and scikit-learn. For millions of rows, the search for
    neighbours can be told to find most of them instead of all.

    Parameters
    ----------
    metric : {"cosine", "sqeuclidean", "euclidean"}, default="cosine"
        Distance between samples. A row of zeros is at cosine distance 1 from
        every row that is not zero. "euclidean" needs all n**2 / 2 distances and
        is refused where they would not fit in memory.

    distance_threshold : float, default=None
        Merge clusters no farther apart than this, in units of the metric.

    n_clusters : int, default=None
        Merge until this many clusters are left.

    mean_cluster_size : float, default=None
        Merge until clusters hold this many samples on average: to
        ``max(1, floor(n_samples / mean_cluster_size))`` clusters, or fewer where
        merges tie with the last one (so equal rows stay together). At most one
        of the three rules may be given; with none, this one holds, with 10.

    neighbors : {"exact", "approximate"}, default="exact"
        How the nearest neighbours of all samples are searched for. "approximate"
        finds the share `recall` of them and merges as if these were all, so the
        partition may differ a little; `recall_` tells what was found. With
        "euclidean", and where it would not be much cheaper (as below 9,000 rows or
        so), the search is exact.

    recall : float in (0, 1], default=0.99
        With ``neighbors="approximate"``, the share of the neighbours to find: of
        the 17 nearest of each sample that are within `distance_threshold` or,
        without one, no farther than the 8th nearest of a usual sample. Estimated on
        1,024 samples or more; roughly, where these have few such neighbours.

    device : str or torch.device, default=None
        Where large exact searches run: "cpu", "cuda" or "cuda:N". None is CUDA
        if there is a device and the work is worth the import of torch. The
        clusters are the same up to ties within the rounding of float32.

    memory : str, path-like or joblib.Memory, default=None
        Folder that keeps the merges on disk, by the content of `X`, the metric,
        the stopping rule and the recall asked for; `fit` looks there first. A
        damaged or foreign file is replaced, with a warning. Of a Memory only its
        location is used.

    verbose : bool, default=False
        Show progress bars while searching and merging.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), dtype=intp
        Cluster of each sample, numbered from 0 in the order of their first
        samples.

    n_clusters_ : int
        Number of clusters.

    children_ : ndarray of shape (n_samples - `n_clusters_`, 2), dtype=int64
        The merges made, lowest first, as in
        :class:`sklearn.cluster.AgglomerativeClustering`: numbers below
        n_samples are samples, and merge i makes node ``n_samples + i``.

    distances_ : ndarray of shape (n_samples - `n_clusters_`,)
        Mean distance between the two clusters of each merge, in units of the
        metric; never decreasing. A cut below the last needs no second run. With
        approximate neighbours, a merge that was found too late has the height of
        the one before it.

    distance_threshold_ : float
        The distance within which `predict` joins a row to a cluster: that
        given, or else the height of the last merge made (0 if there was none).

    recall_ : float
        Share of the nearest neighbours that the searches found, the least of all
        searches, estimated on 1,024 samples or more each: roughly, where next to
        none of these has a neighbour within `distance_threshold`. 1 if they were
        exact.

    fit_seconds_ : float
        What `fit` took, seconds; little where `memory` had the merges.

    n_leaves_ : int
        Number of samples.

    n_features_in_ : int
        Number of columns of `X`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of `X`, if all are strings.

    Notes
    -----
    The mean squared distance over all pairs of two clusters is the squared
    distance of their means plus the mean squared distance of each to its mean,
    so a cluster is no more than ``n_features + 2`` numbers. The lowest merge is
    made first, found by a queue of clusters [1]_ that keep short lists of their
    nearest others. Time is chiefly that of one exact search for the nearest
    neighbours of all samples; memory is O(n_samples (n_features + 16)).
    Distances that tie to the last bit are merged in an order that depends on
    nothing but the data.

    Rows are worked on in float32 unless their type holds more, and every
    distance is summed in float64.

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
        "metric": [StrOptions({"cosine", "sqeuclidean", "euclidean"})],
        "distance_threshold": [Interval(Real, 0, None, closed="left"), None],
        "n_clusters": [Interval(Integral, 1, None, closed="left"), None],
        "mean_cluster_size": [Interval(Real, 1, None, closed="left"), None],
        "neighbors": [StrOptions({"exact", "approximate"})],
        "recall": [Interval(Real, 0, 1, closed="right")],
        "device": "no_validation",  # `cuda_device` knows better
        "memory": [str, os.PathLike, HasMethods(["cache"]), None],
        "verbose": ["boolean"],
    }

    def __init__(
        self,
        metric="cosine",
        *,
        distance_threshold=None,
        n_clusters=None,
        mean_cluster_size=None,
        neighbors="exact",
        recall=0.99,
        device=None,
        memory=None,
        verbose=False,
    ):
        self.metric = metric
        self.distance_threshold = distance_threshold
        self.n_clusters = n_clusters
        self.mean_cluster_size = mean_cluster_size
        self.neighbors = neighbors
        self.recall = recall
        self.device = device
        self.memory = memory
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Cluster the rows of `X`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Embeddings: any number type, or a memory map. Finite. Those of a dask
            array, or of an array in a Zarr store, are gathered here, and their
            neighbours are searched for by the workers of the current Dask client;
            if there is none, by one in this process.

        y : None
            Ignored.

        Returns
        -------
        self : AverageLinkage
        """
        with open_pool(X, "AverageLinkage", "X") as rows:
            if not rows.has_workers:
                return self._fit(rows.X, None)
            self._check_parameters(len(rows))  # before any row is read
            self._validated(rows.example())
            if self.device is not None:
                rows.workers.check(device_of_worker, self.device, False)
            return self._fit(rows.gathered(), rows.workers)

    def _fit(self, X, workers):
        since = time.perf_counter()
        X = self._validated(X)
        rule, value, cache = self._check_parameters(len(X))
        search = self._search(len(X) ** 2 * X.shape[1], workers)
        check_rows(X, "AverageLinkage")
        path = cache.path(X, (self.metric, rule, float(value), search.recall))
        merges = cache.read(path, len(X))
        if merges is None:
            cache.check_writable(path)
            merges = merges_of(X, self.metric, rule, value, search, self.verbose)
            merges = *merges, search.reached
            cache.write(path, *merges)
        self.children_, self.distances_, self.recall_ = merges
        self.n_leaves_ = len(X)
        self.n_clusters_ = len(X) - len(self.children_)
        self.labels_ = clusters_of(self.children_, len(X))
        if rule == "distance_threshold":
            self.distance_threshold_ = float(value)
        else:
            self.distance_threshold_ = float(self.distances_.max(initial=0.0))
        # What `assign` and `predict` ask for.
        keys, rows = np.unique(row_keys(X), return_index=True)
        self._fitted_rows = KeyIndex()
        self._fitted_rows.add(keys, rows)
        self._clusters = nearest_clusters(X, self.labels_, self.metric)
        self.fit_seconds_ = time.perf_counter() - since
        return self

    def predict(self, X):
        """Cluster of each row: the nearest one by average linkage.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New rows. A row that was fitted may be nearer to another cluster
            than to its own; `labels_` has the clusters of the fitted ones.

        Returns
        -------
        labels : ndarray of shape (n_samples,), dtype=intp
            -1 where no cluster is within `distance_threshold_`. Ties go to the
            lowest number.
        """
        check_is_fitted(self)
        X = self._new_rows(X)
        check_rows(X, "AverageLinkage")
        labels = np.empty(len(X), np.intp)
        search = self._search(0)
        for block in row_blocks(X):
            nearest, distances = self._clusters.find(X[block], search)
            within = distances <= self.distance_threshold_
            labels[block] = np.where(within, nearest, -1)
        return labels

    def assign(self, X):
        """Cluster of each row: its own if it was fitted, else the nearest.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, fitted ones and others in any order. Fitted rows are known by
            their content, so they must be of the number type they had then.

        Returns
        -------
        labels : ndarray of shape (n_samples,), dtype=intp
            From `labels_` for rows that were fitted; from `predict`, so
            perhaps -1, for the others.
        """
        check_is_fitted(self)
        return self._assign(X)[0]

    def _assign(self, X):
        """Cluster of each row, and its number among those fitted, or -1."""
        X = self._new_rows(X)
        rows = self._fitted_rows.find(row_keys(X))
        labels = self.labels_[rows]
        new = np.flatnonzero(rows < 0)
        if len(new):
            labels[new] = self.predict(X[new])
        return labels, rows

    def _new_rows(self, X):
        """Rows to be given clusters, here; checked but for what they hold."""
        with open_pool(X, "AverageLinkage", "X") as rows:
            if rows.has_workers:
                self._validated(rows.example(), reset=False)
            X = rows.gathered()
        return self._validated(X, reset=False)

    def _validated(self, X, reset=True):
        """Rows as scikit-learn checks them, and of a type that can be clustered."""
        if isinstance(getattr(X, "dtype", None), np.dtype):
            check_type(X.dtype, "AverageLinkage")
        return validate_data(self, X, ensure_all_finite=False, reset=reset)

    def cut(self, mean_cluster_size):
        """Smaller clusters, as `fit` would have made them: a cut below the last.

        Parameters
        ----------
        mean_cluster_size : float >= 1
            As the parameter of that name. Where `labels_` has clusters that are
            smaller, these are all there is.

        Returns
        -------
        labels : ndarray of shape (n_fitted,), dtype=intp
            Cluster of each row that was fitted, within its cluster in `labels_`.

        Raises
        ------
        NotFittedError
            Before `fit`.

        ValueError
            If the size is no number of 1 or more.
        """
        check_is_fitted(self)
        validate_parameter_constraints(
            {"mean_cluster_size": [Interval(Real, 1, None, closed="left")]},
            {"mean_cluster_size": mean_cluster_size},
            caller_name="AverageLinkage.cut",
        )
        n_clusters = max(1, int(self.n_leaves_ / mean_cluster_size))
        n_merges = with_ties(self.distances_, self.n_leaves_ - n_clusters)
        return clusters_of(self.children_[:n_merges], self.n_leaves_)

    def _check_parameters(self, n_samples):
        """All that can be known to fail before there are rows to look at."""
        self._validate_params()
        rule, value = self._stopping_rule()
        if rule == "n_clusters" and value > n_samples:
            raise ValueError(
                f"AverageLinkage cannot make n_clusters={value} clusters of"
                f" {n_samples} samples. Ask for at most {n_samples}."
            )
        if self.metric == "euclidean":
            check_fits_in_memory(n_samples)
        return rule, value, MergeCache(self.memory)

    def _stopping_rule(self):
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

    def _search(self, n_products, workers=None):
        """How neighbours are searched for; None of the work is done."""
        approximate = self.neighbors == "approximate" and self.metric != "euclidean"
        recall = float(self.recall) if approximate else None
        find_device = self.device is None and n_products >= _DEVICE_FROM
        if workers is not None:
            return WorkerSearch(workers, recall, self.device, find_device, self.verbose)
        device = None
        if self.device is not None or (find_device and not approximate):
            from modal_clustermargin._devices import cuda_device

            device = cuda_device(self.device, "AverageLinkage")
        return NeighborSearch(recall, device, find_device, self.verbose)
