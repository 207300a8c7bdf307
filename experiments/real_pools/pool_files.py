"""Pools as .npz files, and the error when the data for one are missing."""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class Pool(NamedTuple):
    """Rows to label and rows to test on, with their labels."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def write_pool(folder, name, pool):
    """Write a pool whole or not at all; uncompressed, because runs read it often."""
    path = Path(folder) / f"{name}.npz"
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(unfinished, **pool._asdict())
    unfinished.replace(path)
    return path


def read_pool(folder, name):
    with np.load(Path(folder) / f"{name}.npz", allow_pickle=False) as arrays:
        return Pool(*(arrays[each] for each in Pool._fields))


def split(X, y, n_test, random_state=0):
    """A pool of random rows, and the rest to test on."""
    order = np.random.RandomState(random_state).permutation(len(X))
    pool, test = np.sort(order[n_test:]), np.sort(order[:n_test])
    return Pool(X[pool], y[pool], X[test], y[test])


def needs_package(kind, names, reason):
    """The error for a missing package: what is missing, and two ways to install it."""
    if kind == "Python":
        repair = f"Install it with: python -m pip install {names}"
    else:
        repair = (
            f"Install it with: apt-get install {names}. Without the rights to install:"
            f" apt-get download {names}; dpkg-deb -x {names}_*.deb ROOT; and give"
            " --debian-root ROOT"
        )
    return FileNotFoundError(
        f"prepare.py needs the {kind} package {names} ({reason}). {repair}."
    )
