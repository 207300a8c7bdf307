"""Seconds of a query: margin sampling, Cluster-Margin, tree coverage, herding.

    python benchmarks/query.py             # 100,000 of 1,000,000 x 64, 100 classes
    python benchmarks/query.py --diverse   # with BADGE and CoreSet: ten minutes more
    python benchmarks/query.py --short     # 1,000 of 10,000 rows: a quick test
    python benchmarks/query.py --growth growth.csv --plot growth.png

All strategies query the same logistic regression. The structure of the pool, which is
its dendrogram or its neighbour graph, is computed by `fit` before the queries, and its
seconds stand beside those of a query. The growth varies the rows of the pool, the rows
of the batch and the neighbours of the graph, one at a time.
"""

import argparse
import csv
import resource
import time
from functools import partial
from pathlib import Path

import numpy as np
from modAL.uncertainty import margin_sampling
from sklearn.linear_model import LogisticRegression

from modal_clustermargin import (
    BADGE,
    AverageLinkage,
    ClusterMargin,
    CoreSet,
    MarginSampling,
    UncertaintyHerding,
)
from modal_clustermargin.clustering import NeighborGraph

N_LABELLED = 2_000


def make_pool(n_rows, n_features, n_classes, seed=0):
    """Rows in groups of about ten, and a classifier fitted to a few labels."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(n_rows // 10, n_features)).astype(np.float32)
    X = centers[rng.integers(len(centers), size=n_rows)]
    X += 0.5 * rng.normal(size=X.shape).astype(np.float32)
    y = (X @ rng.normal(size=(n_features, n_classes))).argmax(axis=1)
    classifier = LogisticRegression(max_iter=100).fit(X[:N_LABELLED], y[:N_LABELLED])
    return X, classifier


def strategies(X, n_neighbors, *, are_diverse=False):
    """Strategies by name, and the seconds in which the structure of each was computed.

    Both methods of ClusterMargin share the dendrogram.
    """
    tree = AverageLinkage(compute_full_tree=True, neighbors="approximate").fit(X)
    graph = NeighborGraph(n_neighbors, neighbors="approximate").fit(X)
    by_name = {
        "MarginSampling": MarginSampling(),
        "ClusterMargin, factor 10": ClusterMargin(tree, candidate_factor=10),
        "ClusterMargin": ClusterMargin(tree),
        "UncertaintyHerding": UncertaintyHerding(graph),
    }
    if are_diverse:
        by_name |= {"BADGE": BADGE(), "CoreSet": CoreSet()}
    structure = dict.fromkeys(by_name, 0.0)
    for name, strategy in by_name.items():
        if hasattr(strategy, "fit"):
            fitted = graph if name == "UncertaintyHerding" else tree
            structure[name] = fitted.fit_seconds_
            strategy.fit(X, embeddings=X)
    return by_name, structure


def seconds_of(call, runs):
    """Median, least and most seconds of some calls."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return np.median(seconds), min(seconds), max(seconds)


def measure(arguments):
    """Print a table of all strategies on one pool."""
    X, classifier = make_pool(arguments.rows, arguments.features, arguments.classes)
    n = arguments.instances
    print(
        f"{n:,} of {arguments.rows:,} rows x {arguments.features},"
        f" {arguments.classes} classes"
    )
    print(
        f"{'':26}{'structure':>11}{'query':>9}{'low':>8}{'high':>8}{'times margin':>14}"
    )
    small, _ = strategies(X[:2000], 10, are_diverse=arguments.diverse)
    for strategy in small.values():
        strategy(classifier, X[:2000], 50)  # compiles loops
    by_name, structure = strategies(
        X, arguments.neighbors, are_diverse=arguments.diverse
    )
    structure["modAL's margin_sampling"] = 0.0
    timed = {"modAL's margin_sampling": partial(margin_sampling, classifier, X, n)}
    for name, strategy in by_name.items():
        timed[name] = partial(strategy, classifier, X, n)
    found = {}
    for name, call in timed.items():
        is_slow = name in ("BADGE", "CoreSet")
        found[name] = seconds_of(call, 1 if is_slow else arguments.runs)
    reference = found["MarginSampling"][0]
    for name, (median, low, high) in found.items():
        print(
            f"{name:26}{structure[name]:9.1f} s{median:7.2f} s{low:8.2f}{high:8.2f}"
            f"{median / reference:14.2f}"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.1f} GiB, of which the rows take {X.nbytes / 2**30:.1f}")


def grow(arguments):
    """Write the seconds of a query by rows, batch and neighbours."""
    rows, n, k = arguments.rows // 4, arguments.instances // 4, arguments.neighbors
    cases = [("rows", size, n // 4, k) for size in (rows // 4, rows // 2, rows)]
    cases += [("batch", rows, size, k) for size in (n // 8, n // 4, n, 4 * n)]
    cases += [("neighbors", rows, n // 4, size) for size in (k // 4, k // 2, k, 2 * k)]
    written = []
    pools = {}
    for varied, n_rows, n_picks, n_neighbors in cases:
        if n_rows not in pools:
            pools = {n_rows: make_pool(n_rows, arguments.features, arguments.classes)}
        X, classifier = pools[n_rows]
        for name, strategy in strategies(X, n_neighbors)[0].items():
            call = partial(strategy, classifier, X, n_picks)
            call()
            median, _, _ = seconds_of(call, arguments.runs)
            written.append([varied, n_rows, n_picks, n_neighbors, name, median])
            print(*written[-1], flush=True)
    with Path(arguments.growth).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["varied", "rows", "batch", "neighbors", "strategy", "seconds"])
        writer.writerows(written)
    if arguments.plot:
        draw(written, arguments.plot)


def draw(written, path):
    """A panel for each size that was varied."""
    import matplotlib.pyplot as plt

    column = {"rows": 1, "batch": 2, "neighbors": 3}
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True)
    for axis, (varied, place) in zip(axes, column.items(), strict=True):
        points = [row for row in written if row[0] == varied]
        for name in dict.fromkeys(row[4] for row in points):
            line = [(row[place], row[5]) for row in points if row[4] == name]
            axis.plot(*zip(*line, strict=True), "o-", label=name)
        axis.set(xscale="log", yscale="log", xlabel=varied)
    axes[0].set_ylabel("seconds of a query")
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--instances", type=int, default=100_000)
    parser.add_argument("--neighbors", type=int, default=32)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--diverse", action="store_true")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--growth", metavar="CSV")
    parser.add_argument("--plot", metavar="PNG")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.rows, arguments.instances, arguments.runs = 10_000, 1_000, 2
        arguments.classes = 10
    grow(arguments) if arguments.growth else measure(arguments)


if __name__ == "__main__":
    main()
