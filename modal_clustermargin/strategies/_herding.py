"""The base class of the herding strategies: the course of a query.

A list of k neighbours reaches k rows. While labels are few, each must stand for many
more rows than that, and picks that cover only their lists are the densest spots of the
pool. The batch is then chosen from a sample with 2 k rows for each label, so that the
list of a pick has half of the share of the sample that the pick must stand for.
"""

from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.base import clone

from modal_clustermargin._param_validation import Interval
from modal_clustermargin.clustering import NeighborGraph
from modal_clustermargin.pools import KeyIndex, as_matrix, pool_keys
from modal_clustermargin.selection import herd, lowest, weighted_sample
from modal_clustermargin.strategies._embeddings import open_array
from modal_clustermargin.strategies._herding_labels import PastPicks, herding_labels
from modal_clustermargin.strategies._herding_query import HerdingQuery
from modal_clustermargin.strategies._herding_record import HerdingRecord
from modal_clustermargin.strategies._labelled import check_columns
from modal_clustermargin.strategies._pool_graph import PoolGraph
from modal_clustermargin.strategies._pool_structure import StructureStrategy

# Rows in the sample for each neighbour in the lists of all labels; and the largest
# sample as a share of the pool. Once the lists are that large, too, they reach enough.
_SAMPLED_PER_LISTED, _LARGEST_SAMPLE = 2, 1 / 4


@dataclass
class _Candidates:
    """Rows of a pool among which a batch is chosen, as nodes of a graph."""

    graph: PoolGraph
    rows: np.ndarray
    nodes: np.ndarray  # of each row
    weights: np.ndarray = None  # of each row: its uncertainty, or more in a sample
    matrix: np.ndarray = None  # embeddings of the rows, if they were needed

    def lists_near(self, matrix, query):
        """The nodes of these rows that are near embeddings, and their similarities."""
        present, first = np.unique(self.nodes, return_index=True)
        if self.matrix is None:
            among = query.embed(self.rows[first])
        else:
            among = self.matrix[first]
        check_columns(matrix.shape[1], among.shape[1], query.who)
        return self.graph.nearest(matrix, present, among)


class HerdingStrategy(StructureStrategy):
    """Base class of herding strategies; subclasses implement `_uncertainties`."""

    _parameter_constraints = {
        "graph": [NeighborGraph, None],
        "labelled": ["array-like", "sparse matrix", callable, None],
        "embedding": ["array-like", callable, None],
        "kernel_scale": [Interval(Real, 0, None, closed="neither")],
    }

    _structure_name = "neighbours"
    _fate_of_new_rows = "each covers its nearest rows in this pool, but not they it"
    _given = _array_rows = None  # the embeddings that `fit` got; rows of an array

    def _pick(self, query, n_instances):
        uncertainty = self._uncertainties(query.classifier, query.pool)
        if uncertainty is None:  # the classifier is not fitted
            uncertainty = np.ones(len(query.pool))
        n_sampled = self._sample_size(query, n_instances)
        if n_sampled < len(query.pool):
            candidates = self._sample(query, uncertainty, n_sampled)
        else:
            nodes = self._find(query)
            rows = np.arange(len(nodes))
            candidates = _Candidates(self._structure, rows, nodes, uncertainty)
        coverage = _coverage(candidates, query)
        picks = _pick(candidates, coverage, uncertainty, n_instances)
        if not query.are_all:
            self._past.add(query.pool, picks.indices, query.keys)
        return picks, picks.gain

    @abstractmethod
    def _uncertainties(self, classifier, pool):
        """Uncertainty of each row; None if the classifier is not fitted."""

    @contextmanager
    def _open_query(self, classifier, pool, ids, embeddings=None):
        who = type(self).__name__
        is_first = self._knows_ids is None
        if is_first:
            self.graph_, self._past, self._given = None, PastPicks(), embeddings
            if self.graph is not None and not hasattr(self.graph, "indices_"):
                self.graph.check_parameters(len(pool))
        labelled, are_all = herding_labels(self, classifier, pool)
        given = self.embedding if self._given is None else self._given
        with open_array(given, len(pool) if is_first else None, who) as embedding:
            query = HerdingQuery(
                who,
                classifier,
                pool,
                pool_keys(pool, ids),
                embedding,
                has_ids=ids is not None,
                labelled=labelled,
                are_all=are_all,
            )
            if not are_all:
                labelled += self._past.missing_from(query.keys)
            if query.is_array and is_first:
                rows = np.arange(len(pool))
                self._array_rows = KeyIndex.of_names(query.names(), rows)
            query.array_rows = self._array_rows
            query.check_pool()
            yield query

    def _sample_size(self, query, n_instances):
        """Number of rows among which the batch is chosen."""
        n_labels = len(np.unique(query.labelled_contents()))
        graph = NeighborGraph() if self.graph is None else self.graph
        n_listed = (n_labels + n_instances) * graph.n_neighbors
        most = int(_LARGEST_SAMPLE * len(query.pool))
        if n_listed >= most:
            return len(query.pool)
        return min(_SAMPLED_PER_LISTED * n_listed, most)

    def _sample(self, query, uncertainty, n_sampled):
        """A sample of the pool, with its own graph."""
        # Rows with equal keys are drawn together.
        distinct, first, number = np.unique(
            query.keys, return_index=True, return_inverse=True
        )
        n_sampled = min(n_sampled, len(distinct))
        drawn, weights = weighted_sample(
            np.bincount(number, uncertainty), _uniform(distinct), n_sampled
        )
        order = np.argsort(first[drawn])
        sample = first[drawn][order]
        matrix = query.embed(sample)
        if hasattr(self.graph, "indices_"):
            self._rows_of_graph(matrix)
        graph = self._new_graph(n_sampled)
        if graph is not None:
            graph.set_params(memory=None, verbose=False).fit(matrix)
        own = PoolGraph(graph, self.kernel_scale, np.arange(n_sampled))
        return _Candidates(own, sample, own.nodes, weights[order], matrix)

    def _compute_of(self, rows, query):
        if hasattr(self.graph, "indices_"):
            graph = self.graph
            row_of = self._rows_of_graph(as_matrix(rows.gathered(), query.who))
        else:
            graph = self._new_graph(len(rows))
            if graph is not None:
                graph.fit(rows)
            row_of = np.arange(len(rows))
        self.graph_ = graph
        inside = row_of >= 0
        names = [name[inside] for name in query.names()]
        return PoolGraph(graph, self.kernel_scale, row_of[inside], names)

    def _add(self, query, new):
        nodes = self._structure.find(query.keys)
        old = np.flatnonzero(nodes >= 0)
        known = _Candidates(self._structure, old, nodes[old])
        lists = known.lists_near(query.embed(new), query)
        self._structure.add(query.keys[new], lists)

    def _new_graph(self, n_rows):
        """A graph to fit; None for one row, which has no neighbours."""
        if n_rows == 1:
            return None
        graph = NeighborGraph() if self.graph is None else clone(self.graph)
        return graph.set_params(n_neighbors=min(graph.n_neighbors, n_rows - 1))

    def _rows_of_graph(self, matrix):
        """The row of the given graph that each embedding equals, or -1."""
        who, graph = type(self).__name__, self.graph
        rows = np.full(len(matrix), -1)
        if matrix.shape[1] == graph.n_features_in_:
            rows = graph.find(matrix)
        if (rows < 0).all():
            raise ValueError(
                f"{who} got a graph of another pool: of {len(matrix)} rows of X_pool,"
                f" with embeddings of {matrix.shape[1]} columns, none is among its"
                f" {len(graph.indices_)} rows of {graph.n_features_in_} columns. Fit"
                " the graph to the embeddings of this pool, in the same number type."
            )
        return rows


def _coverage(candidates, query):
    """Coverage of each node by the labelled rows.

    Rows that are not in the graph become nodes, with lists of the nearest candidates.
    Unless all labelled rows are given, rows that have left the pool count as labelled.
    """
    graph = candidates.graph
    others = query.embed_labelled(lambda contents: graph.find(contents) < 0)
    if others is not None:
        matrix, contents = others
        graph.add(contents, candidates.lists_near(matrix, query))
    is_left = np.zeros(len(graph.indices), bool)
    if not query.are_all:
        is_left[graph.nodes] = True
        is_left[candidates.nodes] = False
    return graph.covered_by(query.labelled_contents(), np.flatnonzero(is_left))


def _pick(candidates, coverage, uncertainty, n_picks):
    """Pick among the candidates.

    When nothing more can be covered, the most uncertain rows of the pool follow.
    """
    graph, nodes = candidates.graph, candidates.nodes
    n_nodes = len(graph.indices)
    weight = np.bincount(nodes, candidates.weights, minlength=n_nodes)
    row_of_node = np.full(n_nodes, -1)
    row_of_node[nodes[::-1]] = candidates.rows[::-1]  # the first of several rows
    may_pick = row_of_node >= 0
    picked, gain = herd(
        graph.indices,
        graph.similarities,
        weight,
        coverage,
        min(n_picks, np.count_nonzero(may_pick)),
        may_pick=may_pick,
    )
    picks = row_of_node[picked[gain > 0]]
    if len(picks) < n_picks:
        rest = np.delete(np.arange(len(uncertainty)), picks)
        order = lowest(-uncertainty[rest], n_picks - len(picks))
        picks = np.concatenate([picks, rest[order]])
    gains = np.zeros(n_picks)
    gains[: len(gain)] = gain
    total = weight.sum() or 1.0
    before = float(weight @ coverage / total)
    return HerdingRecord(
        indices=picks,
        gain=gains,
        uncertainty=uncertainty[picks],
        covered_before=before,
        covered=before + float(gains.sum() / total),
        n_sampled=len(nodes),
    )


def _uniform(keys):
    """Numbers between 0 and 1, as even as the fingerprints that they are made of."""
    return ((keys >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
