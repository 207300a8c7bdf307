"""Clustering and queries of a large pool in a memory map.

    python benchmarks/out_of_core.py                   # 1,000,000 x 64
    python benchmarks/out_of_core.py --rows 10000000 --folder FOLDER
    python benchmarks/out_of_core.py --short           # 20,000 x 16: a quick test

The pool has float16 rows, about ten around each of many centers. The query asks for a
tenth of the pool, with a logistic regression of 100 classes. Rows and clusters are kept
in FOLDER, if it is given: a second run does not cluster again. Every step has its own
process, whose peak memory includes the pages of the memory map that were read.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

N_CLASSES = 100
CLUSTER_SIZE = 10
_PART = 50_000  # rows drawn at a time


def draw_pool(path, n_rows, n_features):
    """Write rows part by part; a run that was killed leaves no pool."""
    rng = np.random.RandomState(0)
    centers = rng.normal(size=(n_rows // CLUSTER_SIZE, n_features)).astype(np.float32)
    unfinished = path.with_suffix(".part")
    X = np.lib.format.open_memmap(
        unfinished, "w+", dtype=np.float16, shape=(n_rows, n_features)
    )
    for start in range(0, n_rows, _PART):
        n = min(_PART, n_rows - start)
        rows = centers[rng.randint(len(centers), size=n)]
        rows += 0.5 * rng.normal(size=rows.shape).astype(np.float32)
        X[start : start + n] = rows
    X.flush()
    unfinished.rename(path)


def classifier_for(X):
    """A classifier fitted to 5,000 rows, whose labels depend on their position."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.RandomState(1)
    seen = X[np.sort(rng.choice(len(X), 5_000, replace=False))].astype(np.float32)
    y = (seen @ rng.normal(size=(X.shape[1], N_CLASSES))).argmax(axis=1)
    return LogisticRegression(max_iter=20, tol=1).fit(seen, y)


def clustering_in(folder):
    from modal_clustermargin import AverageLinkage

    return AverageLinkage(
        neighbors="approximate",
        recall=0.95,
        distance_threshold=0.4,
        memory=folder,
        verbose=True,
    )


def cluster(X, folder, n_instances):
    clustering = clustering_in(folder).fit(X)
    sizes = np.bincount(clustering.labels_)
    return {
        "clusters": clustering.n_clusters_,
        "rows of the largest": int(sizes.max()),
        "recall": round(clustering.recall_, 3),
    }


def query_in_a_new_process(X, folder, n_instances):
    from modal_clustermargin import ClusterMargin

    strategy = ClusterMargin(clustering_in(folder), random_state=0)
    picks = strategy(classifier_for(X), X, n_instances)
    return told_of(strategy, picks)


def query_again(X, folder, n_instances):
    from modal_clustermargin import ClusterMargin

    strategy = ClusterMargin(clustering_in(folder), random_state=0)
    strategy.fit(X)
    classifier = classifier_for(X)
    forget_peak()
    start = time.perf_counter()
    picks = strategy(classifier, X, n_instances)
    return {**told_of(strategy, picks), "seconds": time.perf_counter() - start}


def told_of(strategy, picks):
    assert len(np.unique(picks)) == len(picks)
    record = strategy.last_query_
    return {
        "picks": len(picks),
        "candidates": record.n_candidates,
        "clusters of them": len(np.unique(record.cluster)),
    }


STEPS = {
    "clustering": cluster,
    "query, clusters on disk": query_in_a_new_process,
    "query, clusters in memory": query_again,
}


def run_one(step, pool, folder, n_instances):
    X = np.load(pool, mmap_mode="r")
    forget_peak()
    start = time.perf_counter()
    told = STEPS[step](X, folder, int(n_instances))
    told.setdefault("seconds", time.perf_counter() - start)
    told["GiB"] = peak_gib()
    print(json.dumps(told))


def peak_gib():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 2**20


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.short:
        arguments.rows, arguments.features = 20_000, 16
    if arguments.folder is not None:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        run(arguments)
    else:
        with tempfile.TemporaryDirectory() as folder:
            arguments.folder = Path(folder)
            run(arguments)


def run(arguments):
    size = f"{arguments.rows}x{arguments.features}"
    pool = arguments.folder / f"pool-{size}.npy"
    n_instances = arguments.rows // 10
    if arguments.one:
        run_one(arguments.one, pool, arguments.folder, n_instances)
        return
    if not pool.exists():
        draw_pool(pool, arguments.rows, arguments.features)
    print(
        f"{arguments.rows:,} x {arguments.features} float16 in a memory map of"
        f" {pool.stat().st_size / 2**30:.2f} GiB, {N_CLASSES} classes, batch of"
        f" {n_instances:,}"
    )
    size = ["--rows", str(arguments.rows), "--features", str(arguments.features)]
    for step in arguments.steps:
        command = [sys.executable, __file__, "--folder", str(arguments.folder), *size]
        done = subprocess.run(
            [*command, "--one", step], stdout=subprocess.PIPE, text=True, check=True
        )
        told = json.loads(done.stdout.splitlines()[-1])
        seconds, gib = told.pop("seconds"), told.pop("GiB")
        rest = ", ".join(f"{name} {value:,}" for name, value in told.items())
        print(f"{step:26}{seconds:9.1f} s{gib:7.2f} GiB   {rest}", flush=True)


if __name__ == "__main__":
    main()
