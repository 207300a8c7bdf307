"""Pools of normal distributions, drawn unlike the synthetic pools of the package.

A class is a mixture of normal distributions in all columns, so its boundaries come from
neighbouring modes, not from curved features.
"""

import numpy as np
from pool_files import Pool

_N_COLUMNS = 48
_N_MODES = 4  # of each class
_SPREAD = 1.0  # standard deviation of the centres of modes, in each column


def normal_copies(n_rows=12_000, n_copies=20, n_classes=20, n_test=5000, seed=0):
    """Every row is a near-copy of one of ``n_rows / n_copies`` prototypes."""
    rng = np.random.RandomState(seed)
    centres = _centres(rng, n_classes)
    prototypes, y = _drawn(
        rng, centres, rng.randint(n_classes, size=n_rows // n_copies)
    )
    copied = rng.randint(len(prototypes), size=n_rows)
    X = prototypes[copied] + rng.normal(scale=0.05, size=(n_rows, _N_COLUMNS))
    return _pool(rng, centres, X, y[copied], n_test)


def normal_long_tail(n_rows=12_000, n_classes=40, power=1.2, n_test=5000, seed=0):
    """The share of class k in the pool is proportional to ``k ** -power``."""
    rng = np.random.RandomState(seed)
    centres = _centres(rng, n_classes)
    shares = np.arange(1.0, n_classes + 1) ** -power
    drawn = rng.choice(n_classes, n_rows, p=shares / shares.sum())
    return _pool(rng, centres, *_drawn(rng, centres, drawn), n_test)


def _centres(rng, n_classes):
    return rng.normal(scale=_SPREAD, size=(n_classes, _N_MODES, _N_COLUMNS))


def _drawn(rng, centres, y):
    """A row of each class in `y`, around one of its modes: (X, y)."""
    mode = rng.randint(_N_MODES, size=len(y))
    return centres[y, mode] + rng.normal(size=(len(y), _N_COLUMNS)), y


def _pool(rng, centres, X, y, n_test):
    """Add a test in which all classes have the same size."""
    X_test, y_test = _drawn(rng, centres, np.arange(n_test) % len(centres))
    return Pool(np.float32(X), y, np.float32(X_test), y_test)
