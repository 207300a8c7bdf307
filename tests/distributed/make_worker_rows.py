"""Rows whose clusters have to be searched for again."""

import numpy as np


def heavy_tail(n_rows, n_features, seed):
    """One cluster swallows the others, one by one."""
    rng = np.random.RandomState(seed)
    directions = rng.normal(size=(n_rows, n_features))
    return directions * rng.pareto(1.0, size=(n_rows, 1))
