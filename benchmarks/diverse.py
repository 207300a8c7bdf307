"""BADGE and CoreSet, compared with scikit-activeml and, at scale, Cluster-Margin.

    python benchmarks/diverse.py           # 5,000 of 50,000 x 128, 10 classes
    python benchmarks/diverse.py --short   # a quick test
    python benchmarks/diverse.py --scale   # 100,000 of 1,000,000 x 64, 100 classes
    python benchmarks/diverse.py --scale --picks 10000 --device cuda
    python benchmarks/diverse.py --growth growth.csv --plot growth.png

The strategies of scikit-activeml need version 1.0.1, and are left out if it is missing.
Every measurement has its own process. The memory of a method is the peak above the
memory of the process after imports, data and compilation. All methods use the rows as
embeddings, and the probabilities of one logistic regression, whose training is not
timed. Linux only.
"""

import argparse
import csv
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from modal_clustermargin import BADGE, AverageLinkage, ClusterMargin, CoreSet

N_LABELLED = 1_000


class LookUp:
    """Looks up probabilities by column 0, the row number; embeds the other columns."""

    def __init__(self, proba):
        self.proba = proba

    def predict_proba(self, X):
        return self.proba[int(X[0, 0]) : int(X[-1, 0]) + 1]

    def embed(self, X):
        return X[:, 1:]


def make_rows(n_rows, n_features, n_classes, seed=0):
    """Rows in groups of about 50, and their labels."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(max(n_rows // 50, n_classes), n_features))
    group = rng.integers(len(centers), size=n_rows)
    X = centers[group] + 0.5 * rng.normal(size=(n_rows, n_features))
    return X.astype(np.float32), group % n_classes


def probabilities(X, y):
    n_labelled = min(N_LABELLED, len(X) // 2)
    classifier = LogisticRegression(max_iter=200).fit(X[:n_labelled], y[:n_labelled])
    return classifier, n_labelled


# ---- methods: functions of rows, labels and the number of picks --------------------


def ours(strategy):
    def prepare(X, y, n_picks):
        classifier, n_labelled = probabilities(X, y)
        proba = classifier.predict_proba(X[n_labelled:]).astype(np.float32)
        numbers = np.arange(len(proba), dtype=np.float32)
        pool = np.column_stack([numbers, X[n_labelled:]])
        if strategy is CoreSet:
            numbered = np.column_stack([numbers[:n_labelled], X[:n_labelled]])
            query = CoreSet(numbered, device="cpu")
        else:
            query = BADGE(random_state=0, device="cpu")
        asked = LookUp(proba)
        query(asked, pool[:5_000], 500)  # compiles loops
        return lambda: query(asked, pool, n_picks)

    return prepare


def scikit_activeml(name):
    def prepare(X, y, n_picks):
        from skactiveml import pool
        from skactiveml.classifier import SklearnClassifier

        known = np.full(len(X), np.nan)
        _, n_labelled = probabilities(X, y)
        known[:n_labelled] = y[:n_labelled]
        strategy = getattr(pool, name)(random_state=0)
        if name == "CoreSet":
            return lambda: strategy.query(X, known, batch_size=n_picks)
        clf = SklearnClassifier(
            LogisticRegression(max_iter=200), classes=np.unique(y[:n_labelled])
        ).fit(X, known)
        return lambda: strategy.query(X, known, clf, fit_clf=False, batch_size=n_picks)

    return prepare


METHODS = {
    "BADGE": ours(BADGE),
    "CoreSet": ours(CoreSet),
    "BADGE, scikit-activeml": scikit_activeml("Badge"),
    "CoreSet, scikit-activeml": scikit_activeml("CoreSet"),
}


def memory(field):
    """VmRSS, or the peak VmHWM, of this process in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def run_one(method, n_rows, n_features, n_classes, n_picks):
    """Print seconds, MiB and the number of distinct picks; for a new process."""
    X, y = make_rows(int(n_rows), int(n_features), int(n_classes))
    query = METHODS[method](X, y, int(n_picks))
    Path("/proc/self/clear_refs").write_text("5")
    before, start = memory("VmRSS"), time.perf_counter()
    picks = query()
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, memory("VmHWM") - before, len(set(picks))]))


def run(method, size):
    command = [sys.executable, __file__, "--one", method, *map(str, size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"rc {done.returncode}"])[-1]
        print(f"{method} failed: {last}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(size, runs):
    n_rows, n_features, n_classes, n_picks = size
    print(
        f"{n_picks:,} of {n_rows:,} rows x {n_features}, {n_classes} classes,"
        f" {N_LABELLED:,} labelled\n{'':26}seconds (all runs)      MiB   distinct"
    )
    peers = importlib.util.find_spec("skactiveml") is not None
    found = {}
    for method in METHODS:
        if "scikit" in method and not peers:
            continue
        n_runs = 1 if "scikit" in method else runs
        results = [each for _ in range(n_runs) if (each := run(method, size))]
        if not results:
            continue
        seconds, mebibytes, n_distinct = zip(*results, strict=True)
        found[method] = np.median(seconds), np.median(mebibytes)
        low_high = f"({min(seconds):.2f} to {max(seconds):.2f})"
        print(
            f"{method:26}{found[method][0]:7.2f} {low_high:18} {found[method][1]:6.0f}"
            f" {n_distinct[0]:10,}"
        )
    for name in ("BADGE", "CoreSet"):
        peer = found.get(f"{name}, scikit-activeml")
        if peer:
            times, share = peer[0] / found[name][0], found[name][1] / peer[1]
            print(f"{name}: {times:.0f} times as fast, {share:.3f} of the memory")


def compare_at_scale(n_rows, n_picks, n_partitions, device):
    """Time BADGE and CoreSet, with and without partitions, and Cluster-Margin."""
    n_features, n_classes = 64, 100
    X, _ = make_rows(n_rows, n_features, n_classes)
    rng = np.random.default_rng(1)
    proba = rng.gamma(0.1, size=(n_rows, n_classes)).astype(np.float32) + 1e-9
    proba /= proba.sum(axis=1, keepdims=True)
    pool = np.column_stack([np.arange(n_rows, dtype=np.float32), X])
    asked = LookUp(proba)
    print(f"{n_picks:,} of {n_rows:,} rows x {n_features}, {n_classes} classes")
    common = {"random_state": 0, "device": device}
    strategies = {
        f"BADGE, {n_partitions} parts": BADGE(n_partitions=n_partitions, **common),
        f"CoreSet, {n_partitions} parts": CoreSet(n_partitions=n_partitions, **common),
        "BADGE": BADGE(**common),
        "CoreSet": CoreSet(**common),
    }
    for name, strategy in strategies.items():
        start = time.perf_counter()
        picks = strategy(asked, pool, n_picks)
        assert len(set(picks)) == n_picks
        print(f"{name:24} {time.perf_counter() - start:8.1f} s", flush=True)
    clustering = AverageLinkage(neighbors="approximate")
    strategy = ClusterMargin(clustering, random_state=0)
    for name in ("Cluster-Margin, first", "Cluster-Margin, later"):
        start = time.perf_counter()
        strategy(asked, pool, n_picks)
        print(f"{name:24} {time.perf_counter() - start:8.1f} s", flush=True)


GROWTH = {
    "rows": [(n, 64, 10, 1_000) for n in (12_500, 25_000, 50_000, 100_000, 200_000)],
    "picks": [(50_000, 64, 10, n) for n in (500, 1_000, 2_000, 4_000, 8_000)],
    "classes": [(50_000, 64, n, 1_000) for n in (5, 10, 20, 40, 80)],
    "features": [(50_000, n, 10, 1_000) for n in (32, 64, 128, 256, 512)],
}


def measure_growth(file, short):
    with Path(file).open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["grows", "value", "method", "seconds", "mebibytes"])
        for number, (grows, sizes) in zip((0, 3, 2, 1), GROWTH.items(), strict=True):
            for size in sizes[: 1 if short else None]:
                for method in ("BADGE", "CoreSet"):
                    seconds, mebibytes, _ = run(method, size)
                    writer.writerow([grows, size[number], method, seconds, mebibytes])
                    print(grows, size[number], method, f"{seconds:.2f} s", flush=True)


def plot_growth(file, image):
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with Path(file).open(newline="") as table:
        rows = list(csv.DictReader(table))
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), sharey=True, layout="tight")
    for axis, grows in zip(axes, GROWTH, strict=True):
        for method, color in (("BADGE", "#d1495b"), ("CoreSet", "#00798c")):
            of_this = [
                row for row in rows if (row["grows"], row["method"]) == (grows, method)
            ]
            values = [int(row["value"]) for row in of_this]
            seconds = [float(row["seconds"]) for row in of_this]
            axis.loglog(values, seconds, "o-", color=color, label=method)
        axis.set_xlabel(grows)
        axis.set_xticks(values, [f"{value:,}" for value in values], fontsize=7)
        axis.minorticks_off()
        axis.grid(color="0.92")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("seconds")
    axes[0].legend(frameon=False)
    figure.savefig(image, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=128)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--picks", type=int, help="default: 5,000, at scale 100,000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--device", default="cpu", help="at scale: cpu or cuda")
    parser.add_argument("--partitions", type=int, default=20)
    parser.add_argument("--growth", metavar="CSV")
    parser.add_argument("--plot", metavar="PNG")
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    size = (arguments.rows, arguments.features, arguments.classes)
    size += (arguments.picks or 5_000,)
    at_scale = arguments.partitions, arguments.device
    if arguments.one:
        run_one(*arguments.one)
    elif arguments.growth:
        measure_growth(arguments.growth, arguments.short)
        if arguments.plot:
            plot_growth(arguments.growth, arguments.plot)
    elif arguments.scale:
        rows, picks = (20_000, 2_000) if arguments.short else (1_000_000, 100_000)
        compare_at_scale(rows, arguments.picks or picks, *at_scale)
    elif arguments.short:
        compare((4_000, 16, 5, 200), runs=1)
        compare_at_scale(20_000, 2_000, *at_scale)
    else:
        compare(size, arguments.runs)


if __name__ == "__main__":
    main()
