"""AverageLinkage beside fastcluster on the same rows, in one run.

    python benchmarks/clustering.py            # 20,000 x 128, three runs of ours
    python benchmarks/clustering.py --short    # 2,000 x 32: does it run?

Every measurement is a process of its own, so that its peak memory is its own.
What a fit adds is the peak above that of a process which has imported and
compiled everything and made the rows.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np


def clustered_rows(n_samples, n_features, cluster_size=8, seed=0):
    """Unit rows around random centers, `cluster_size` to each on average."""
    rng = np.random.RandomState(seed)
    centers = rng.normal(size=(n_samples // cluster_size, n_features))
    X = centers[rng.randint(len(centers), size=n_samples)]
    X = X + 0.5 * rng.normal(size=X.shape)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float32)


def ours(X, threshold):
    from modal_clustermargin.clustering import AverageLinkage

    AverageLinkage(distance_threshold=threshold).fit(X[:1500])  # compile, outside
    AverageLinkage(n_clusters=5).fit(X[:50])
    before = peak()
    start = time.perf_counter()
    labels = AverageLinkage(distance_threshold=threshold).fit_predict(X)
    return time.perf_counter() - start, peak() - before, labels


def fastcluster(X, threshold):
    import fastcluster
    from scipy.cluster.hierarchy import fcluster

    before = peak()
    start = time.perf_counter()
    merges = fastcluster.linkage(X, method="average", metric="cosine")
    labels = fcluster(merges, threshold, "distance")
    return time.perf_counter() - start, peak() - before, labels


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB on Linux


def measure(method, n_samples, n_features, threshold):
    """Run one method in a process of its own."""
    arguments = [method, n_samples, n_features, threshold]
    command = [sys.executable, __file__, "--measure", *map(str, arguments)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(printed)


def one_measurement(method, n_samples, n_features, threshold):
    X = clustered_rows(int(n_samples), int(n_features))
    seconds, mebibytes, labels = globals()[method](X, float(threshold))
    # Numbered by first appearance, equal partitions are equal lists.
    _, first, numbers = np.unique(labels, return_index=True, return_inverse=True)
    partition = np.argsort(np.argsort(first))[numbers]
    print(json.dumps([seconds, mebibytes, partition.tolist()]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--features", type=int, default=128)
    parser.add_argument("--threshold", type=float, default=0.4, help="cosine distance")
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        one_measurement(*arguments.measure)
        return
    if arguments.short:
        arguments.rows, arguments.features, arguments.runs = 2_000, 32, 1
    size = (arguments.rows, arguments.features, arguments.threshold)
    results = {"ours": [], "fastcluster": []}
    for _ in range(arguments.runs):  # in turn, so that a slow spell hits both
        for method, runs in results.items():
            runs.append(measure(method, *size))
    print(f"{arguments.rows:,} x {arguments.features}, cosine, float32, unit rows")
    for method, runs in results.items():
        n_clusters = max(runs[0][2]) + 1
        seconds = sorted(run[0] for run in runs)
        mebibytes = np.median([run[1] for run in runs])
        print(
            f"{method:12} {np.median(seconds):8.2f} s ({seconds[0]:.2f} to"
            f" {seconds[-1]:.2f}) {mebibytes:8,.0f} MiB   {n_clusters:,} clusters,"
            f" {arguments.rows / n_clusters:.1f} rows each"
        )
    ratios = [
        theirs[0] / ours[0]
        for ours, theirs in zip(results["ours"], results["fastcluster"], strict=True)
    ]
    partitions = [run[2] for runs in results.values() for run in runs]
    same = all(partition == partitions[0] for partition in partitions)
    print(f"{np.median(ratios):.1f} times as fast; partitions identical: {same}")


if __name__ == "__main__":
    main()
