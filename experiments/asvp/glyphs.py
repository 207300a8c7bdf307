"""
ASVP, standard active learning, SVPp and random sampling on glyphs
==================================================================

A small residual network is pre-trained on Latin letters and digits. Then it learns to
classify Greek letters and symbols from labels that a strategy asks for. After each
round, the network is trained on the labels in two ways, with a linear probe first
(LP-FT) and without, and tested on other images.
"""

import argparse
import warnings
from concurrent.futures import as_completed
from pathlib import Path

import torch
from glyph_experiment import glyph_experiment, pretrain
from report import draw_asvp, report, write_tables
from results import ASVPResults
from rounds import COLUMNS, asvp_methods, fill_table
from tqdm import tqdm

from modal_clustermargin.comparison import Prices, ResultTable, process_pool

# Number of labels from which fine-tuning is at least as good as LP-FT. These numbers,
# the learning rates and the epochs were chosen on seeds 100 to 103.
SWITCH_AT = {"shifted": 800, "long_tail": 3200, "easy": 800}
SHORT = {"n_pool": 200, "n_test": 50, "budgets": (60, 30, 30), "max_epochs": 1}
SHORT_PRETRAINING = {"n_samples": 200, "max_epochs": 1}


def run(version, seed, folder, short):
    """Run all methods with one seed, and append the rows that the table lacks."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
    experiment = glyph_experiment(
        version,
        folder / "pretrained.pt",
        random_state=seed,
        **(SHORT if short else {}),
    )
    table = ResultTable(folder / f"{version}-{seed}.csv", COLUMNS)
    methods = asvp_methods(experiment, seed, switch_at=SWITCH_AT[version])
    for _ in fill_table(table, experiment, methods, seed):
        pass


def run_all(tasks, n_jobs):
    """Run tasks in this process or in others; yield after each task."""
    if n_jobs == 1:
        yield from (run(*task) for task in tasks)
        return
    with process_pool(min(n_jobs, len(tasks))) as pool:
        futures = [pool.submit(run, *task) for task in tasks]
        yield from (future.result() for future in as_completed(futures))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    add = parser.add_argument
    add("--seeds", type=int, default=5, help="how many (default: 5)")
    add("--first-seed", type=int, default=0)
    add("--versions", nargs="+", choices=SWITCH_AT, default=list(SWITCH_AT))
    add("--output", type=Path, default=Path("asvp-glyphs"))
    add("--jobs", type=int, default=1, help="processes, with one thread each")
    add("--price-label", type=float, default=0.01, help="(default: 0.01)")
    add("--price-hour", type=float, default=50.0, help="(default: 50)")
    add("--report-only", action="store_true", help="report the rows that exist")
    add("--short", action="store_true", help="a small run, in the subfolder short")
    asked = parser.parse_args()
    if asked.short:
        asked.seeds, asked.versions = 1, ["easy"]
    if asked.seeds < 1 or asked.jobs < 1:
        parser.error("--seeds and --jobs must be at least 1")
    if asked.price_label <= 0:
        parser.error("--price-label must be above 0: savings are counted in labels")
    try:
        prices = Prices(label=asked.price_label, hour=asked.price_hour)
    except ValueError as error:
        parser.error(str(error))
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    # The study must not read the rows and weights of a small run.
    folder = asked.output / "short" if asked.short else asked.output
    folder.mkdir(parents=True, exist_ok=True)
    if not asked.report_only:
        pretrain(folder / "pretrained.pt", **(SHORT_PRETRAINING if asked.short else {}))
        tasks = [
            (v, seed, folder, asked.short) for seed in seeds for v in asked.versions
        ]
        done = run_all(tasks, asked.jobs)
        for _ in tqdm(done, total=len(tasks), unit="run", disable=None):
            pass
    all_results = []
    for version in asked.versions:
        tables = [ResultTable(folder / f"{version}-{s}.csv", COLUMNS) for s in seeds]
        rows = [row for table in tables for row in table.rows()]
        if not rows:
            parser.error(f"{folder} has no results of {version} with these seeds")
        all_results.append(ASVPResults(rows, SWITCH_AT[version]))
        print(report(all_results[-1], prices), end="\n\n\n")
    write_tables(all_results, prices, folder)
    draw_asvp(all_results, prices, folder / "asvp.png")
    print(f"Learning curves: {folder / 'asvp.png'}")


if __name__ == "__main__":
    main()
