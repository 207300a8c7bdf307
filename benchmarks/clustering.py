"""AverageLinkage and other clusterings of embeddings, on the same rows.

    python benchmarks/clustering.py                     # 20,000 x 128, three runs
    python benchmarks/clustering.py --short             # 2,000 x 32: a quick test
    python benchmarks/clustering.py --growth growth.csv # 1,000 to 1,000,000 rows
    python benchmarks/clustering.py --plot growth.csv growth.png
    python benchmarks/clustering.py --graph             # clusters and graph, one search
    python benchmarks/clustering.py --methods ours approximate \\
        --rows 1000000 --features 64 --device cuda      # on a GPU

Every measurement has its own process. The memory of a method is the peak above the
memory of the process after imports, compilation and the rows (on Linux). Methods take
turns, so that a slow phase of the machine affects all of them. "ours" is the reference
of the adjusted Rand index.

RAC++ (racplusplus 0.1.1) crashes with numpy 2. Pass the interpreter of an environment
with racplusplus and numpy 1 as --rac-python; otherwise RAC++ is left out.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FIELDS = ["method", "rows", "features", "seconds", "mebibytes", "n_clusters", "ari"]

# With more rows, a method takes more than ten minutes or 16 GB on two cores.
MOST_ROWS = {
    "ours": 300_000,
    "approximate": 1_000_000,
    "faiss.knn": 100_000,
}
MOST_ROWS_OF_OTHERS = 20_000
GROWTH = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 300_000, 1_000_000]


def clustered_rows(n_samples, n_features, cluster_size=8, seed=0):
    """Unit rows around random centers, on average `cluster_size` rows per center."""
    rng = np.random.RandomState(seed)
    centers = rng.normal(size=(n_samples // cluster_size, n_features))
    X = np.empty((n_samples, n_features), np.float32)
    for part in np.array_split(np.arange(n_samples), 1 + n_samples // 50_000):
        rows = centers[rng.randint(len(centers), size=len(part))]
        rows += 0.5 * rng.normal(size=rows.shape)
        X[part] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return X


def ours(threshold, **parameters):
    from modal_clustermargin.clustering import AverageLinkage

    # Compile before the measurement.
    warm = clustered_rows(12_000, 16)
    AverageLinkage(neighbors="approximate", recall=0.5).fit(warm)
    AverageLinkage(distance_threshold=threshold).fit(warm[:1500])
    AverageLinkage(n_clusters=5).fit(warm[:50])
    model = AverageLinkage(distance_threshold=threshold, **parameters)
    return model.fit_predict


def approximate(threshold, **parameters):
    return ours(threshold, neighbors="approximate", **parameters)


def graph(threshold, **parameters):
    """No clustering, but the 32 nearest neighbours of every row."""
    from modal_clustermargin.clustering import NeighborGraph

    NeighborGraph().fit(clustered_rows(1_500, 16))

    def fit(X):
        NeighborGraph(**parameters).fit(X)
        return np.zeros(len(X), int)

    return fit


def one_search(threshold, **parameters):
    """Clusters, and the graph that was searched for them."""
    from modal_clustermargin.clustering import NeighborGraph

    return ours(threshold, graph=NeighborGraph(**parameters), **parameters)


def two_searches(threshold, **parameters):
    """Clusters and a graph, each from a search of its own."""
    clusters, search = ours(threshold, **parameters), graph(threshold, **parameters)

    def fit(X):
        search(X)
        return clusters(X)

    return fit


def cut_of(linkage, threshold):
    from scipy.cluster.hierarchy import fcluster

    return lambda X: fcluster(linkage(X, "average", "cosine"), threshold, "distance")


def fastcluster(threshold):
    from fastcluster import linkage

    return cut_of(linkage, threshold)


def scipy(threshold):
    from scipy.cluster.hierarchy import linkage

    return cut_of(linkage, threshold)


def agglomerative(threshold, **parameters):
    from sklearn.cluster import AgglomerativeClustering

    return AgglomerativeClustering(
        n_clusters=None,
        distance_threshold=threshold,
        metric="cosine",
        linkage="average",
        **parameters,
    ).fit_predict


def agglomerative_on_graph(threshold):
    from sklearn.neighbors import kneighbors_graph

    def fit(X):
        graph = kneighbors_graph(X, 16, metric="cosine", n_jobs=-1)
        return agglomerative(threshold, connectivity=graph)(X)

    return fit


def rac(threshold):
    from racplusplus import rac

    # 0 lets RAC++ choose the batch size and the number of processors.
    return lambda X: rac(X.astype(np.float64), threshold, None, 0, 0, "cosine")


def hdbscan(threshold):
    from sklearn.cluster import HDBSCAN

    # On unit rows, Euclidean and cosine distances have the same order.
    model = HDBSCAN(min_cluster_size=2, n_jobs=-1, copy=True)

    def fit(X):
        labels = model.fit_predict(X)
        alone = labels < 0
        labels[alone] = labels.max() + 1 + np.arange(np.count_nonzero(alone))
        return labels

    return fit


def kmeans(threshold):
    from sklearn.cluster import KMeans

    # Unlike the other methods, k-means gets the number of centers.
    return lambda X: KMeans(len(X) // 8, n_init=1, random_state=0).fit_predict(X)


def exact_search(threshold):
    """No clustering, but an exhaustive neighbour search, for comparison."""
    import faiss

    def fit(X):
        faiss.knn(X, X, 18)  # 16 neighbours, one for the bound, and the row itself
        return np.zeros(len(X), int)

    return fit


GRAPHS = ("graph", "with graph, one search", "with graph, two searches")
OURS = ("ours", "approximate", *GRAPHS)
SEARCHES = ("faiss.knn", "graph")  # which make no clusters
METHODS = {
    "ours": ours,
    "approximate": approximate,
    "graph": graph,
    "with graph, one search": one_search,
    "with graph, two searches": two_searches,
    "faiss.knn": exact_search,
    "fastcluster": fastcluster,
    "scipy": scipy,
    "scikit-learn": agglomerative,
    "scikit-learn, kNN graph": agglomerative_on_graph,
    "RAC++": rac,
    "HDBSCAN": hdbscan,
    "k-means": kmeans,
}

DEFAULTS = [method for method in METHODS if method not in GRAPHS]


def memory(field):
    """VmRSS, or the peak VmHWM, of this process in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def run_one(method, n_samples, n_features, threshold, recall, device, labels_file):
    """Run one method once, and print seconds and MiB; for a new process."""
    parameters = {"device": device} if device and method in OURS else {}
    if method == "approximate":
        parameters["recall"] = float(recall)
    fit = METHODS[method](float(threshold), **parameters)
    X = clustered_rows(int(n_samples), int(n_features))
    forget_peak()
    before = memory("VmRSS")
    start = time.perf_counter()
    labels = fit(X)
    seconds = time.perf_counter() - start
    added = memory("VmHWM") - before
    np.save(labels_file, np.asarray(labels))
    print(json.dumps([seconds, added]))


class Bench:
    """Runs methods in new processes, and keeps the labels of "ours" as reference."""

    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.reference = {}

    def run(self, method, n_rows):
        python = self.arguments.rac_python if method == "RAC++" else sys.executable
        labels_file = self.folder / "labels.npy"
        asked = self.arguments
        numbers = map(str, (n_rows, asked.features, asked.threshold, asked.recall))
        command = [python, __file__, "--one", method, *numbers, asked.device]
        done = subprocess.run(
            [*command, str(labels_file)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"rc {done.returncode}"])[-1]
            print(f"{method} on {n_rows:,} rows failed: {last}", file=sys.stderr)
            return None
        seconds, mebibytes = json.loads(done.stdout.splitlines()[-1])
        labels = np.load(labels_file)
        if method == "ours":
            self.reference[n_rows] = labels
        ari = ""
        if n_rows in self.reference and method not in SEARCHES:
            ari = adjusted_rand_index(self.reference[n_rows], labels)
        return {
            "method": method,
            "rows": n_rows,
            "features": self.arguments.features,
            "seconds": round(seconds, 3),
            "mebibytes": round(mebibytes),
            "n_clusters": len(np.unique(labels)),
            "ari": ari,
        }


def adjusted_rand_index(a, b):
    from sklearn.metrics import adjusted_rand_score

    return round(float(adjusted_rand_score(a, b)), 5)


def compare(bench, methods, n_rows, n_runs):
    """Run methods in turn, and print a table of medians."""
    runs = {method: [] for method in methods}
    for _ in range(n_runs):
        for method in methods:
            result = bench.run(method, n_rows)
            if result is not None:
                runs[method].append(result)
    features = bench.arguments.features
    print(f"\n{n_rows:,} x {features}, cosine, float32 unit rows, medians of {n_runs}")
    print(f"{'':25}{'seconds':>9}{'x ours':>8}{'MiB':>8}{'clusters':>10}{'ARI':>9}")
    for method, results in runs.items():
        if not results:
            print(f"{method:25}{'failed':>9}")
            continue
        seconds = np.median([result["seconds"] for result in results])
        ours_seconds = [result["seconds"] for result in runs[methods[0]]]
        ratios = [
            result["seconds"] / own
            for result, own in zip(results, ours_seconds, strict=False)
        ]
        mebibytes = np.median([result["mebibytes"] for result in results])
        last = results[-1]
        is_search = method in SEARCHES
        print(
            f"{method:25}{seconds:9.2f}{np.median(ratios):8.2f}{mebibytes:8,.0f}"
            f"{'' if is_search else last['n_clusters']:>10}{last['ari']:>9}",
            flush=True,
        )


def grow(bench, methods, path):
    """Run each method once at each size, except for the runs in the file."""
    done = set()
    if path.exists():
        with path.open(newline="") as file:
            done = {(row["method"], int(row["rows"])) for row in csv.DictReader(file)}
    else:
        path.write_text(",".join(FIELDS) + "\n")
    for n_rows in GROWTH:
        for method in methods:
            if (method, n_rows) in done or n_rows > MOST_ROWS.get(
                method, MOST_ROWS_OF_OTHERS
            ):
                continue
            result = bench.run(method, n_rows)
            if result is None:
                continue
            with path.open("a", newline="") as file:
                csv.DictWriter(file, FIELDS).writerow(result)
            print(*result.values(), flush=True)


def plot(table, picture):
    import matplotlib.pyplot as plt

    with Path(table).open(newline="") as file:
        results = list(csv.DictReader(file))
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    for method in METHODS:
        rows = [result for result in results if result["method"] == method]
        if not rows or method in SEARCHES:
            continue
        own = method in OURS
        style = {"linewidth": 2.6 if own else 1.2, "marker": "o", "markersize": 4}
        n_rows = [int(row["rows"]) for row in rows]
        names = {"ours": "AverageLinkage", "approximate": "AverageLinkage, approximate"}
        for axis, field in zip(axes, ("seconds", "mebibytes"), strict=True):
            values = [float(row[field]) or 1 for row in rows]
            axis.plot(n_rows, values, label=names.get(method, method), **style)
    for axis, title in zip(
        axes, ("seconds", "additional peak memory, MiB"), strict=True
    ):
        axis.set(xscale="log", yscale="log", xlabel="rows", title=title)
        axis.grid(alpha=0.3)
    axes[1].set_ylim(bottom=1)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
    figure.savefig(picture, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=DEFAULTS)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--features", type=int, default=128)
    parser.add_argument("--threshold", type=float, default=0.4, help="cosine distance")
    parser.add_argument("--recall", type=float, default=0.95, help="of approximate")
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    parser.add_argument("--device", default="", help="of ours: cpu or cuda")
    parser.add_argument("--rac-python", help="interpreter that has racplusplus")
    parser.add_argument("--graph", action="store_true", help="ours, with a graph")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--growth", type=Path, help="table to write, .csv")
    parser.add_argument("--plot", nargs=2, help="table to draw, picture to write")
    parser.add_argument("--one", nargs=7, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        run_one(*arguments.one)
        return
    if arguments.plot:
        plot(*arguments.plot)
        return
    if arguments.short:
        arguments.rows, arguments.features, arguments.runs = 2_000, 32, 1
    methods = ["ours", *GRAPHS] if arguments.graph else arguments.methods
    if "RAC++" in methods and not arguments.rac_python:
        print("RAC++ is left out: --rac-python was not given", file=sys.stderr)
        methods.remove("RAC++")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder))
        if arguments.growth:
            grow(bench, methods, arguments.growth)
        else:
            compare(bench, methods, arguments.rows, arguments.runs)


if __name__ == "__main__":
    main()
