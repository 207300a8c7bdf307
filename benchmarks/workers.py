"""Exact clustering by the workers of a Dask cluster on this machine.

    python benchmarks/workers.py            # 100,000 x 64: compared with one process
    python benchmarks/workers.py --growth   # four sizes: predicted and measured
    python benchmarks/workers.py --short    # 10,000 x 16: a quick test

Two workers of one thread each read rows from a Zarr store; one process has the rows in
memory, and two threads. Methods take turns. The partition of every run is compared with
the partition of one process. In the runs "one of two killed", a worker is killed when a
third of the calls have returned.

With --growth, the script prints for each size the predictions of
docs/studies/workers.rst and the measurements: bytes over the loopback interface (of all
processes on this machine), the memory that a worker adds, and the memory that this
process adds.
"""

import argparse
import os
import signal
import tempfile
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import zarr
from clustering import clustered_rows, forget_peak, memory
from distributed import Client, LocalCluster

from modal_clustermargin import AverageLinkage
from modal_clustermargin._threads import loop_threads
from modal_clustermargin.clustering import neighbors
from modal_clustermargin.distributed import _on_worker, _worker_search
from modal_clustermargin.distributed._worker_search import WorkerSearch

N_WORKERS = 2
N_LISTED = 17  # neighbours of each row that a search of all rows lists
THRESHOLD = 0.4


@contextmanager
def two_workers():
    with (
        LocalCluster(
            n_workers=N_WORKERS,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):
        warm = clustered_rows(12_000, 16)
        import dask.array as da

        for _ in range(2):
            fit(da.from_array(warm, chunks=(3_000, -1)))
        yield client


def rate_of_each(client, n_features):
    """Multiplications per second, if every worker compares a block."""
    rows = clustered_rows(20_000, n_features)
    half = (rows**2).sum(axis=1) / 2
    least = np.full(len(rows), -np.inf, np.float32)
    for _ in range(2):
        start = time.perf_counter()
        calls = [
            client.submit(_compared, rows, half, least, workers=[worker], pure=False)
            for worker in client.nthreads()
        ]
        client.gather(calls)
        seconds = time.perf_counter() - start
    return len(rows) ** 2 / 2 * n_features / seconds


def _compared(rows, half, least):
    with loop_threads(1):
        _on_worker.compare_blocks([least], N_LISTED, "cpu", False, (rows, half))


def fit(X):
    return AverageLinkage(distance_threshold=THRESHOLD).fit(X)


def in_store(X, folder):
    stored = zarr.open_array(
        str(folder), mode="w", shape=X.shape, chunks=(10_000, X.shape[1]), dtype="f4"
    )
    stored[:] = X
    return zarr.open_array(str(folder), mode="r")


@contextmanager
def one_killed(client, n_rows, n_features):
    """Kill a worker during the first fit inside the block."""
    merge = neighbors.merge_entries
    victim = next(iter(client.run(os.getpid).values()))
    at, calls = n_products(n_rows, n_features, client) // 3, []

    def killing(*arguments):
        calls.append(1)
        if len(calls) == at:
            os.kill(victim, signal.SIGKILL)
        return merge(*arguments)

    neighbors.merge_entries = killing
    try:
        yield
    finally:
        neighbors.merge_entries = merge
        assert len(calls) >= at
        client.wait_for_workers(N_WORKERS)


def n_products(n_rows, n_features, client):
    """Number of products of blocks: one for each block, and two for each pair."""
    return n_blocks(n_rows, n_features, client) ** 2


def n_blocks(n_rows, n_features, client):
    from modal_clustermargin.distributed._workers import Workers

    return _worker_search.n_blocks(n_rows, n_features, Workers(client))


def compare(n_rows, n_features, n_runs):
    X = clustered_rows(n_rows, n_features)
    fit(clustered_rows(12_000, 16))
    names = "one process", "two workers", "one of two killed"
    seconds = {name: [] for name in names}
    expected = None
    with tempfile.TemporaryDirectory() as folder, two_workers() as client:
        stored = in_store(X, Path(folder) / "rows.zarr")
        for _ in range(n_runs):
            for name in names:
                killed = nullcontext()
                if name == "one of two killed":
                    killed = one_killed(client, n_rows, n_features + 1)
                with killed:
                    start = time.perf_counter()
                    labels = fit(X if name == "one process" else stored).labels_
                    seconds[name].append(time.perf_counter() - start)
                expected = labels if expected is None else expected
                assert np.array_equal(labels, expected), f"{name}: another partition"
    print(f"{n_rows:,} x {n_features}, exact, cosine, threshold {THRESHOLD}")
    print(f"{'':20}{'seconds':>9}{'ratio':>8}   of {n_runs}; every partition the same")
    ours = np.array(seconds["one process"])
    for name in names:
        taken = np.array(seconds[name])
        ratio = np.median(taken / ours)
        print(f"{name:20}{np.median(taken):9.2f}{ratio:8.2f}   {taken.round(2)}")


def grow(sizes, n_features):
    print(
        f"two workers, {n_features} features, exact; predicted / measured\n"
        f"{'rows':>9}{'blocks':>8}{'products':>18}{'MB moved':>18}"
        f"{'worker, MiB':>18}{'here, MiB':>18}{'search, s':>18}"
    )
    fit(clustered_rows(12_000, 16))
    for n_rows in sizes:
        with tempfile.TemporaryDirectory() as folder, two_workers() as client:
            X = clustered_rows(n_rows, n_features)
            stored = in_store(X, Path(folder) / "rows.zarr")
            del X
            rate = rate_of_each(client, n_features + 1)
            measured = measure(stored, client)
            parts = n_blocks(n_rows, n_features + 1, client)
        predicted = predict(n_rows, n_features, parts)
        predicted["seconds"] = predicted["products"] / rate / N_WORKERS
        line = f"{n_rows:9,}{parts:8}"
        for name in ("products", "moved", "worker", "here", "seconds"):
            pair = f"{predicted[name]:,.4g} / {measured[name]:,.4g}"
            line += f"{pair:>18}"
        print(line, flush=True)


def predict(n, d, n_parts):
    """The prediction of docs/studies/workers.rst, for float32 rows and "cosine"."""
    wide = d + 1  # one more column, for rows of zeros
    held = 4 * (wide + 1)  # bytes of a row in float32, and of half its squared length
    b = n / n_parts
    entries = N_LISTED * np.sum(1 / np.arange(1, n_parts + 1))
    here = n * (4 * d + held + 8 * n_parts + 8 * entries)
    between = n * held * (n_parts - 1) / 2 * (1 - 1 / N_WORKERS)
    lists = 8 * N_LISTED
    search = 4 * d + 4 * wide + 134 + 4 * wide + 12 + lists
    measuring = 4 * d + 4 * wide + 134 + 256 + lists + 12 * N_LISTED
    return {
        "products": n**2 / 2 * wide,
        # Data to and from this process cross the interface twice.
        "moved": (2 * here + between) / 1e6,
        "worker": (n * held / N_WORKERS + b * (6 * held + 4 * lists)) / 2**20,
        "here": n * max(search, measuring) / 2**20,
    }


def measure(stored, client):
    spent = {"seconds": 0.0, "products": 0.0}
    search = WorkerSearch._exact_knn

    def timed(self, rows, *rest):
        start = time.perf_counter()
        found = search(self, rows, *rest)
        spent["seconds"] += time.perf_counter() - start
        spent["products"] += len(rows) ** 2 / 2 * rows.shape[1]
        return found

    before = client.run(worker_memory, "VmRSS")
    client.run(forget_peak)
    here_before = memory("VmRSS")
    forget_peak()
    moved_before = loopback_bytes()
    WorkerSearch._exact_knn = timed
    try:
        # Half of all merges, for which the full lists of one search are enough.
        AverageLinkage(mean_cluster_size=2).fit(stored)
    finally:
        WorkerSearch._exact_knn = search
    moved = loopback_bytes() - moved_before
    peaks = client.run(worker_memory, "VmHWM")
    return {
        **spent,
        "moved": moved / 1e6,
        "worker": max(peaks[worker] - before[worker] for worker in peaks),
        "here": memory("VmHWM") - here_before,
    }


def worker_memory(field):
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def loopback_bytes():
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == "lo":
            return int(counts.split()[0])
    raise RuntimeError("This machine has no loopback interface.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[50_000, 100_000, 200_000, 400_000]
    )
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.rows, arguments.features, arguments.runs = 10_000, 16, 1
        arguments.sizes = [10_000]
    if arguments.growth or arguments.short:
        grow(arguments.sizes, arguments.features)
    if not arguments.growth:
        compare(arguments.rows, arguments.features, arguments.runs)


if __name__ == "__main__":
    main()
