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
        The number of earlier picks of the same cluster: with a number as
        `candidate_factor`, the pass in which each pick was chosen.

    n_candidates : int
        Number of candidates: the rows of lowest margin, or the whole pool with tree
        coverage.

    pool_cluster : ndarray of shape (n_pool,), dtype=intp
        Cluster of every row of that pool.

    gain : ndarray of shape (n_picks,) or None
        Uncertainty, weighted by density, that each pick covers in addition to the picks
        before it; never increasing. None if the picks were not chosen by tree coverage.

    pool_pick : ndarray of shape (n_pool,), dtype=intp, or None
        The pick that covers each row, counted from 0, or -1 for rows of a tree without
        a pick. None if the picks were not chosen by tree coverage.
    """

    indices: np.ndarray
    margin: np.ndarray
    cluster: np.ndarray
    cluster_size: np.ndarray
    turn: np.ndarray
    n_candidates: int
    pool_cluster: np.ndarray = field(repr=False)
    gain: np.ndarray = None
    pool_pick: np.ndarray = field(default=None, repr=False)

    def represents(self, pick):
        """The pool rows that a pick stands for.

        Parameters
        ----------
        pick : int
            Which pick, counted from 0 in the order picked.

        Returns
        -------
        rows : ndarray of shape (n_rows,), dtype=intp
            Positions in the pool in ascending order, including the pick itself. With
            tree coverage, the rows that the pick covers: no row belongs to two picks.
            With a number of candidates, all rows of the cluster: picks of one cluster
            represent the same rows.
        """
        if self.pool_pick is not None:
            return np.flatnonzero(self.pool_pick == pick)
        return np.flatnonzero(self.pool_cluster == self.cluster[pick])
