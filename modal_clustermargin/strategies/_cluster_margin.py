"""Tree coverage and Cluster-Margin: uncertain rows that differ from each other."""

import warnings
from contextlib import contextmanager
from numbers import Real

import numpy as np
from sklearn.base import clone

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.clustering import AverageLinkage, PoolClusters
from modal_clustermargin.pools import Pool, open_pool, pool_keys
from modal_clustermargin.selection import (
    cluster_margin_candidates,
    deal_round_robin,
    rank_within,
    tree_coverage,
)
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import open_array, open_embeddings
from modal_clustermargin.strategies._margin import pool_margins
from modal_clustermargin.strategies._query_record import QueryRecord
from modal_clustermargin.strategies._sampling_function import sampling_function


class ClusterMargin(QueryStrategy):
    """Label rows that are uncertain and diverse.

    The pool is clustered once, by average linkage of its embeddings. Each query reads
    the margins of all rows, and chooses a batch by one of two methods:

    - Tree coverage, the default. A label tells about the rows that merge with its row
      at a low height of the dendrogram. The batch is the one that covers most of the
      uncertainty ``1 - margin`` in the dendrogram (`selection.tree_coverage`). This
      method is this project's.
    - Cluster-Margin [1]_, with a number as `candidate_factor`. The rows with the lowest
      margins are candidates. The clusters are sorted by their number of candidates, and
      the batch is chosen round-robin: each pass goes from the smallest cluster to the
      largest, and takes one random candidate of each.

    The dendrogram is that of the first pool. Rows of later, smaller pools are
    recognised by their content, or by `ids`. A new row joins the nearest cluster within
    the distance threshold of the clustering, or else forms its own cluster.

    Parameters
    ----------
    clustering : AverageLinkage, default=None
        The clustering algorithm. A fitted instance is used as it is, and must be fitted
        on the embeddings of the pool; an instance that is not fitted is cloned. None
        means ``AverageLinkage()``, with clusters of 10 rows on average. An instance
        with a ``memory`` stores the merges for later processes.

        For tree coverage, the clone computes the merges up to the root, unless it has a
        ``distance_threshold``. A dendrogram that ends below the root is a forest: rows
        of different trees never cover each other.

    candidate_factor : "auto" or float >= 1, default="auto"
        "auto" chooses by tree coverage. A number takes the ``ceil(candidate_factor *
        n_instances)`` rows of lowest margin as candidates, as in the paper: 10 on Open
        Images, 1.25 on CIFAR and SVHN; 1 is margin sampling.

    embedding : array-like of shape (n_pool, n_features), callable or None, \
            default=None
        The embeddings to cluster: an array for the first pool, or a function
        ``(classifier, X_pool)`` that returns one. None uses the classifier's ``embed``,
        else the output of its pipeline's steps before the last, else the rows
        themselves.

    multilabel : {"mean", "min"}, default="mean"
        How to combine the margins ``|2 p - 1|`` of several labels, if the rows of
        ``predict_proba`` do not sum to one.

    random_state : int, RandomState or None, default=None
        With a number of candidates: draws the order of candidates in a cluster, and the
        order of clusters of equal size. Tree coverage draws nothing.

    Attributes
    ----------
    clustering_ : AverageLinkage
        The fitted clustering of the first pool.

    last_query_ : QueryRecord
        Margin, gain, cluster, cluster size and turn of each pick of the last query, and
        the pool rows that it represents.

    See Also
    --------
    MarginSampling : Selects by margin, without clusters.

    Notes
    -----
    After the first query, a query costs one ``predict_proba`` of the pool, one
    fingerprint of each row, and a sort of the candidates, or one pass over the
    dendrogram.

    A classifier that is not fitted has no margins, so the clusters alone decide: tree
    coverage takes every row as fully uncertain and picks typical rows of all regions,
    and with a number, every row is a candidate. If only a fitted classifier gives
    embeddings, this query clusters the rows themselves, and the first query after the
    fit clusters the embeddings.

    Tree coverage breaks ties by smaller margin, then by position.

    References
    ----------
    .. [1] G. Citovsky et al., "Batch Active Learning at Scale", NeurIPS 2021,
       :arxiv:`2107.14263`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from modal_clustermargin.strategies import ClusterMargin
    >>> X_pool = np.random.RandomState(0).normal(size=(100, 5))
    >>> classifier = LogisticRegression().fit(X_pool[:9], X_pool[:9, 0] > 0)
    >>> strategy = ClusterMargin(random_state=0)
    >>> strategy(classifier, X_pool, n_instances=4).shape
    (4,)
    >>> len(set(strategy.last_query_.cluster))
    4
    >>> n_rows = [len(strategy.last_query_.represents(pick)) for pick in range(4)]
    >>> sum(n_rows)
    100
    """

    _parameter_constraints = {
        "clustering": [AverageLinkage, None],
        "candidate_factor": [
            StrOptions({"auto"}),
            Interval(Real, 1, None, closed="left"),
        ],
        "embedding": ["array-like", callable, None],
        "multilabel": [StrOptions({"mean", "min"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        clustering=None,
        *,
        candidate_factor="auto",
        embedding=None,
        multilabel="mean",
        random_state=None,
    ):
        self.clustering = clustering
        self.candidate_factor = candidate_factor
        self.embedding = embedding
        self.multilabel = multilabel
        self.random_state = random_state

    def fit(self, X_pool, y=None, *, embeddings=None, classifier=None, ids=None):
        """Cluster a pool ahead of the first query.

        Parameters
        ----------
        X_pool : ndarray, sparse matrix or array, DataFrame, list or tensor
            The whole pool, before any row is labelled.

        y : None
            Ignored.

        embeddings : array-like of shape (n_pool, n_features), default=None
            The embeddings to cluster. None means `embedding`, as in a query.

        classifier : modAL learner or classifier, default=None
            Gives the embeddings if neither `embeddings` nor `embedding` does.

        ids : array-like of shape (n_pool,), default=None
            As in a query; if given here, every query needs them.

        Returns
        -------
        self : ClusterMargin
        """
        self._validate_params()
        who = "ClusterMargin"
        source = self.embedding if embeddings is None else embeddings
        with open_pool(X_pool, who) as pool:
            if len(pool) == 0:
                raise ValueError(f"{who} got an empty X_pool to cluster.")
            ids = self._check_ids(ids, len(pool))
            self._cluster(pool, pool_keys(pool, ids), source, classifier)
        self._knows_ids = ids is not None
        return self

    def _select(self, classifier, pool, n_instances, ids):
        rng = self._generator()
        with self._open_embedding(pool, ids) as embedding:
            margin = pool_margins(
                classifier, pool, multilabel=self.multilabel, who="ClusterMargin"
            )
            leaf = self._leaves_of(
                pool, ids, embedding, classifier, is_fitted=margin is not None
            )
        cluster = self._pool_clusters.labels[leaf]
        if self.candidate_factor == "auto":
            picks = self._pick_by_coverage(margin, leaf, cluster, n_instances)
        else:
            picks = self._pick_by_clusters(margin, cluster, n_instances, rng)
        self.last_query_ = picks
        return picks.indices, picks.margin

    def _pick_by_coverage(self, margin, leaf, cluster, n_instances):
        """Tree coverage; a margin of None makes all rows fully uncertain."""
        if margin is None:
            margin = np.zeros(len(leaf))
        children, heights = self._pool_clusters.tree()
        indices, gain, covering = tree_coverage(
            children,
            heights,
            self.clustering_.mean_distance_,
            len(self._pool_clusters.labels),
            leaf,
            np.maximum(1 - margin, 0),  # margins may round to a little above 1
            n_instances,
        )
        return QueryRecord(
            indices=indices,
            margin=margin[indices],
            cluster=cluster[indices],
            cluster_size=np.bincount(cluster)[cluster[indices]],
            turn=rank_within(cluster[indices]),
            gain=gain,
            n_candidates=len(leaf),
            pool_cluster=cluster,
            pool_pick=covering,
        )

    def _pick_by_clusters(self, margin, cluster, n_instances, rng):
        """Cluster-Margin of the paper; without margins, every row is a candidate."""
        if margin is None:
            margin = np.zeros(len(cluster))
            candidates = np.arange(len(cluster))
        else:
            candidates = cluster_margin_candidates(
                margin, n_instances, self.candidate_factor
            )
        present, labels = np.unique(cluster[candidates], return_inverse=True)
        picks, turn = deal_round_robin(
            labels,
            n_instances,
            order=rng.permutation(len(candidates)),
            cluster_order=rng.permutation(len(present)),
        )
        indices = candidates[picks]
        return QueryRecord(
            indices=indices,
            margin=margin[indices],
            cluster=cluster[indices],
            cluster_size=np.bincount(labels)[labels[picks]],
            turn=turn,
            n_candidates=len(candidates),
            pool_cluster=cluster,
        )

    @contextmanager
    def _open_embedding(self, pool, ids):
        """Yield `embedding`; an array for this pool is opened and checked.

        All checks that need no computation are made here.
        """
        if hasattr(self, "clustering_"):
            self._check_ids_as_before(self._knows_ids, ids)
            yield self.embedding
            return
        if self.clustering is not None and not hasattr(self.clustering, "labels_"):
            self.clustering.check_parameters(len(pool))
        with open_array(self.embedding, len(pool), "ClusterMargin") as embedding:
            yield embedding

    def _leaves_of(self, pool, ids, embedding, classifier, *, is_fitted):
        """Leaf of each row in the dendrogram; clusters the pool first if necessary."""
        keys = pool_keys(pool, ids)
        if not hasattr(self, "clustering_") or (is_fitted and not self._is_final):
            self._cluster(pool, keys, embedding, classifier)
            self._knows_ids = ids is not None
        leaf = self._pool_clusters.find(keys)
        new = np.flatnonzero(leaf < 0)
        if len(new) == len(keys):
            if self._is_given:
                raise ValueError(
                    f"None of the {len(keys)} rows of X_pool was in the pool that"
                    " ClusterMargin clustered, and the given embeddings belong to that"
                    " pool. Call fit with the embeddings of this pool; if it is the"
                    " same pool in another form or number type, pass ids=."
                )
            warnings.warn(
                f"None of the {len(keys)} rows of X_pool was in the pool that"
                " ClusterMargin clustered: it clusters this pool anew. If it is the"
                " same pool in another form or number type, pass ids=.",
                UserWarning,
                stacklevel=5,
            )
            self._cluster(pool, keys, embedding, classifier)
        elif len(new):
            warnings.warn(
                f"{len(new)} rows of X_pool were not in the pool that ClusterMargin"
                " clustered: each joins the nearest cluster within the distance"
                " threshold, or forms its own cluster.",
                UserWarning,
                stacklevel=5,
            )
            self._pool_clusters.add(keys[new], self._place(pool, new, classifier))
        else:
            return leaf
        return self._pool_clusters.find(keys)

    def _cluster(self, pool, keys, embedding, classifier):
        """Cluster the pool, and remember the clusters by the keys of the rows."""
        with open_embeddings(embedding, classifier, pool, "ClusterMargin") as opened:
            rows, is_final = opened
            if hasattr(self.clustering, "labels_"):
                clustering = self.clustering
                labels, leaves = clustering.assign(rows, return_rows=True)
            else:
                clustering = self._unfitted_clustering().fit(rows)
                labels, leaves = clustering.labels_, np.arange(len(keys))
        self.clustering_ = clustering
        self._pool_clusters = PoolClusters(clustering)
        self._pool_clusters.add(keys, labels, leaves)
        self._is_given = embedding is not None and not callable(embedding)
        self._is_final = is_final

    def _unfitted_clustering(self):
        given = self.clustering
        clustering = AverageLinkage() if given is None else clone(given)
        if self.candidate_factor == "auto" and clustering.distance_threshold is None:
            clustering.set_params(compute_full_tree=True)
        return clustering

    def _place(self, pool, new, classifier):
        """Nearest cluster of each row that was not clustered, or -1."""
        if self._is_given:
            return np.full(len(new), -1)  # an array has no embeddings of new rows
        few = Pool(pool.take(new))
        with open_embeddings(self.embedding, classifier, few, "ClusterMargin") as found:
            rows, _ = found
            if rows.shape[1] != self.clustering_.n_features_in_:
                return np.full(len(new), -1)
            return self.clustering_.assign(rows)


cluster_margin_sampling = sampling_function(ClusterMargin, "cluster_margin_sampling")
