"""
Number of candidates and size of clusters
=========================================

Cluster-Margin has two parameters for which its paper uses very different values on
different data: the candidates per label and the mean rows of a cluster. This study runs
all pairs of values on synthetic pools (redundant, long-tailed, plain), with batches of
different shares of the pool, and compares with margin sampling and random sampling.
"""

import argparse
from pathlib import Path

import numpy as np

from modal_clustermargin.comparison import (
    ComparisonFolder,
    ComparisonResults,
    compare,
    open_figure,
)

KINDS = ("redundant", "long_tail", "plain")
BATCHES = (0.01, 0.05, 0.1)
SIZES = (1.25, 2, 5, 10, 30, 100)
FACTORS = (1, 1.25, 2, 5, 10, 100)
MLP = {"name": "mlp", "n_hidden": 64, "max_epochs": 20, "batch_size": 256, "lr": 0.01}
SHORT = {"n_pool": 200, "n_test": 100}


def label(factor, size):
    return f"factor {factor}, size {size:g}"


def settings_of(kind, batch, arguments):
    """Settings of `compare` for a kind of pool and a batch."""
    data = {"name": "synthetic", "kind": kind, "n_pool": arguments.n_pool}
    if arguments.short:
        data |= SHORT
    strategies = {
        label(factor, size): {
            "strategy": "cluster-margin",
            "candidate_factor": factor,
            "mean_cluster_size": size,
            "neighbors": "approximate",
            # All strategies start with the same model, so they can share clusters.
            "memory": "../clusters",
        }
        for size in arguments.sizes
        for factor in arguments.factors
    }
    first = arguments.first_seed
    return {
        "name": f"{kind.replace('_', ' ')}, {batch:.0%} of the pool per round",
        "data": data,
        "model": MLP | {"max_epochs": 2} if arguments.short else MLP,
        "strategies": strategies,
        "batch": batch,
        "n_initial": 0.01,
        "rounds": 1 if arguments.short else 4,
        "seeds": list(range(first, first + arguments.seeds)),
        "device": "cpu",
    }


class Grid:
    """Points of accuracy above margin sampling, by cluster size and factor.

    The values are means over rounds, without the common start.
    """

    def __init__(self, folder):
        settings = folder.settings()
        pairs = [
            (each["mean_cluster_size"], each["candidate_factor"])
            for each in settings["strategies"].values()
            if each["strategy"] == "cluster-margin"
        ]
        self.sizes = sorted({size for size, _ in pairs})
        self.factors = sorted({factor for _, factor in pairs})
        results = ComparisonResults(folder.rows(), settings=settings)
        self.name = settings["name"]
        self.seeds = results.seeds
        of = {
            each: 100 * results.values(each, "accuracy")[:, 1:].mean(axis=1)
            for each in results.strategies
        }
        self.margin = of["margin"].mean()
        self.random = of["random"].mean() - self.margin
        above = [
            [of[label(factor, size)] - of["margin"] for factor in self.factors]
            for size in self.sizes
        ]
        self.above = np.mean(above, axis=2)
        n_seeds = len(self.seeds)
        self.error = np.full(self.above.shape, np.nan)  # unknown for a single seed
        if n_seeds > 1:
            self.error = np.std(above, axis=2, ddof=1) / np.sqrt(n_seeds)

    def text(self):
        """The grid as a table."""
        lines = [
            f"{self.name}: margin {self.margin:.2f} %, random {self.random:+.2f}"
            f" points, {len(self.seeds)} seeds",
            f"{'rows':>8}" + "".join(f"{factor!s:>15}" for factor in self.factors),
        ]
        for size, row, errors in zip(self.sizes, self.above, self.error, strict=True):
            cells = [f"{a:+.2f} ± {e:.2f}" for a, e in zip(row, errors, strict=True)]
            lines.append(f"{size:>8g}" + "".join(f"{cell:>15}" for cell in cells))
        return "\n".join(lines)


def draw(grids, n_columns, path):
    """Draw a map of each grid: rows per cluster by candidates per label."""
    n_rows = -(-len(grids) // n_columns)
    with open_figure(path, (3.6 * n_columns, 3 * n_rows)) as figure:
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        most = max(2.0, max(np.abs(grid.above).max() for grid in grids))
        for panel, grid in zip(panels, grids, strict=True):
            panel.imshow(grid.above, cmap="RdBu", vmin=-most, vmax=most, aspect="auto")
            for (i, j), value in np.ndenumerate(grid.above):
                dark = abs(value) > 0.6 * most
                color = "white" if dark else "black"
                panel.text(
                    j, i, f"{value:+.1f}", ha="center", va="center", fontsize=7, c=color
                )
            panel.set_title(grid.name, fontsize=8)
            panel.set_xticks(range(len(grid.factors)), grid.factors, fontsize=7)
            panel.set_yticks(
                range(len(grid.sizes)), [f"{s:g}" for s in grid.sizes], fontsize=7
            )
            panel.set_xlabel("candidates per label", fontsize=8)
            panel.set_ylabel("rows per cluster", fontsize=8)
        n_seeds = len(grids[0].seeds)
        figure.suptitle(
            "Points of accuracy above margin sampling, means of rounds and of"
            f" {n_seeds} seed{'s' * (n_seeds > 1)}",
            fontsize=9,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    add = parser.add_argument
    add("--seeds", type=int, default=10, help="how many (default: 10)")
    add("--first-seed", type=int, default=0)
    add("--n-pool", type=int, default=20_000, help="rows (default: 20,000)")
    add("--kinds", nargs="+", choices=KINDS, default=KINDS)
    add("--batches", nargs="+", type=float, default=BATCHES, help="shares of the pool")
    add("--sizes", nargs="+", type=float, default=SIZES, help="mean rows of a cluster")
    add("--factors", nargs="+", type=factor_of, default=FACTORS)
    add("--jobs", type=int, default=1, help="processes, with one thread each")
    add("--output", type=Path, default=Path("candidate-factors"))
    add("--report-only", action="store_true", help="report the rows that exist")
    add("--short", action="store_true", help="a small run that takes seconds")
    arguments = parser.parse_args()
    grids = []
    for kind in arguments.kinds:
        for batch in arguments.batches:
            path = arguments.output / f"{kind}-{batch:g}"
            if not arguments.report_only:
                settings = settings_of(kind, batch, arguments)
                compare(settings, path, n_jobs=arguments.jobs, verbose=False)
            grids.append(Grid(ComparisonFolder(path)))
            print(grids[-1].text(), end="\n\n", flush=True)
    text = "\n\n".join(grid.text() for grid in grids)
    (arguments.output / "candidate_factors.txt").write_text(text, encoding="utf-8")
    draw(grids, len(arguments.batches), arguments.output / "candidate_factors.png")


def factor_of(text):
    value = float(text)
    return int(value) if value.is_integer() else value


if __name__ == "__main__":
    main()
