"""The nearest rows of one set for the rows of another."""

import numpy as np

from modal_clustermargin.clustering._neighbor_search import (
    NeighborSearch,
    Queries,
    References,
)
from modal_clustermargin.clustering._rows import SQ_DISTS_PER_UNIT, prepare_rows
from modal_clustermargin.pools import row_blocks


def nearest_among(X, rows, n_neighbors, metric):
    """The rows of one set that are nearest to each row of another.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The rows whose neighbours are searched for. Finite.

    rows : ndarray of shape (n_rows, n_features)
        The rows to search. Finite.

    n_neighbors : int
        Number of neighbours of each row of `X`.

    metric : {"cosine", "sqeuclidean"}

    Returns
    -------
    indices : ndarray of shape (n_samples, n_neighbors), dtype=int32
        Positions in `rows`, nearest first; padded with -1 if there are fewer rows.

    distances : ndarray of shape (n_samples, n_neighbors), dtype=float64
        In units of the metric; padded with infinity.
    """
    indices = np.full((len(X), n_neighbors), -1, np.int32)
    distances = np.full((len(X), n_neighbors), np.inf)
    rows = prepare_rows(rows, metric)
    slots = np.arange(len(rows))
    references = References(rows, np.zeros(len(rows)), slots, slots)
    n_found = min(n_neighbors, len(rows))
    for block in row_blocks(X):
        queries = prepare_rows(X[block], metric).astype(rows.dtype, copy=False)
        no_slots = np.full(len(queries), -1)
        found, sq_dists, _ = NeighborSearch().nearest(
            Queries(queries, np.zeros(len(queries)), no_slots), references, n_found
        )
        indices[block, :n_found] = found[:, :n_found]
        distances[block, :n_found] = sq_dists[:, :n_found]
    return indices, distances / SQ_DISTS_PER_UNIT[metric]
