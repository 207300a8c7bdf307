"""The parts from which a neighbour search on workers is built.

A pool whose rows are on workers has a method ``neighbor_search`` that returns such a
search (see :mod:`modal_clustermargin.distributed`). The method takes ``(recall, device,
find_device, verbose)`` and returns a `NeighborSearch`.
"""

from modal_clustermargin.clustering._approximate_knn import (
    RecallSample,
    approximate_knn,
    cells_and_budget,
    draw_centroids,
    is_worth_trying,
    n_rounds_left,
    nearest_centroids,
)
from modal_clustermargin.clustering._exact_knn import (
    empty_lists,
    exact_knn,
    exact_knn_across,
    tournament_rounds,
)
from modal_clustermargin.clustering._float32_frame import Float32Frame
from modal_clustermargin.clustering._knn_kernels import (
    merge_entries,
    search_references,
)
from modal_clustermargin.clustering._neighbor_search import NeighborSearch

__all__ = [
    "Float32Frame",
    "NeighborSearch",
    "RecallSample",
    "approximate_knn",
    "cells_and_budget",
    "draw_centroids",
    "empty_lists",
    "exact_knn",
    "exact_knn_across",
    "is_worth_trying",
    "merge_entries",
    "n_rounds_left",
    "nearest_centroids",
    "search_references",
    "tournament_rounds",
]
