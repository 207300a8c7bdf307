"""The base class of the herding strategies: the course of a query.

A list of k neighbours reaches k rows. While labels are few, each must stand for many
more rows than that, and picks that cover only their lists are the densest spots of the
pool. The batch is then chosen from a sample with 2 k rows for each label, so that the
list of a pick has half of the share of the sample that the pick must stand for.
"""

import warnings
from abc import abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.base import clone

from modal_clustermargin._param_validation import Interval
from modal_clustermargin.clustering import NeighborGraph
from modal_clustermargin.pools import KeyIndex, as_matrix, open_pool, pool_keys
from modal_clustermargin.selection import herd, lowest, weighted_sample
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import open_array
from modal_clustermargin.strategies._herding_labels import PastPicks, herding_labels
from modal_clustermargin.strategies._herding_query import HerdingQuery
from modal_clustermargin.strategies._herding_record import HerdingRecord
from modal_clustermargin.strategies._labelled import check_columns
from modal_clustermargin.strategies._pool_graph import PoolGraph

# Rows in the sample for each neighbour in the lists of all labels; and the largest
# sample as a share of the pool. Once the lists are that large, too, they reach enough.
_SAMPLED_PER_LISTED, _LARGEST_SAMPLE = 2, 1 / 4


@dataclass
class _Candidates:
    """Rows of a pool among which a batch is chosen, as nodes of a graph."""

    graph: PoolGraph
    rows: np.ndarray
    nodes: np.ndarray  # of each row
    weights: np.ndarray  # of each row: its uncertainty, or more in a sample
    matrix: np.ndarray = None  # embeddings of the rows, if they were needed


class HerdingStrategy(QueryStrategy):
    """Base class of herding strategies; subclasses implement `_uncertainties`."""

    _parameter_constraints = {
        "graph": [NeighborGraph, None],
        "labelled": ["array-like", "sparse matrix", callable, None],
        "embedding": ["array-like", callable, None],
        "kernel_scale": [Interval(Real, 0, None, closed="neither")],
    }

    # What is known of the pool: nothing before the first query.
    _has_ids = _pool_graph = _given = _array_rows = None

    def fit(self, X_pool, y=None, *, embeddings=None, classifier=None, ids=None):
        """Find the neighbours in a pool ahead of the first query.

        Parameters
        ----------
        X_pool : ndarray, sparse matrix or array, DataFrame, list or tensor
            The whole pool, before any row is labelled.

        y : None
            Ignored.

        embeddings : array-like of shape (n_pool, n_features), default=None
            The embeddings of this pool; later queries use them, too. None means
            `embedding`, as in a query.

        classifier : modAL learner or classifier, default=None
            Gives the embeddings if neither `embeddings` nor `embedding` does.

        ids : array-like of shape (n_pool,), default=None
            As in a query; if given here, every query needs them.

        Returns
        -------
        self : object
        """
        self._validate_params()
        who = type(self).__name__
        with open_pool(X_pool, who) as pool:
            if len(pool) == 0:
                raise ValueError(f"{who} got an empty X_pool to fit.")
            ids = self._check_ids(ids, len(pool))
            self._has_ids, self._pool_graph, self._given = None, None, embeddings
            with self._open_query(classifier, pool, ids) as query:
                self._find_neighbours(query)
        return self

    def _select(self, classifier, pool, n_instances, ids):
        with self._open_query(classifier, pool, ids) as query:
            uncertainty = self._uncertainties(classifier, pool)
            if uncertainty is None:  # the classifier is not fitted
                uncertainty = np.ones(len(pool))
            n_sampled = self._sample_size(query, n_instances)
            if n_sampled < len(pool):
                candidates = self._sample(query, uncertainty, n_sampled)
            else:
                candidates = self._whole_pool(query, uncertainty)
            coverage = _coverage(candidates, query)
            picks = _pick(candidates, coverage, uncertainty, n_instances)
            if not query.are_all:
                self._past.add(pool, picks.indices, query.keys)
        self.last_query_ = picks
        return picks.indices, picks.gain

    @abstractmethod
    def _uncertainties(self, classifier, pool):
        """Uncertainty of each row; None if the classifier is not fitted."""

    @contextmanager
    def _open_query(self, classifier, pool, ids):
        """Yield a `HerdingQuery`; checks that need no computation are made here."""
        who = type(self).__name__
        self._check_ids_as_before(self._has_ids, ids)
        is_first = self._has_ids is None
        if is_first:
            self.graph_, self._past = None, PastPicks()
            if self.graph is not None and not hasattr(self.graph, "indices_"):
                self.graph.check_parameters(len(pool))
        labelled, are_all = herding_labels(self, classifier, pool)
        given = self.embedding if self._given is None else self._given
        with open_array(given, len(pool) if is_first else None, who) as embedding:
            keys, has_ids = pool_keys(pool, ids), ids is not None
            if not are_all:
                labelled += self._past.missing_from(keys)
            query = HerdingQuery(
                who, classifier, pool, keys, has_ids, labelled, are_all, embedding
            )
            if query.is_array and is_first:
                rows = np.arange(len(pool))
                self._array_rows = KeyIndex.of_names(query.names(), rows)
            query.array_rows = self._array_rows
            query.check_pool()
            yield query
        self._has_ids = has_ids

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

    def _whole_pool(self, query, uncertainty):
        """All rows, in the graph of the first pool that needed one."""
        if self._pool_graph is None or not self._is_final:
            self._find_neighbours(query)
        keys, who = query.keys, query.who
        nodes = self._pool_graph.find(keys)
        rows, new = np.arange(len(keys)), np.flatnonzero(nodes < 0)
        if len(new) == len(keys):
            self._pool_graph = None
            self._find_neighbours(query)
            warnings.warn(
                f"None of the {len(keys)} rows of X_pool was in the pool whose"
                f" neighbours {who} found: it made the graph of this pool anew. If it"
                " is the same pool in another form or number type, pass ids=.",
                UserWarning,
                stacklevel=5,
            )
        elif len(new):
            warnings.warn(
                f"{len(new)} rows of X_pool were not in the pool whose neighbours {who}"
                " found: each covers its nearest rows in this pool, but not they it.",
                UserWarning,
                stacklevel=5,
            )
            old = np.delete(rows, new)
            others = _Candidates(self._pool_graph, old, nodes[old], uncertainty[old])
            matrix = query.embed(new)
            self._pool_graph.add(keys[new], _lists_near(matrix, others, query))
        if len(new):
            nodes = self._pool_graph.find(keys)
        return _Candidates(self._pool_graph, rows, nodes, uncertainty)

    def _find_neighbours(self, query):
        """Make the graph of a pool, and remember it by the keys of the rows."""
        with query.open_pool_embeddings() as (rows, is_final):
            if self._pool_graph is not None and not is_final:
                return  # the classifier is still not fitted
            if hasattr(self.graph, "indices_"):
                graph = self.graph
                row_of = self._rows_of_graph(as_matrix(rows.gathered(), query.who))
            else:
                graph = self._new_graph(len(rows))
                if graph is not None:
                    graph.fit(rows)
                row_of = np.arange(len(rows))
        inside = row_of >= 0
        names = [name[inside] for name in query.names()]
        self._pool_graph = PoolGraph(graph, self.kernel_scale, row_of[inside], names)
        self.graph_, self._is_final = graph, is_final

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
        graph.add(contents, _lists_near(matrix, candidates, query))
    is_left = np.zeros(len(graph.indices), bool)
    if not query.are_all:
        is_left[graph.nodes] = True
        is_left[candidates.nodes] = False
    return graph.covered_by(query.labelled_contents(), np.flatnonzero(is_left))


def _lists_near(matrix, candidates, query):
    """The nodes of candidates near embeddings, and their similarities."""
    present, first = np.unique(candidates.nodes, return_index=True)
    if candidates.matrix is None:
        among = query.embed(candidates.rows[first])
    else:
        among = candidates.matrix[first]
    check_columns(matrix.shape[1], among.shape[1], query.who)
    return candidates.graph.nearest(matrix, present, among)


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
