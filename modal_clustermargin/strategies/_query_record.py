"""Why each pick of a query was picked."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class QueryRecord:
    """The picks of the last query of Cluster-Margin, in the order picked.

    Attributes
    ----------
    indices : ndarray of shape (n_picks,), dtype=intp
        Positions in the pool of that query.

    margin : ndarray of shape (n_picks,)
        Margin of each pick; 0 if the classifier was not fitted.

    cluster : ndarray of shape (n_picks,), dtype=intp
        Cluster of each pick. Numbers stay the same from round to round.

    cluster_size : ndarray of shape (n_picks,), dtype=intp
        Number of candidates in that cluster, by which the clusters were sorted.

    turn : ndarray of shape (n_picks,), dtype=intp
        The pass over the clusters in which each pick was chosen, counted from 0.

    n_candidates : int
        Number of candidates: the rows of lowest margin.

    pool_cluster : ndarray of shape (n_pool,), dtype=intp
        Cluster of every row of that pool.
    """

    indices: np.ndarray
    margin: np.ndarray
    cluster: np.ndarray
    cluster_size: np.ndarray
    turn: np.ndarray
    n_candidates: int
    pool_cluster: np.ndarray = field(repr=False)

    def represents(self, pick):
        """The pool rows that a pick stands for: all of its cluster.

        Parameters
        ----------
        pick : int
            Which pick, counted from 0 in the order picked.

        Returns
        -------
        rows : ndarray of shape (n_rows,), dtype=intp
            Positions in the pool in ascending order, including the pick itself. Picks
            of one cluster represent the same rows.
        """
        return np.flatnonzero(self.pool_cluster == self.cluster[pick])
