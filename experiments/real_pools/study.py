"""
Strategies on real pools: points above margin sampling
======================================================

Every strategy labels the same pools with the same seeds: first labels at random, then
rounds of a batch. A network with 256 hidden units is trained anew on the features in
each round. The area of a run is its mean accuracy in percent over all rounds, the
common start included. The table has, for each pool and batch, the area of margin
sampling, and for each other strategy its area minus that of margin sampling on the same
seed: the mean over seeds and its standard error.

prepare.py writes the pools. Finished runs are kept: the same command continues after a
kill, and more seeds or strategies are added to those in the folder.
"""

import argparse
import csv
from itertools import product
from pathlib import Path
from urllib.parse import quote

import numba
import numpy as np
import torch
from plans import MODEL, PLANS, STRATEGIES, data_of, strategy_of
from pool_strategies import OfWholePool
from threadpoolctl import threadpool_limits

from modal_clustermargin.comparison import (
    ComparisonFolder,
    ComparisonResults,
    compare,
    mean_and_error,
    write_report,
)


def planned(arguments):
    """Yield a pool, a batch and a number of rounds for each row of the table."""
    for pool in arguments.pools:
        usual = PLANS[pool]
        rounds = dict(usual)
        for batch in arguments.batch or [batch for batch, _ in usual]:
            yield pool, batch, arguments.rounds or rounds.get(batch, usual[0][1])


def settings_of(pool, batch, rounds, arguments):
    """Settings of `compare` for a row of the table."""
    data = data_of(pool, arguments.data)
    memory = arguments.output / "clusters"
    names = list(dict.fromkeys(["margin", *arguments.strategies]))
    first = arguments.first_seed
    return {
        "name": f"{pool}, batches of {batch}",
        "data": data,
        "model": MODEL,
        "strategies": {name: strategy_of(name, data, memory) for name in names},
        "without": ["random", "margin"],  # none but those that were asked for
        "batch": batch,
        "rounds": rounds,
        "seeds": list(range(first, first + arguments.seeds)),
        "device": "cpu",
    }


def cluster_once(settings, n_threads):
    """Cluster a pool that all seeds share, before processes would do it twice."""
    if settings["data"]["name"] != "arrays":
        return
    numba.set_num_threads(min(n_threads, numba.config.NUMBA_NUM_THREADS))
    for each in settings["strategies"].values():
        if each["strategy"] == "pool_strategies:OfWholePool":
            options = {name: each[name] for name in each if name != "strategy"}
            OfWholePool(**options).fit()


def forget(path, strategies):
    """Delete all runs of some strategies from the folder of a comparison."""
    for table in path.glob("results.csv"):
        with table.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = [row for row in reader if row["strategy"] not in strategies]
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, reader.fieldnames, lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(rows)
    for strategy, folder in product(strategies, ("states", "picks")):
        # The names of states and picks begin with the quoted label and a dash.
        for file in (path / folder).glob(f"{quote(strategy, safe=' ')}-[0-9]*"):
            file.unlink()


class Line:
    """A row of the table: areas and seconds of each strategy of a comparison."""

    def __init__(self, name, folder):
        self.name = name
        settings, rows = folder.settings(), folder.rows()
        self.strategies = [each for each in settings["strategies"] if each != "margin"]
        self.above, self.seconds, self.n_seeds = {}, {}, {}
        for strategy in settings["strategies"]:
            # Each strategy is compared on all seeds that it shares with margin.
            pair = [row for row in rows if row["strategy"] in ("margin", strategy)]
            results = ComparisonResults(pair, settings={"rounds": settings["rounds"]})
            if strategy not in results.strategies:
                continue
            areas, margin = areas_of(results, strategy), areas_of(results, "margin")
            self.above[strategy] = mean_and_error(areas - margin)
            seconds = results.values(strategy, "query_seconds")[:, 1:]
            self.seconds[strategy] = np.median(seconds)
            self.n_seeds[strategy] = len(results.seeds)
            if strategy == "margin":
                self.margin = margin.mean()


def areas_of(results, strategy):
    """Mean accuracy in percent along the curve of each seed."""
    return 100 * results.values(strategy, "accuracy").mean(axis=1)


def points(mean, error):
    text = f"{mean:+.2f}"
    return text if np.isnan(error) else f"{text} ± {error:.2f}"


def table(head, rows):
    """A table in Markdown."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def written(lines):
    """The table of points, and the table of seconds of a query."""
    strategies = list(dict.fromkeys(s for line in lines for s in line.strategies))
    head = ["pool, batch", "seeds", "margin, %", *strategies]
    rows, above = [], {strategy: [] for strategy in strategies}
    for line in lines:
        cells = []
        for strategy in strategies:
            if strategy not in line.above:
                cells.append("")
                continue
            mean, error = line.above[strategy]
            above[strategy].append(mean)
            cells.append(points(mean, error))
        n_seeds = sorted(set(line.n_seeds.values()))
        seeds = "-".join(map(str, sorted({n_seeds[0], n_seeds[-1]})))
        rows.append([line.name, seeds, f"{line.margin:.2f}", *cells])
    for name, of in (("mean", np.mean), ("lowest", np.min)):
        cells = [f"{of(above[s]):+.2f}" if above[s] else "" for s in strategies]
        rows.append([name, "", "", *cells])
    timed = ["margin", *strategies]
    seconds = [
        [line.name]
        + [f"{line.seconds[s]:.2f}" if s in line.seconds else "" for s in timed]
        for line in lines
    ]
    return "\n".join(
        [
            "Points of area above margin sampling, mean ± standard error over seeds:\n",
            table(head, rows),
            "\nSeconds of a query, median over rounds and seeds:\n",
            table(["pool, batch", *timed], seconds),
        ]
    )


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    add = parser.add_argument
    add("--pools", nargs="+", choices=PLANS, default=list(PLANS))
    strategies = f"of {', '.join(STRATEGIES)}, or NAME:option=value,option=value"
    add(
        "--strategies", nargs="+", default=["random", "cluster-margin"], help=strategies
    )
    add("--seeds", type=int, default=10, help="how many (default: 10)")
    add("--first-seed", type=int, default=0)
    add("--batch", type=int, nargs="+", help="instead of the planned ones")
    add("--rounds", type=int, help="instead of the planned ones")
    add("--jobs", type=int, default=1, help="processes, with one thread each")
    add("--data", type=Path, default=Path("pools"), help="folder of prepare.py")
    add("--output", type=Path, default=Path("real-pools"))
    add(
        "--again", nargs="+", default=[], help="strategies whose runs are deleted first"
    )
    add("--reports", action="store_true", help="write a report for each pool and batch")
    add("--report-only", action="store_true", help="the table of the runs that exist")
    return parser.parse_args()


def main():
    arguments = parsed()
    torch.set_num_threads(1)
    lines = []
    for pool, batch, rounds in planned(arguments):
        path = arguments.output / f"{pool}-{batch}"
        if not arguments.report_only:
            forget(path, arguments.again)
            settings = settings_of(pool, batch, rounds, arguments)
            cluster_once(settings, arguments.jobs)
            with threadpool_limits(1):
                compare(settings, path, n_jobs=arguments.jobs)
        if arguments.reports:
            write_report(path)
        if (path / "comparison.json").is_file() and ComparisonFolder(path).rows():
            lines.append(Line(f"{pool}, {batch:,}", ComparisonFolder(path)))
    text = written(lines)
    (arguments.output / "table.md").write_text(f"{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
