"""Cluster-Margin: uncertain rows, dealt over the clusters of the pool."""

import warnings
from numbers import Real

import numpy as np
from sklearn.base import clone

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.clustering import AverageLinkage, PoolClusters, check_rows
from modal_clustermargin.pools import n_rows, open_pool, pool_keys, take_rows
from modal_clustermargin.selection import (
    cluster_margin_candidates,
    deal_round_robin,
)
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import given_rows, pool_embeddings
from modal_clustermargin.strategies._pool_margins import pool_margins
from modal_clustermargin.strategies._query_record import QueryRecord

# Rows on average in the groups by which "auto" knows near-copies.
_GROUP_SIZE = 3


class ClusterMargin(QueryStrategy):
    """Label rows that are uncertain and unlike each other.

    Cluster-Margin [1]_. The pool is clustered once, by average linkage over
    embeddings. Each query takes the rows with the lowest margins as candidates,
    sorts the clusters by how many candidates they hold, and deals the batch in
    passes from the smallest cluster up, one random candidate of each.

    The clusters are those of the first pool; rows of later, smaller pools are
    known again by their content, or by `ids`. A row never seen before joins the
    nearest cluster within the clustering's distance threshold, or stands alone.

    Parameters
    ----------
    clustering : AverageLinkage, default=None
        How to cluster. One that is fitted already is used as it is, on the
        embeddings it knows; any other is cloned. None stands for
        ``AverageLinkage()``: clusters of 10 rows on average. Give it a
        ``memory`` to keep the clusters across processes.

    candidate_factor : "auto" or float >= 1, default="auto"
        A number takes the ``ceil(candidate_factor * n_instances)`` rows of
        lowest margin as candidates, as the paper does: 10 on Open Images, 1.25
        on CIFAR and SVHN; 1 is margin sampling. "auto" takes one, and
        ``2 + 8 * r**16`` for each label after the first, but at most two
        thirds of the pool, where r is the share of the variance of margins
        that lies between the tightest groups of three rows on average
        (`intraclass_correlation`): near 10 in a pool of near-copies, near 2
        where the nearest rows have margins of their own. This rule is this
        project's own.

    embedding : array-like of shape (n_pool, n_features), callable or None, \
            default=None
        What to cluster by: an array for the first pool, or a function
        ``(classifier, X_pool)`` that returns one. None asks the classifier: its
        ``embed``, else the transform of its pipeline's steps but the last, else
        the rows themselves.

    multilabel : {"mean", "min"}, default="mean"
        How the margins ``|2 p - 1|`` of several labels make one, where the rows
        of ``predict_proba`` do not sum to one.

    random_state : int, RandomState or None, default=None
        Draws the order of candidates in a cluster and of clusters of one size.

    Attributes
    ----------
    clustering_ : AverageLinkage
        The fitted clustering of the first pool.

    last_query_ : QueryRecord
        For each pick of the last query its margin, cluster, cluster size, turn,
        and the pool rows it stands for.

    See Also
    --------
    MarginSampling : The same without clusters.

    Notes
    -----
    After the first query, a query of a pool costs one ``predict_proba``, one
    look at the content of each row, and a sort of the candidates.

    A classifier that is not fitted yet has no margins: every row is a
    candidate, and the clusters alone decide. If it will have embeddings once it
    is fitted, the rows themselves are clustered for this query, and the
    embeddings at the first query after the fit.

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
            The whole pool, before any row is taken from it.

        y : None
            Ignored.

        embeddings : array-like of shape (n_pool, n_features), default=None
            What to cluster by. None stands for `embedding`, as in a query.

        classifier : modAL learner or classifier, default=None
            Whom to ask for embeddings where neither is given.

        ids : array-like of shape (n_pool,), default=None
            As in a query; then every query needs them.

        Returns
        -------
        self : ClusterMargin
        """
        self._validate_params()
        with open_pool(X_pool, "ClusterMargin") as pool:
            X_pool = pool if pool.has_workers else pool.X
            if n_rows(X_pool) == 0:
                raise ValueError("ClusterMargin got an empty X_pool to cluster.")
            ids = self._check_ids(ids, n_rows(X_pool))
            keys = pool_keys(X_pool, ids)
            self._cluster(X_pool, keys, ids, classifier, embeddings)
        return self

    def _select(self, classifier, X_pool, n_instances, ids):
        self._check_embedding(X_pool, ids)
        rng = self._generator()
        margin = pool_margins(
            classifier, X_pool, multilabel=self.multilabel, who="ClusterMargin"
        )
        cluster, group = self._clusters_of(X_pool, ids, classifier, margin is not None)
        if margin is None:
            margin = np.zeros(len(cluster))
            candidates = np.arange(len(cluster))
        else:
            candidates = cluster_margin_candidates(
                margin, group, n_instances, self.candidate_factor
            )
        present, labels = np.unique(cluster[candidates], return_inverse=True)
        picks, turn = deal_round_robin(
            labels,
            n_instances,
            order=rng.permutation(len(candidates)),
            cluster_order=rng.permutation(len(present)),
        )
        indices = candidates[picks]
        self.last_query_ = QueryRecord(
            indices=indices,
            margin=margin[indices],
            cluster=cluster[indices],
            cluster_size=np.bincount(labels)[labels[picks]],
            turn=turn,
            n_candidates=len(candidates),
            pool_cluster=cluster,
        )
        return indices, margin[indices]

    def _check_embedding(self, X_pool, ids):
        """What can be known to fail before any work is done."""
        if not hasattr(self, "clustering_"):
            if self.embedding is not None and not callable(self.embedding):
                with open_pool(self.embedding, "ClusterMargin", "embedding") as given:
                    given = given_rows(
                        given if given.has_workers else given.X,
                        n_rows(X_pool),
                        "ClusterMargin",
                    )
                    if isinstance(given, np.ndarray):
                        check_rows(given, "ClusterMargin")
            if self.clustering is not None and not hasattr(self.clustering, "labels_"):
                self.clustering.check_parameters(n_rows(X_pool))
        else:
            self._check_ids_as_before(self._knows_ids, ids)

    def _clusters_of(self, X_pool, ids, classifier, is_fitted):
        keys = pool_keys(X_pool, ids)
        if not hasattr(self, "clustering_") or (is_fitted and not self._is_final):
            self._cluster(X_pool, keys, ids, classifier)
        cluster, group = self._pool_clusters.find(keys)
        new = np.flatnonzero(cluster < 0)
        if len(new) == len(keys):
            if self._is_given:
                raise ValueError(
                    f"None of the {len(keys)} rows of X_pool was in the pool that"
                    " ClusterMargin clustered, and the embeddings it was given are of"
                    " that pool. Call fit with those of this one; if it is the same"
                    " pool in another form or number type, pass ids=."
                )
            warnings.warn(
                f"None of the {len(keys)} rows of X_pool was in the pool that"
                " ClusterMargin clustered: it clusters this pool anew. If it is the"
                " same pool in another form or number type, pass ids=.",
                UserWarning,
                stacklevel=5,
            )
            self._cluster(X_pool, keys, ids, classifier)
            return self._pool_clusters.find(keys)
        if len(new):
            warnings.warn(
                f"{len(new)} rows of X_pool were not in the pool that ClusterMargin"
                " clustered: each joins the nearest cluster within the distance"
                " threshold, or stands alone.",
                UserWarning,
                stacklevel=5,
            )
            placed = self._place(X_pool, new, classifier)
            self._pool_clusters.add(keys[new], placed, np.full(len(new), -1))
            cluster, group = self._pool_clusters.find(keys)
        return cluster, group

    def _cluster(self, X_pool, keys, ids, classifier, embeddings=None):
        if embeddings is None and not callable(self.embedding):
            embeddings = self.embedding
        is_final = True
        self._is_given = embeddings is not None
        if embeddings is not None:
            embeddings = given_rows(embeddings, n_rows(X_pool), "ClusterMargin")
        else:
            embeddings, is_final = pool_embeddings(
                self.embedding, classifier, X_pool, "ClusterMargin"
            )
        if hasattr(self.clustering, "labels_"):
            clustering = self.clustering
            labels, rows = clustering.assign(embeddings, return_rows=True)
            groups = np.where(rows < 0, -1, clustering.cut(_GROUP_SIZE)[rows])
        else:
            clustering = AverageLinkage()
            if self.clustering is not None:
                clustering = clone(self.clustering)
            labels = clustering.fit(embeddings).labels_
            groups = clustering.cut(_GROUP_SIZE)
        self.clustering_ = clustering
        self._pool_clusters = PoolClusters(keys, labels, groups)
        self._knows_ids = ids is not None
        self._is_final = is_final

    def _place(self, X_pool, new, classifier):
        """Cluster of rows that the clustering has not seen, or -1."""
        if self._is_given:
            return np.full(len(new), -1)  # nothing was given on them
        embeddings, _ = pool_embeddings(
            self.embedding, classifier, take_rows(X_pool, new), "ClusterMargin"
        )
        if embeddings.shape[1] != self.clustering_.n_features_in_:
            return np.full(len(new), -1)
        return self.clustering_.assign(embeddings)


def cluster_margin_sampling(
    classifier,
    X_pool,
    n_instances=1,
    *,
    clustering=None,
    candidate_factor="auto",
    embedding=None,
    multilabel="mean",
    random_state=None,
    ids=None,
):
    """Choose rows by :class:`ClusterMargin`, called once.

    The parameters and what is returned are those of the class and of its call.
    Each call clusters the pool, unless `clustering` is fitted already or its
    ``memory`` holds the clusters of these embeddings; for a loop, the class is
    cheaper.
    """
    strategy = ClusterMargin(
        clustering,
        candidate_factor=candidate_factor,
        embedding=embedding,
        multilabel=multilabel,
        random_state=random_state,
    )
    return strategy(classifier, X_pool, n_instances, ids=ids)
