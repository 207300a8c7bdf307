"""AverageLinkage on data that are known to be hard for agglomerative clustering.

    python benchmarks/shapes.py            # about two minutes
    python benchmarks/shapes.py --short    # a twentieth of the rows: a quick test

A merge costs the same on any data, but the number of searches for clusters whose
neighbour lists are empty may grow. So the table shows, for each data set, how many
clusters were searched for, per row, and how often all clusters were searched for.
"""

import argparse
import time

import numpy as np

from modal_clustermargin.clustering import AverageLinkage
from modal_clustermargin.clustering.neighbors import NeighborSearch


def identical(n, rng):
    return np.ones((n, 16), np.float32)


def nearly_identical(n, rng):
    return (1 + 1e-6 * rng.normal(size=(n, 16))).astype(np.float32)


def mostly_zeros(n, rng):
    X = np.zeros((n, 16), np.float32)
    X[::10] = rng.normal(size=X[::10].shape)
    return X


def grid(n, rng):
    side = round(n**0.5)
    X = np.mgrid[:side, :side].reshape(2, -1).T
    return X + 1e-7 * rng.normal(size=X.shape)


def one_column(n, rng):
    return rng.normal(size=(n, 1)).astype(np.float32)


def growing_gaps(n, rng):
    return np.cumsum(np.arange(n, dtype=float))[:, np.newaxis]


def heavy_tail(n, rng):
    sizes = 1 / np.arange(1, n // 20 + 1) ** 1.1
    centers = rng.normal(size=(len(sizes), 32))
    X = centers[rng.choice(len(sizes), n, p=sizes / sizes.sum())]
    return (X + 0.5 * rng.normal(size=X.shape)).astype(np.float32)


def one_swallows_all(n, rng):
    """Lengths with a very heavy tail: the central cluster merges one row at a time."""
    directions = rng.normal(size=(n, 32))
    return (directions * rng.pareto(1.0, size=(n, 1))).astype(np.float32)


def noise(n, rng):
    return rng.normal(size=(n, 128)).astype(np.float32)


def wide(n, rng):
    return noise(n, rng).repeat(16, axis=1) + rng.normal(size=(n, 2048))


SHAPES = [
    (identical, 100_000),
    (nearly_identical, 20_000),
    (mostly_zeros, 100_000),
    (grid, 20_000),
    (one_column, 100_000),
    (growing_gaps, 5_000),
    (heavy_tail, 20_000),
    (one_swallows_all, 20_000),
    (noise, 20_000),
    (wide, 5_000),
]


class Counted:
    """Counts the clusters searched for within a block."""

    def __enter__(self):
        self.n_clusters = self.n_all = 0
        self.ways = nearest, of_each = (
            NeighborSearch.nearest,
            NeighborSearch.nearest_of_each,
        )

        def counted(search, queries, *rest):
            self.n_clusters += len(queries.mean)
            return nearest(search, queries, *rest)

        def counted_of_each(search, references, *rest):
            self.n_all += 1
            self.n_clusters += len(references.slots)
            return of_each(search, references, *rest)

        NeighborSearch.nearest = counted
        NeighborSearch.nearest_of_each = counted_of_each
        return self

    def __exit__(self, *error):
        NeighborSearch.nearest, NeighborSearch.nearest_of_each = self.ways


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    AverageLinkage("sqeuclidean", n_clusters=1).fit(noise(1_500, np.random))
    AverageLinkage("sqeuclidean", n_clusters=1).fit(noise(50, np.random))
    print("All merges, sqeuclidean; clusters searched for, including the first search")
    print(f"{'':18}{'rows x columns':>18}{'seconds':>9}{'per row':>9}{'all':>5}")
    for shape, n_rows in SHAPES:
        n_rows //= 20 if arguments.short else 1
        X = shape(n_rows, np.random.RandomState(0))
        model = AverageLinkage("sqeuclidean", n_clusters=1)
        with Counted() as counted:
            start = time.perf_counter()
            model.fit(X)
            seconds = time.perf_counter() - start
        name = shape.__name__.replace("_", " ")
        size = f"{len(X):,} x {X.shape[1]:,}"
        per_row = counted.n_clusters / len(X)
        print(f"{name:18}{size:>18}{seconds:9.2f}{per_row:9.2f}{counted.n_all:5}")


if __name__ == "__main__":
    main()
