"""Time and quality of clusterings by recall, on data of several kinds.

    python benchmarks/recall.py --rows 200000 --shapes clusters curved
    python benchmarks/recall.py            # all shapes, 50,000 x 64, a few minutes
    python benchmarks/recall.py --short    # 10,000 x 16: a quick test

The rows are unit rows, and a cluster has ten rows on average (the default). Times are
relative to the exact clustering of the same rows, and the adjusted Rand index compares
with its labels.
"""

import argparse
import time

import numpy as np
from sklearn.metrics import adjusted_rand_score

from modal_clustermargin.clustering import AverageLinkage


def clusters(n, d, rng):
    """About eight rows around each of many centers, in all directions."""
    centers = rng.normal(size=(n // 8, d))
    return centers[rng.randint(len(centers), size=n)] + 0.5 * rng.normal(size=(n, d))


def curved(n, d, rng):
    """A curved surface of twelve dimensions, without clusters."""
    hidden = np.maximum(rng.normal(size=(n, 12)) @ rng.normal(size=(12, 256)), 0)
    X = hidden @ rng.normal(size=(256, d))
    return X - X.mean(axis=0)


def heavy_tail(n, d, rng):
    """Clusters of sizes that follow a power law."""
    shares = 1 / np.arange(1, n // 20 + 1) ** 1.1
    centers = rng.normal(size=(len(shares), d))
    X = centers[rng.choice(len(shares), n, p=shares / shares.sum())]
    return X + 0.5 * rng.normal(size=X.shape)


def noise(n, d, rng):
    """Nothing but directions."""
    return rng.normal(size=(n, d))


SHAPES = {
    "clusters": clusters,
    "curved": curved,
    "heavy-tail": heavy_tail,
    "noise": noise,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    recalls = [0.99, 0.95, 0.9, 0.8]
    parser.add_argument("--recalls", nargs="+", type=float, default=recalls)
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    size = (arguments.rows, arguments.features)
    if arguments.short:
        size, arguments.recalls = (10_000, 16), [0.95]
    warm = clusters(12_000, 16, np.random.RandomState(1)).astype(np.float32)
    AverageLinkage(neighbors="approximate", recall=0.5).fit(warm)
    AverageLinkage(n_clusters=5).fit(warm[:1500])
    AverageLinkage(n_clusters=5).fit(warm[:50])
    print(f"{size[0]:,} x {size[1]}, float32, cosine, mean_cluster_size=10")
    print(f"{'':12}{'recall':>8}{'found':>8}{'seconds':>9}{'x exact':>9}{'ARI':>8}")
    for name in arguments.shapes:
        X = SHAPES[name](*size, np.random.RandomState(0))
        X = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)
        exact = None
        for recall in [1.0, *arguments.recalls]:
            model = AverageLinkage(neighbors="approximate", recall=recall)
            model.set_params(neighbors="exact" if exact is None else "approximate")
            start = time.perf_counter()
            model.fit(X)
            seconds = time.perf_counter() - start
            if exact is None:
                exact = seconds, model.labels_
            print(
                f"{name:12}{recall:8.2f}{model.recall_:8.3f}{seconds:9.2f}"
                f"{seconds / exact[0]:9.2f}"
                f"{adjusted_rand_score(exact[1], model.labels_):8.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
