"""Rows of a comparison as if of a run, with curves that are known."""

import json

import numpy as np

from modal_clustermargin.comparison import ResultTable
from modal_clustermargin.comparison._results import COLUMNS

N_LABELS = (100, 200, 300)


def rows(curves, *, n_labels=N_LABELS, **values):
    """Rows of strategies: dict by strategy of accuracies (n_seeds, n_rounds).

    A training takes ten seconds; a query of all but random takes two, and needs the
    model. `values` are columns that are the same in all rows.
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
    """A results folder of rows; settings replace those that the rows imply."""
    folder.mkdir(parents=True, exist_ok=True)
    table = ResultTable(folder / "results.csv", COLUMNS)
    for row in made:
        table.append(row)
    strategies = dict.fromkeys(row["strategy"] for row in made)
    implied = {
        "name": "Made up",
        "data": {"name": "digits", "options": {"n_test": 500}},
        "model": {"name": "MLP", "options": {}},
        "strategies": {each: {"strategy": each, "options": {}} for each in strategies},
        "batch": 100,
        "rounds": max(int(row["round"]) for row in made),
        "n_initial": 100,
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
    """A data set of which every row is an image of one grey, its own number."""

    def __init__(self):
        self.asked = []

    def thumbnails(self, rows):
        self.asked.append(rows)
        grey = np.asarray(rows).astype(np.uint8)
        return np.broadcast_to(grey[:, None, None], (len(grey), 8, 8))


class NoImages:
    def thumbnails(self, rows):
        return None
