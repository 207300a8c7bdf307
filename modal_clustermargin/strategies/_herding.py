"""What the herding strategies share: the graph of a pool, and what labels cover."""

import warnings
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from modal_clustermargin.clustering import NeighborGraph, nearest_among
from modal_clustermargin.pools import Pool, as_matrix, open_pool, pool_keys
from modal_clustermargin.selection import cover, herd, lowest
from modal_clustermargin.strategies._diverse import finite_embeddings
from modal_clustermargin.strategies._embeddings import open_embeddings
from modal_clustermargin.strategies._labelled import labelled_parts
from modal_clustermargin.strategies._pool_graph import PoolGraph


@dataclass(frozen=True)
class HerdingRecord:
    """The picks of the last query of a herding strategy, in the order picked.

    Attributes
    ----------
    indices : ndarray of shape (n_picks,), dtype=intp
        Positions in the pool of that query.

    gain : ndarray of shape (n_picks,)
        What each pick added to the covered uncertainty; never increasing.

    uncertainty : ndarray of shape (n_picks,)
        Uncertainty of each pick; 1 if the classifier was not fitted.

    covered_before : float
        The share of the uncertainty of the pool that labelled rows covered.

    covered : float
        The share that labelled rows and picks cover.
    """

    indices: np.ndarray
    gain: np.ndarray
    uncertainty: np.ndarray
    covered_before: float
    covered: float


class Herding:
    """The graph of the first pool of a strategy, and the choice of each batch.

    The strategy is given to each call, for its name and its parameters `graph`,
    `labelled`, `embedding` and `kernel_scale`.
    """

    def __init__(self):
        self.fitted = None  # the fitted `NeighborGraph`
        self._known = None  # its `PoolGraph`

    def choose(self, strategy, classifier, pool, n_instances, ids, measure):
        """Pick rows, and return a `HerdingRecord`.

        ``measure()`` gives the uncertainty of each row, or None if the classifier is
        not fitted.
        """
        self._check(strategy, pool, ids)
        labelled = _Labelled(strategy, classifier, pool)
        with _opened_array(strategy, pool, self._known is None) as embedding:
            uncertainty = measure()
            keys = pool_keys(pool, ids)
            nodes = self._nodes(strategy, classifier, pool, keys, ids, embedding)
            coverage = self._coverage(
                strategy, classifier, pool, nodes, embedding, labelled
            )
        if uncertainty is None:
            uncertainty = np.ones(len(pool))
        return self._pick(nodes, uncertainty, coverage, n_instances)

    def _pick(self, nodes, uncertainty, coverage, n_instances):
        graph = self._known
        n_nodes = len(graph.indices)
        weight = np.bincount(nodes, uncertainty, minlength=n_nodes)
        position = np.full(n_nodes, -1)  # the first row of each node
        position[nodes[::-1]] = np.arange(len(nodes))[::-1]
        may_pick = position >= 0
        picked, gain = herd(
            graph.indices,
            graph.similarities,
            weight,
            coverage,
            min(n_instances, np.count_nonzero(may_pick)),
            may_pick=may_pick,
        )
        picked = position[picked[gain > 0]]
        if len(picked) < n_instances:  # nothing more can be covered
            is_left = np.ones(len(nodes), bool)
            is_left[picked] = False
            rest = np.flatnonzero(is_left)
            order = lowest(-uncertainty[rest], n_instances - len(picked))
            picked = np.concatenate([picked, rest[order]])
        gains = np.zeros(n_instances)
        gains[: np.count_nonzero(gain > 0)] = gain[gain > 0]
        total = weight.sum() or 1.0
        before = float(weight @ coverage / total)
        return HerdingRecord(
            indices=picked,
            gain=gains,
            uncertainty=uncertainty[picked],
            covered_before=before,
            covered=before + float(gains.sum() / total),
        )

    def _check(self, strategy, pool, ids):
        """All checks that need no computation."""
        graph = strategy.graph
        if self._known is not None:
            strategy._check_ids_as_before(self._knows_ids, ids)
        elif graph is not None and not hasattr(graph, "indices_"):
            graph.check_parameters(len(pool))

    def _nodes(self, strategy, classifier, pool, keys, ids, embedding):
        """Node of each row of the pool; the first query makes the graph."""
        who = type(strategy).__name__
        if self._known is None or not self._is_final:
            self._make(strategy, classifier, pool, keys, ids, embedding)
        nodes = self._known.find(keys)
        new = np.flatnonzero(nodes < 0)
        if not len(new):
            return nodes
        if len(new) == len(keys):
            if self._is_given or hasattr(strategy.graph, "indices_"):
                raise ValueError(
                    f"None of the {len(keys)} rows of X_pool is in the pool whose"
                    f" neighbours {who} knows, and the given"
                    f" {'embeddings belong' if self._is_given else 'graph belongs'} to"
                    " that pool. Use a new instance for this pool; if it is the same"
                    " pool in another form or number type, pass ids=."
                )
            warnings.warn(
                f"None of the {len(keys)} rows of X_pool was in the pool whose"
                f" neighbours {who} found: it makes the graph of this pool anew. If it"
                " is the same pool in another form or number type, pass ids=.",
                UserWarning,
                stacklevel=6,
            )
            self._known = None
            self._make(strategy, classifier, pool, keys, ids, embedding)
            return self._known.find(keys)
        warnings.warn(
            f"{len(new)} rows of X_pool were not in the pool whose neighbours {who}"
            " found: each covers its nearest rows in this pool, but is not covered by"
            " them.",
            UserWarning,
            stacklevel=6,
        )
        lists = np.full((len(new), self._known.indices.shape[1]), -1, np.int32)
        similarities = np.zeros(lists.shape, np.float32)
        if not self._is_given:  # an array has no embeddings of new rows
            rows = finite_embeddings(
                strategy.embedding, classifier, Pool(pool.take(new)), who
            )
            lists, similarities = self._lists_of_others(
                strategy, classifier, pool, nodes, strategy.embedding, rows, "new"
            )
        contents = keys[new] if ids is None else pool_keys(Pool(pool.take(new)))
        self._known.add(keys[new], contents, lists, similarities)
        return self._known.find(keys)

    def _make(self, strategy, classifier, pool, keys, ids, embedding):
        """Find the neighbours in a pool, and remember them by the keys of its rows."""
        who = type(strategy).__name__
        with open_embeddings(embedding, classifier, pool, who) as (rows, is_final):
            if self._known is not None and not is_final:
                return  # the classifier is still not fitted
            graph = strategy.graph
            if hasattr(graph, "indices_"):
                places = _rows_of_graph(graph, rows, who)
                is_known = places >= 0
                if not is_known.any():
                    raise ValueError(
                        f"{who} got a graph of another pool: none of the"
                        f" {len(pool)} rows of X_pool is among its"
                        f" {len(graph.indices_)} rows. Fit the graph to the embeddings"
                        " of this pool, in the same number type."
                    )
            else:
                if len(pool) == 1:
                    graph = None
                elif graph is None:
                    graph = NeighborGraph()
                    graph.n_neighbors = min(graph.n_neighbors, len(pool) - 1)
                else:
                    graph = clone(graph)
                if graph is not None:
                    graph.fit(rows)
                places = np.arange(len(pool))
                is_known = np.ones(len(pool), bool)
        contents = keys if ids is None else pool.keys()
        self._known = PoolGraph(
            graph,
            strategy.kernel_scale,
            places[is_known],
            keys[is_known],
            contents[is_known],
        )
        self.fitted = graph
        self._metric = "cosine" if graph is None else graph.metric
        self._is_final = is_final
        self._is_given = embedding is not None and not callable(embedding)
        self._knows_ids = ids is not None

    def _coverage(self, strategy, classifier, pool, nodes, embedding, labelled):
        """How much labelled rows cover each node."""
        graph = self._known
        coverage = np.zeros(len(graph.indices), np.float32)
        if labelled.count_missing:
            n_present = np.bincount(nodes, minlength=len(graph.sizes))
            self._cover(coverage, np.flatnonzero(n_present < graph.sizes))
        others = []
        for part in labelled.parts:
            found = graph.find_contents(pool_keys(Pool(part)))
            self._cover(coverage, np.unique(found[found >= 0]))
            others.append(np.flatnonzero(found < 0))
        rows = labelled.embeddings_of(others, classifier, self._is_given)
        if rows is not None:
            lists = self._lists_of_others(
                strategy, classifier, pool, nodes, embedding, rows, "labelled"
            )
            cover(coverage, *lists)
        return coverage

    def _cover(self, coverage, nodes):
        """Let some nodes cover themselves and their neighbours."""
        coverage[nodes] = 1
        cover(coverage, self._known.indices[nodes], self._known.similarities[nodes])

    def _lists_of_others(
        self, strategy, classifier, pool, nodes, embedding, others, name
    ):
        """Nodes near rows that are not in the graph, and their similarities."""
        who = type(strategy).__name__
        inside = np.flatnonzero(nodes >= 0)
        present, first = np.unique(nodes[inside], return_index=True)
        rows = finite_embeddings(embedding, classifier, pool, who)
        check_widths(others, rows, who, name)
        n_neighbors = max(self._known.indices.shape[1], 1)
        found, distances = nearest_among(
            others, rows[inside[first]], n_neighbors, self._metric
        )
        found = np.where(found < 0, -1, present[found]).astype(np.int32)
        return found, self._known.similarity(distances)


class _Labelled:
    """The labelled rows of one query: `parts`, a list of rows of any kind.

    `count_missing` says whether rows that left the pool count as labelled, too: unless
    the learner holds all labelled rows.
    """

    def __init__(self, strategy, classifier, pool):
        self.who = type(strategy).__name__
        self.embedding = strategy.embedding
        self.is_from_learner = strategy.labelled is None
        self.parts = labelled_parts(strategy.labelled, classifier)
        self.count_missing = not (self.is_from_learner and self.parts)
        is_array = self.embedding is not None and not callable(self.embedding)
        self.are_embeddings = is_array and not self.is_from_learner
        pool_shape = np.shape(self.embedding) if self.are_embeddings else pool.shape
        for part in self.parts:
            shape = tuple(getattr(part, "shape", ()))
            if len(shape) == len(pool_shape) > 1 and shape[1:] != pool_shape[1:]:
                raise ValueError(
                    f"{self.who} got labelled rows of shape {shape}, but the"
                    f" {'embeddings' if self.are_embeddings else 'rows'} of X_pool have"
                    f" shape {tuple(pool_shape)}. Pass labelled rows of the same kind"
                    " as the pool."
                )

    def embeddings_of(self, rows_of_parts, classifier, is_given):
        """Embeddings of the given rows of each part; None if there are none."""
        n_rows = sum(map(len, rows_of_parts))
        if not n_rows:
            return None
        if is_given and self.is_from_learner:
            warnings.warn(
                f"{n_rows} labelled rows of the learner were not in the pool, and"
                f" embedding= is an array without them: {self.who} ignores them. Pass"
                " their embeddings as labelled=, or a function (classifier, X) as"
                " embedding=.",
                UserWarning,
                stacklevel=7,
            )
            return None
        matrices = []
        for part, rows in zip(self.parts, rows_of_parts, strict=True):
            with open_pool(part, self.who, "labelled") as opened:
                few = Pool(opened.take(rows))
            embedding = few if self.are_embeddings else self.embedding
            matrices.append(finite_embeddings(embedding, classifier, few, self.who))
        return np.vstack(matrices)


def check_widths(others, rows, who, name):
    """Raise ValueError unless two matrices have equally many columns."""
    if others.shape[1] != rows.shape[1]:
        raise ValueError(
            f"{who} got {name} rows with embeddings of {others.shape[1]} columns, but"
            f" the embeddings of X_pool have {rows.shape[1]}. Pass {name} rows of the"
            " same kind as the pool."
        )


def _rows_of_graph(graph, rows, who):
    """The row of a fitted graph that each embedding equals, or -1."""
    matrix = as_matrix(rows.gathered(), who)
    if matrix.shape[1] != graph.n_features_in_:
        raise ValueError(
            f"{who} got a graph of another pool: it was fitted to embeddings of"
            f" {graph.n_features_in_} columns, and those of X_pool have"
            f" {matrix.shape[1]}."
        )
    return graph.find(matrix)


@contextmanager
def _opened_array(strategy, pool, is_first):
    """Yield the parameter `embedding`; an array for this pool is opened and checked."""
    embedding = strategy.embedding
    if not is_first or embedding is None or callable(embedding):
        yield embedding
        return
    who = type(strategy).__name__
    with open_embeddings(embedding, None, pool, who) as (rows, _):
        rows.check_finite(who)
        yield rows
