"""What the herding strategies share: the graph of a pool, and the choice of a batch.

A list of k neighbours reaches k rows. While labels are few, each must stand for many
more rows than that, and picks that cover only their lists are the densest spots of the
pool. The batch is then chosen from a sample with 2 k rows for each label, so that the
list of a pick has half of the share of the sample that the pick must stand for.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from modal_clustermargin.clustering import NeighborGraph, nearest_among
from modal_clustermargin.pools import KeyIndex, Pool, as_matrix, open_pool, pool_keys
from modal_clustermargin.selection import cover, herd, lowest, weighted_sample
from modal_clustermargin.strategies._embedding_source import (
    EmbeddingSource,
    opened_array,
)
from modal_clustermargin.strategies._herding_labels import HerdingLabels, PastPicks
from modal_clustermargin.strategies._herding_record import HerdingRecord
from modal_clustermargin.strategies._pool_graph import PoolGraph

# Rows in the sample for each neighbour in the lists of all labels; and the largest
# sample as a share of the pool. Once the lists are that large, too, they reach enough.
_SAMPLED_PER_LISTED, _LARGEST_SAMPLE = 2, 1 / 4


class _Query(NamedTuple):
    """The inputs of one query, checked."""

    source: EmbeddingSource
    keys: np.ndarray  # of the rows of the pool
    labels: HerdingLabels
    has_ids: bool


class Herding:
    """The graph of the pool of a strategy, and the choice of each batch.

    The strategy is given to each call, for its name and its parameters `graph`,
    `labelled`, `embedding` and `kernel_scale`.
    """

    def __init__(self):
        self.fitted = None  # the fitted `NeighborGraph` of the pool
        self._known = None  # its `PoolGraph`
        # False for a graph of the rows themselves, until the network is fitted.
        self._is_final = True
        self._has_ids = None
        self._given = None  # embeddings given to `fit`
        self._past = PastPicks()
        self._of_keys = self._of_contents = None  # rows of the first pool

    def fit(self, strategy, X_pool, embeddings, classifier, ids):
        """Make the graph of a pool ahead of the first query."""
        who = type(strategy).__name__
        embedding = strategy.embedding if embeddings is None else embeddings
        with open_pool(X_pool, who) as pool:
            if len(pool) == 0:
                raise ValueError(f"{who} got an empty X_pool to fit.")
            ids = strategy._check_ids(ids, len(pool))
            self._check_graph(strategy.graph, len(pool))
            labels = HerdingLabels(strategy, classifier, pool)
            with opened_array(embedding, len(pool), who) as opened:
                keys = pool_keys(pool, ids)
                source = self._source(opened, classifier, pool, keys, True, ids, who)
                query = _Query(source, keys, labels, ids is not None)
                self._make(strategy, query)
        self._given = embeddings
        self._has_ids = ids is not None

    def choose(self, strategy, classifier, pool, n_instances, ids, measure):
        """Pick rows, and return a `HerdingRecord`.

        ``measure()`` gives the uncertainty of each row, or None if the classifier is
        not fitted.
        """
        who = type(strategy).__name__
        is_first = self._has_ids is None
        if is_first:
            self._check_graph(strategy.graph, len(pool))
        strategy._check_ids_as_before(self._has_ids, ids)
        labels = HerdingLabels(strategy, classifier, pool)
        n_pool = len(pool) if is_first else None
        given = strategy.embedding if self._given is None else self._given
        with opened_array(given, n_pool, who) as embedding:
            uncertainty = measure()
            if uncertainty is None:
                uncertainty = np.ones(len(pool))
            keys = pool_keys(pool, ids)
            source = self._source(embedding, classifier, pool, keys, is_first, ids, who)
            if labels.counts_missing:
                self._past.add_missing_to(labels, keys)
            query = _Query(source, keys, labels, ids is not None)
            n_labels = len(labels.contents) + n_instances
            n_listed = n_labels * _n_neighbors(strategy.graph)
            most = int(_LARGEST_SAMPLE * len(pool))
            if n_listed < most:
                n_sampled = min(_SAMPLED_PER_LISTED * n_listed, most)
                found = self._sampled(
                    strategy, query, uncertainty, n_instances, n_sampled
                )
            else:
                found = self._whole(strategy, query, uncertainty, n_instances)
            if labels.counts_missing:
                self._past.add(pool, found.indices, keys, ids is not None)
        self._has_ids = ids is not None
        return found

    def _check_graph(self, graph, n_pool):
        if graph is not None and not hasattr(graph, "indices_"):
            graph.check_parameters(n_pool)

    def _source(self, embedding, classifier, pool, keys, is_first, ids, who):
        """The embeddings of this query."""
        places = None
        if isinstance(embedding, Pool):
            if is_first:
                contents = keys if ids is None else pool.keys()
                self._of_keys = KeyIndex.of_first(keys)
                self._of_contents = KeyIndex.of_first(contents)
            places = self._of_keys.find(keys)
            if (places < 0).all():
                raise ValueError(
                    f"None of the {len(keys)} rows of X_pool was in the first pool of"
                    f" {who}, and the given embeddings belong to that pool. Use a new"
                    " instance for this pool; if it is the same pool in another form or"
                    " number type, pass ids=."
                )
        return EmbeddingSource(
            embedding, classifier, pool, places, self._of_contents, who
        )

    def _sampled(self, strategy, query, uncertainty, n_picks, n_sampled):
        """Choose from a sample, by its own graph."""
        source, keys, labels, _ = query
        has_embedding = source.known
        _warn_of_new_rows(np.count_nonzero(~has_embedding), source, 7)
        # Rows with equal keys are drawn together.
        distinct, first, number = np.unique(
            keys, return_index=True, return_inverse=True
        )
        weights = np.bincount(number, uncertainty)
        rows = np.flatnonzero(has_embedding[first])
        n_sampled = min(n_sampled, len(rows))
        drawn, weights = weighted_sample(
            weights[rows], _uniform(distinct[rows]), n_sampled
        )
        order = np.argsort(first[rows[drawn]])
        sample, weights = first[rows[drawn]][order], weights[order]
        matrix = source.of_pool(sample)
        if hasattr(strategy.graph, "indices_"):
            _rows_of_graph(strategy.graph, matrix, source.who)
        labels.check_widths(source, matrix.shape[1])
        graph = _new_graph(strategy.graph, n_sampled)
        if graph is not None:
            graph.set_params(memory=None, verbose=False).fit(matrix)
        own = keys[sample]
        known = PoolGraph(graph, strategy.kernel_scale, np.arange(n_sampled), own, own)
        nodes = known.find(own)
        coverage = np.zeros(len(known.indices), np.float32)
        found = labels.embeddings(source, lambda contents: np.arange(len(contents)))
        if found is not None:
            present, first = np.unique(nodes, return_index=True)
            cover(coverage, *_lists_of(found[0], known, present, matrix[first]))
        return _pick(known, sample, nodes, weights, coverage, uncertainty, n_picks)

    def _whole(self, strategy, query, uncertainty, n_picks):
        """Choose from all rows, by the graph of the first pool that needed one."""
        if self._known is None or not self._is_final:
            self._make(strategy, query)
        nodes = self._nodes(strategy, query)
        known, source, labels = self._known, query.source, query.labels
        coverage = np.zeros(len(known.indices), np.float32)
        if labels.counts_missing:
            n_present = np.bincount(nodes, minlength=len(known.sizes))
            known.cover_by_nodes(np.flatnonzero(n_present < known.sizes), coverage)
        found = labels.embeddings(source, known.unknown_contents)
        if found is not None:
            others, contents = found
            present, matrix = _present(nodes, source)
            labels.check_widths(source, matrix.shape[1])
            lists = _lists_of(others, known, present, matrix)
            known.add_others(contents, *lists)
        known.cover_by(labels.contents, coverage)
        rows = np.arange(len(nodes))
        return _pick(known, rows, nodes, uncertainty, coverage, uncertainty, n_picks)

    def _nodes(self, strategy, query):
        """Node of each row of the pool; new rows become nodes."""
        source, keys, who = query.source, query.keys, query.source.who
        nodes = self._known.find(keys)
        new = np.flatnonzero(nodes < 0)
        if not len(new):
            return nodes
        if len(new) == len(keys):
            if hasattr(strategy.graph, "indices_"):
                raise ValueError(
                    f"None of the {len(keys)} rows of X_pool is in the pool whose"
                    f" neighbours {who} knows, and the given graph belongs to that"
                    " pool. Use a new instance for this pool; if it is the same pool"
                    " in another form or number type, pass ids=."
                )
            warnings.warn(
                f"None of the {len(keys)} rows of X_pool was in the pool whose"
                f" neighbours {who} found: it makes the graph of this pool anew. If it"
                " is the same pool in another form or number type, pass ids=.",
                UserWarning,
                stacklevel=7,
            )
            self._known = None
            self._make(strategy, query)
            return self._known.find(keys)
        _warn_of_new_rows(len(new), source, 8)
        lists = np.full((len(new), self._known.indices.shape[1]), -1, np.int32)
        similarities = np.zeros(lists.shape, np.float32)
        if not source.is_array:
            present, matrix = _present(nodes, source)
            lists, similarities = _lists_of(
                source.of_pool(new), self._known, present, matrix
            )
        self._known.add(keys[new], lists, similarities)
        return self._known.find(keys)

    def _make(self, strategy, query):
        """Find the neighbours in a pool, and remember them by the keys of its rows."""
        source, keys = query.source, query.keys
        with source.open_known() as (rows, is_final):
            if self._known is not None and not is_final:
                return  # the classifier is still not fitted
            query.labels.check_widths(source, rows.shape[1])
            graph = strategy.graph
            if hasattr(graph, "indices_"):
                places = _rows_of_graph(
                    graph, as_matrix(rows.gathered(), source.who), source.who
                )
            else:
                graph = _new_graph(graph, len(rows))
                if graph is not None:
                    graph.fit(rows)
                places = np.arange(len(rows))
        contents = source.pool.keys() if query.has_ids else keys
        inside = np.flatnonzero(source.known)[places >= 0]
        self._known = PoolGraph(
            graph,
            strategy.kernel_scale,
            places[places >= 0],
            keys[inside],
            contents[inside],
        )
        self.fitted = graph
        self._is_final = is_final


def _pick(known, rows, nodes, weights, coverage, uncertainty, n_picks):
    """Pick among `rows` of a pool, which are `nodes` of a graph and have `weights`.

    When nothing more can be covered, the most uncertain rows of the pool follow.
    """
    n_nodes = len(known.indices)
    weight = np.bincount(nodes, weights, minlength=n_nodes)
    row_of_node = np.full(n_nodes, -1)
    row_of_node[nodes[::-1]] = rows[::-1]  # the first of several rows
    may_pick = row_of_node >= 0
    picked, gain = herd(
        known.indices,
        known.similarities,
        weight,
        coverage,
        min(n_picks, np.count_nonzero(may_pick)),
        may_pick=may_pick,
    )
    n_covering = np.count_nonzero(gain)
    picks = row_of_node[picked[:n_covering]]
    if n_covering < n_picks:
        is_left = np.ones(len(uncertainty), bool)
        is_left[picks] = False
        rest = np.flatnonzero(is_left)
        order = lowest(-uncertainty[rest], n_picks - n_covering)
        picks = np.concatenate([picks, rest[order]])
    gains = np.zeros(n_picks)
    gains[:n_covering] = gain[:n_covering]
    total = weight.sum() or 1.0
    before = float(weight @ coverage / total)
    return HerdingRecord(
        indices=picks,
        gain=gains,
        uncertainty=uncertainty[picks],
        covered_before=before,
        covered=before + float(gains.sum() / total),
        n_sampled=len(rows),
    )


def _present(nodes, source):
    """The nodes that a pool has, and an embedding of each."""
    inside = np.flatnonzero(nodes >= 0)
    inside = inside[source.known[inside]]
    present, first = np.unique(nodes[inside], return_index=True)
    return present, source.of_pool(inside[first])


def _lists_of(others, known, present, matrix):
    """The nodes near rows that are not in the graph, and their similarities.

    `matrix` has the embeddings of the nodes `present`.
    """
    n_listed = known.indices.shape[1]
    found, distances = nearest_among(others, matrix, n_listed, known.metric)
    found = np.where(found < 0, -1, present[found]).astype(np.int32)
    return found, known.similarity(distances)


def _n_neighbors(graph):
    return (NeighborGraph() if graph is None else graph).n_neighbors


def _new_graph(graph, n_rows):
    """A graph to fit to a number of rows; None for one row, which has no neighbours."""
    if n_rows == 1:
        return None
    graph = NeighborGraph() if graph is None else clone(graph)
    return graph.set_params(n_neighbors=min(graph.n_neighbors, n_rows - 1))


def _rows_of_graph(graph, matrix, who):
    """The row of a fitted graph that each embedding equals, or -1."""
    if matrix.shape[1] != graph.n_features_in_:
        raise ValueError(
            f"{who} got a graph of another pool: it was fitted to embeddings of"
            f" {graph.n_features_in_} columns, and those of X_pool have"
            f" {matrix.shape[1]}."
        )
    places = graph.find(matrix)
    if (places < 0).all():
        raise ValueError(
            f"{who} got a graph of another pool: of {len(matrix)} rows of X_pool, none"
            f" is among its {len(graph.indices_)} rows. Fit the graph to the embeddings"
            " of this pool, in the same number type."
        )
    return places


def _uniform(keys):
    """Numbers between 0 and 1, as even as the fingerprints that they are made of."""
    return ((keys >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53


def _warn_of_new_rows(n_new, source, stacklevel):
    if n_new:
        what = "they cover only themselves, or nothing while labels are few"
        if not source.is_array:
            what = "each covers its nearest rows in this pool, but not they it"
        warnings.warn(
            f"{n_new} rows of X_pool were not in the pool whose neighbours"
            f" {source.who} found: {what}.",
            UserWarning,
            stacklevel=stacklevel,
        )
