"""The neighbour graph of a first pool, looked up in the smaller pools of later rounds.

Equal rows of the graph are one node: they are covered together, and by one pick.
"""

import numpy as np

from modal_clustermargin.pools import KeyIndex, rows_of_subsequence
from modal_clustermargin.selection import cover

# The distance to this neighbour is the unit of the kernel.
_UNIT_NEIGHBOR = 16


class PoolGraph:
    """Nodes with lists of similar nodes, and an index from the keys of rows to nodes.

    Parameters
    ----------
    graph : NeighborGraph or None
        A fitted graph. None stands for the graph of a single row.

    kernel_scale : float
        The similarity at distance d is ``exp(-d / s)``, where s is `kernel_scale` times
        the median distance to the 16th neighbour, or to the last of fewer.

    rows : ndarray of shape (n_pool,), dtype=intp
        Row of the graph that equals each row of the pool.

    keys, contents : ndarray of shape (n_pool,), dtype=uint64
        Keys of the rows of the pool, and fingerprints of their content. The first of
        several rows with equal keys decides their node.

    Attributes
    ----------
    indices, similarities : ndarray of shape (n_nodes, n_neighbors)
        The nodes that each node covers, as `modal_clustermargin.selection.herd` takes
        them.

    metric : str
        That of the graph.

    sizes : ndarray of shape (n_nodes,), dtype=intp
        Number of rows of the first pool in each node.
    """

    def __init__(self, graph, kernel_scale, rows, keys, contents):
        self.metric = "cosine" if graph is None else graph.metric
        if graph is None:
            self._unit = 1.0
            self.indices = np.full((1, 1), -1, np.int32)
            self.similarities = np.zeros((1, 1), np.float32)
            nodes = rows
        else:
            self.indices, distances, node_of_row = _lists_of_nodes(graph)
            self._unit = kernel_scale * _usual_distance(distances)
            self.similarities = self.similarity(distances)
            nodes = node_of_row[rows]
        self.sizes = np.bincount(nodes, minlength=len(self.indices))
        self._of_keys, self._of_contents = (
            _index_of_nodes(known, nodes) for known in (keys, contents)
        )
        self._first_keys, self._first_nodes = keys, nodes
        self._others = KeyIndex()
        self._other_lists = self.indices[:0], self.similarities[:0]

    def similarity(self, distances):
        """The kernel: float32 in [0, 1], and 0 at infinite distance."""
        found = np.divide(distances, -self._unit, dtype=np.float32)
        return np.exp(found, out=found)

    def find(self, keys):
        """Node of each row of a pool; -1 for unknown rows."""
        rows = rows_of_subsequence(keys, self._first_keys)  # of rows in their order
        return self._of_keys.find(keys) if rows is None else self._first_nodes[rows]

    def add(self, keys, indices, similarities):
        """Add unknown rows as nodes, rows with equal keys as one."""
        keys, first, number = np.unique(keys, return_index=True, return_inverse=True)
        self._of_keys.add(keys, len(self.indices) + np.arange(len(keys)))
        self.indices = np.vstack([self.indices, indices[first]])
        self.similarities = np.vstack([self.similarities, similarities[first]])
        self.sizes = np.concatenate([self.sizes, np.bincount(number)])

    def unknown_contents(self, contents):
        """Positions of rows that are no nodes and that `add_others` did not get."""
        is_new = (self._of_contents.find(contents) < 0) & (
            self._others.find(contents) < 0
        )
        return np.flatnonzero(is_new)

    def add_others(self, contents, indices, similarities):
        """Add lists of rows that are no nodes; rows of equal content have equal lists.

        They cover nodes, and are not covered.
        """
        contents, first = np.unique(contents, return_index=True)
        self._others.add(contents, len(self._other_lists[0]) + np.arange(len(first)))
        self._other_lists = tuple(
            np.vstack([before, lists[first]])
            for before, lists in zip(
                self._other_lists, (indices, similarities), strict=True
            )
        )

    def cover_by(self, contents, coverage):
        """Raise the coverage of nodes by rows with this content, as far as known."""
        nodes = self._of_contents.find(contents)
        self.cover_by_nodes(np.unique(nodes[nodes >= 0]), coverage)
        others = self._others.find(contents)
        indices, similarities = self._other_lists
        others = np.unique(others[others >= 0])
        cover(coverage, indices[others], similarities[others])

    def cover_by_nodes(self, nodes, coverage):
        """Raise the coverage by some nodes: of themselves, and of their neighbours."""
        coverage[nodes] = 1
        cover(coverage, self.indices[nodes], self.similarities[nodes])


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
    farthest = near[:, -1].copy()
    short = np.flatnonzero(farthest == np.inf)  # lists with fewer neighbours
    farthest[short] = np.where(near[short] < np.inf, near[short], 0).max(axis=1)
    positive = farthest[farthest > 0]
    return float(np.median(positive)) if len(positive) else 1.0


def _index_of_nodes(keys, nodes):
    keys, first = np.unique(keys, return_index=True)
    index = KeyIndex()
    index.add(keys, nodes[first])
    return index
