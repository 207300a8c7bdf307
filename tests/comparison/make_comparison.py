"""Rows and folders of comparisons with known learning curves."""

import json

import numpy as np

from modal_clustermargin.comparison import ResultTable
from modal_clustermargin.comparison._results import COLUMNS

N_LABELS = (100, 200, 300)
ODD = '<b>"odd" & $k$</b>'
# Margin is about 10 points above random at 200 and 300 labels; odd is level with it.
CURVES = {
    "random": [[0.5, 0.60, 0.70], [0.5, 0.60, 0.70], [0.5, 0.60, 0.70]],
    "margin": [[0.5, 0.70, 0.80], [0.5, 0.71, 0.80], [0.5, 0.69, 0.80]],
    ODD: [[0.5, 0.69, 0.80], [0.5, 0.70, 0.80], [0.5, 0.70, 0.80]],
}


def rows(curves, *, n_labels=N_LABELS, **values):
    """Rows of strategies; `curves` has accuracies (n_seeds, n_rounds) by strategy.

    A training takes ten seconds. A query takes two and needs the model, except that of
    random. `values` are columns with the same value in all rows.
    """
    made = []
    for strategy, by_seed in curves.items():
        asks = strategy != "random"
        for seed, accuracies in enumerate(by_seed):
            for r, (n, accuracy) in enumerate(zip(n_labels, accuracies, strict=True)):
                row = {
                    "strategy": strategy,
                    "seed": seed,
                    "round": r,
                    "n_labels": n,
                    "accuracy": accuracy,
                    "fit_seconds": 10,
                    "query_seconds": 2 if asks and r else 0,
                    "embedding_seconds": 1 if asks and r else 0,
                    "clustering_seconds": 0.5 if asks and r else 0,
                    "peak_memory_mib": 300 + 10 * r,
                    "n_clusters": 50 if asks and r else "",
                    "n_candidates": 120 if asks and r else "",
                    "fits_needed": int(asks),
                    "versions": "numpy 2.0",
                }
                made.append({name: str(v) for name, v in (row | values).items()})
    return made


def write_folder(folder, made, **settings):
    """Write a folder with rows; `settings` replace those that the rows imply."""
    folder.mkdir(parents=True, exist_ok=True)
    table = ResultTable(folder / "results.csv", COLUMNS)
    for row in made:
        table.append(row)
    strategies = dict.fromkeys(row["strategy"] for row in made)
    implied = {
        "name": "Größe",
        "data": {"name": "digits", "n_test": 500},
        "model": {"name": "mlp"},
        "strategies": {each: {"strategy": each} for each in strategies},
        "batch": 100,
        "rounds": max(int(row["round"]) for row in made),
        "n_initial": 100,
        "device": None,
        "seeds": sorted({int(row["seed"]) for row in made}),
    }
    text = json.dumps(implied | settings)
    (folder / "comparison.json").write_text(text, encoding="utf-8")
    return folder


def write_picks(folder, strategy, seed, round_, indices, cluster, sizes):
    (folder / "picks").mkdir(exist_ok=True)
    np.savez(
        folder / "picks" / f"{strategy}-{seed}-{round_}.npz",
        indices=np.asarray(indices),
        cluster=np.asarray(cluster),
        pool_cluster_sizes=np.asarray(sizes),
    )


class Images:
    """A data set in which row i is an image with all pixels i."""

    def __init__(self):
        self.asked = []

    def thumbnails(self, rows):
        self.asked.append(rows)
        grey = np.asarray(rows).astype(np.uint8)
        return np.broadcast_to(grey[:, None, None], (len(grey), 8, 8))


class NoImages:
    def thumbnails(self, rows):
        return None


# The settings of the comparison that really runs, and the columns that do not depend
# on the machine.
SHORT = {
    "data": {"name": "synthetic", "kind": "redundant", "n_pool": 150, "n_test": 50},
    "model": {"name": "naive-bayes"},
    "strategies": ["cluster-margin", "badge", "coreset"],
    "batch": 10,
    "rounds": 2,
    "n_initial": 20,
    "seeds": [3, 5],
}
LASTING = ("strategy", "seed", "round", "n_labels", "accuracy", "n_clusters")


def lasting(rows):
    """The columns of rows that every run repeats."""
    return [tuple(row[name] for name in LASTING) for row in rows]


def picks_in(folder):
    """All picks of a folder: lists by file name."""
    return {
        path.name: np.load(path)["indices"].tolist()
        for path in sorted((folder / "picks").iterdir())
    }
