"""Tree coverage and Cluster-Margin: uncertain rows that differ from each other."""

from contextlib import contextmanager
from dataclasses import replace
from numbers import Real

import numpy as np
from sklearn.base import clone

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.clustering import AverageLinkage, PoolClusters
from modal_clustermargin.pools import Pool, pool_keys
from modal_clustermargin.selection import (
    cluster_margin_candidates,
    deal_round_robin,
    density_weights,
    rank_within,
    tree_coverage,
)
from modal_clustermargin.strategies._embeddings import open_array
from modal_clustermargin.strategies._margin import pool_margins
from modal_clustermargin.strategies._pool_structure import PoolQuery, StructureStrategy
from modal_clustermargin.strategies._query_record import QueryRecord
from modal_clustermargin.strategies._sampling_function import sampling_function


class ClusterMargin(StructureStrategy):
    """Label rows that are uncertain and diverse.

    The pool is clustered once, by average linkage of its embeddings. Each query reads
    the margins of all rows, and chooses a batch by one of two methods:

    - Tree coverage, the default. A label tells about the rows that merge with its row
      at a low height of the dendrogram. The batch is the one that covers most of the
      uncertainty ``1 - margin`` in the dendrogram (`selection.tree_coverage`), where
      rows in dense regions count more (`selection.density_weights`). This method is
      this project's.
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
        else the output of its pipeline's steps before the last, also inside a wrapper
        such as ``GridSearchCV``, else the rows themselves.

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

    _structure_name = "clusters"
    _fate_of_new_rows = (
        "each joins the nearest cluster within the distance threshold, or forms its own"
        " cluster"
    )

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

    @contextmanager
    def _open_query(self, classifier, pool, ids, embeddings=None):
        who = "ClusterMargin"
        given = self.embedding if embeddings is None else embeddings
        if self._structure is not None:
            yield PoolQuery(who, classifier, pool, pool_keys(pool, ids), given)
            return
        if self.clustering is not None and not hasattr(self.clustering, "labels_"):
            self.clustering.check_parameters(len(pool))
        self._is_given = given is not None and not callable(given)
        with open_array(given, len(pool), who) as embedding:
            yield PoolQuery(who, classifier, pool, pool_keys(pool, ids), embedding)

    def _pick(self, query, n_instances):
        margin = pool_margins(
            query.classifier, query.pool, multilabel=self.multilabel, who=query.who
        )
        leaf = self._find(query)
        cluster = self._structure.labels[leaf]
        if self.candidate_factor == "auto":
            picks = self._pick_by_coverage(margin, leaf, cluster, n_instances)
        else:
            picks = self._pick_by_clusters(margin, cluster, n_instances)
        return picks, picks.margin

    def _pick_by_coverage(self, margin, leaf, cluster, n_instances):
        """Tree coverage; a margin of None makes all rows fully uncertain."""
        if margin is None:
            margin = np.zeros(len(leaf))
        children, heights = self._structure.tree()
        n_leaves = len(self._structure.labels)
        tree = children, heights, self.clustering_.mean_distance_, n_leaves
        uncertainty = np.maximum(1 - margin, 0)  # margins may round to above 1
        uncertainty *= density_weights(*tree)[leaf]
        indices, gain, covering = tree_coverage(*tree, leaf, uncertainty, n_instances)
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

    def _pick_by_clusters(self, margin, cluster, n_instances):
        """Cluster-Margin of the paper; without margins, every row is a candidate."""
        rng = self._generator()
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

    def _compute_of(self, rows, query):
        given = self.clustering
        if hasattr(given, "labels_"):
            clustering = given
            labels, leaves = clustering.assign(rows, return_rows=True)
        else:
            clustering = AverageLinkage() if given is None else clone(given)
            is_cut = clustering.distance_threshold is not None
            if self.candidate_factor == "auto" and not is_cut:
                clustering.set_params(compute_full_tree=True)
            clustering.fit(rows)
            labels, leaves = clustering.labels_, np.arange(len(query.keys))
        self.clustering_ = clustering
        clusters = PoolClusters(clustering)
        clusters.add(query.keys, labels, leaves)
        return clusters

    def _add(self, query, new):
        """Add rows to the nearest cluster within the threshold, or to one of their own.

        An array has no embeddings of new rows.
        """
        labels = np.full(len(new), -1)
        if not self._is_given:
            few = Pool(query.pool.take(new))
            with replace(query, pool=few).open_pool_embeddings() as (rows, _):
                if rows.shape[1] == self.clustering_.n_features_in_:
                    labels = self.clustering_.assign(rows)
        self._structure.add(query.keys[new], labels)


cluster_margin_sampling = sampling_function(ClusterMargin, "cluster_margin_sampling")
