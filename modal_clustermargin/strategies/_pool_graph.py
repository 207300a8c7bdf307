"""The neighbour graph of a first pool, looked up in the smaller pools of later rounds.

Equal rows of the graph are one node: they are covered together, and by one pick.
"""

import numpy as np

from modal_clustermargin.clustering import nearest_among
from modal_clustermargin.pools import KeyIndex
from modal_clustermargin.selection import cover

# The distance to this neighbour is the unit of the kernel.
_UNIT_NEIGHBOR = 16


class PoolGraph:
    """Nodes with lists of similar nodes, and an index from the keys of rows to nodes.

    `graph` is a fitted NeighborGraph, or None for the graph of a single row. The
    similarity at distance d is ``exp(-d / s)``, where s is `kernel_scale` times the
    median distance to the 16th neighbour, or to the last of fewer. `rows` are the rows
    of the graph that equal the rows of the pool, and `names` the arrays of keys by
    which these are found; of rows with equal keys, the first decides their node.

    `indices` and `similarities`, of shape (n_nodes, n_neighbors), are the nodes that
    each node covers, as `modal_clustermargin.selection.herd` takes them. `nodes` are
    the nodes of the rows of the first pool.
    """

    def __init__(self, graph, kernel_scale, rows, names=None):
        if graph is None:
            self._metric, self._unit = "cosine", 1.0
            self.indices = np.full((1, 1), -1, np.int32)
            self.similarities = np.zeros((1, 1), np.float32)
            self.nodes = rows
        else:
            self.indices, distances, node_of_row = _lists_of_nodes(graph)
            self._metric = graph.metric
            self._unit = kernel_scale * _usual_distance(distances)
            self.similarities = self._similarity(distances)
            self.nodes = node_of_row[rows]
        self._node_of = KeyIndex()
        if names is not None:
            self._node_of = KeyIndex.of_names(names, self.nodes)

    def find(self, keys):
        """Node of each row; -1 for unknown rows."""
        return self._node_of.find(keys)

    def nearest(self, matrix, nodes, among):
        """Lists of the nodes near each row of a matrix, and their similarities.

        `among` has the embeddings of `nodes`.
        """
        n_listed = self.indices.shape[1]
        found, distances = nearest_among(matrix, among, n_listed, self._metric)
        found = np.where(found < 0, -1, nodes[found]).astype(np.int32)
        return found, self._similarity(distances)

    def add(self, keys, lists):
        """Add rows as nodes, with lists as from `nearest`.

        They cover the nodes in their lists, and are covered by none. Rows with equal
        keys are one node.
        """
        keys, first = np.unique(keys, return_index=True)
        self._node_of.add(keys, len(self.indices) + np.arange(len(keys)))
        indices, similarities = lists
        self.indices = np.vstack([self.indices, indices[first]])
        self.similarities = np.vstack([self.similarities, similarities[first]])

    def covered_by(self, keys, nodes):
        """Coverage of each node by the rows with these keys, and by nodes: float32."""
        coverage = np.zeros(len(self.indices), np.float32)
        found = self.find(keys)
        nodes = np.union1d(found[found >= 0], nodes)
        coverage[nodes] = 1
        cover(coverage, self.indices[nodes], self.similarities[nodes])
        return coverage

    def _similarity(self, distances):
        """The kernel: float32 in [0, 1], and 0 at infinite distance."""
        found = np.divide(distances, -self._unit, dtype=np.float32)
        return np.exp(found, out=found)


def _lists_of_nodes(graph):
    """``(indices, distances)`` of the nodes, and the node of each row."""
    first, node_of_row = np.unique(graph.first_copy_, return_inverse=True)
    if len(first) == len(node_of_row):
        return graph.indices_, graph.distances_, node_of_row
    indices, distances = graph.indices_[first], graph.distances_[first]
    indices = np.where(indices < 0, -1, node_of_row[indices]).astype(np.int32)
    # A row that has copies lists one of them first.
    own = indices[:, 0] == np.arange(len(first))
    for lists, padding in ((indices, -1), (distances, np.inf)):
        lists[own, :-1] = lists[own, 1:]
        lists[own, -1] = padding
    return indices, distances, node_of_row


def _usual_distance(distances):
    """The median distance to the 16th neighbour, or the last of fewer; positive."""
    near = distances[:, :_UNIT_NEIGHBOR]
    farthest = np.where(near < np.inf, near, 0).max(axis=1)
    positive = farthest[farthest > 0]
    return float(np.median(positive)) if len(positive) else 1.0
