"""A query with known clusters, compared with modAL's margin_sampling.

    python benchmarks/query.py            # 100,000 of 1,000,000 rows, 100 classes
    python benchmarks/query.py --short    # 1,000 of 10,000 rows: a quick test

Both query the same classifier, which looks up its probabilities.
"""

import argparse
import resource
import time
from functools import partial

import numpy as np
from modAL.uncertainty import margin_sampling

from modal_clustermargin import AverageLinkage, ClusterMargin


class LookUp:
    """A classifier that looks up probabilities by the row number in column 0."""

    def __init__(self, proba):
        self.proba = proba

    def predict_proba(self, X):
        # A slice is a view, so that no rows are copied.
        return self.proba[int(X[0, 0]) : int(X[-1, 0]) + 1]


def make_pool(n_pool, n_features, n_classes, cluster_size=10, seed=0):
    """Independent random rows, probabilities and clusters."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_pool, n_features)).astype(np.float32)
    X[:, 0] = np.arange(n_pool)  # exact in float32 up to 16 million
    proba = rng.gamma(0.1, size=(n_pool, n_classes)) + 1e-12
    proba /= proba.sum(axis=1, keepdims=True)
    labels = rng.randint(n_pool // cluster_size, size=n_pool)
    return X, proba, labels


class Known(AverageLinkage):
    """Clusters that are known beforehand: clustering is not timed."""

    def __init__(self, labels=None):
        super().__init__()
        self.labels = labels

    def fit(self, X, y=None):
        self.labels_ = self.labels
        return self

    def cut(self, mean_cluster_size):
        return self.labels_


def median_seconds(call, runs):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return np.median(seconds), min(seconds), max(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--instances", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.rows, arguments.instances, arguments.runs = 10_000, 1_000, 2
    X, proba, labels = make_pool(arguments.rows, arguments.features, arguments.classes)
    classifier = LookUp(proba)
    n = arguments.instances
    timed = {"modAL margin_sampling": partial(margin_sampling, classifier, X, n)}
    for factor in ("auto", 10):
        clusters = Known(labels)
        strategy = ClusterMargin(clusters, candidate_factor=factor, random_state=0)
        strategy(classifier, X, n)  # reads the clusters and compiles loops
        timed[f"ClusterMargin, factor {factor}"] = partial(strategy, classifier, X, n)
    print(
        f"{n:,} of {arguments.rows:,} rows x {arguments.features},"
        f" {arguments.classes} classes, clusters known"
    )
    reference = None
    for name, call in timed.items():
        median, low, high = median_seconds(call, arguments.runs)
        reference = reference or median
        print(
            f"{name:28} {median:7.3f} s ({low:.3f} to {high:.3f})"
            f"   {median / reference:5.2f} times modAL's"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    data = (X.nbytes + proba.nbytes) / 2**30
    print(
        f"peak memory: {peak:.1f} GiB; rows and probabilities take {data:.1f} GiB of it"
    )


if __name__ == "__main__":
    main()
