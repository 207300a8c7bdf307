"""The parts from which a neighbour search on workers is built.

A pool whose rows are on workers has a method ``neighbor_search`` that returns such a
search (see :mod:`modal_clustermargin.distributed`). The method takes ``(recall, device,
find_device, verbose)`` and returns a `NeighborSearch`.
"""

from modal_clustermargin.clustering._exact_knn import (
    empty_lists,
    exact_knn,
    exact_knn_across,
    tournament_rounds,
)
from modal_clustermargin.clustering._knn_kernels import merge_entries
from modal_clustermargin.clustering._neighbor_search import NeighborSearch

__all__ = [
    "NeighborSearch",
    "empty_lists",
    "exact_knn",
    "exact_knn_across",
    "merge_entries",
    "tournament_rounds",
]
