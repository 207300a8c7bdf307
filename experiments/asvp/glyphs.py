"""
ASVP beside standard active learning, SVPp and random, on glyphs
================================================================

A small residual network is pre-trained on Latin letters and digits. Greek letters and
symbols are then to be told apart, from labels that a strategy asks for. After each
round the network is trained on the labels in two ways, with a linear probe before
(LP-FT) and without, and tested on images of its own.
"""

import argparse
import warnings
from concurrent.futures import as_completed
from pathlib import Path

from _asvp_pictures import draw_asvp
from _asvp_report import report, write_tables
from _asvp_results import ASVPResults
from _asvp_runs import COLUMNS, asvp_methods, fill_table
from _glyph_experiment import glyph_experiment
from _glyph_pretraining import pretrained_glyph_network
from tqdm import tqdm

from modal_clustermargin.comparison import Prices, ResultTable, process_pool

# Labels from which on plain fine-tuning is at least as good as LP-FT. This, learning
# rates and epochs were chosen on seeds 100 to 103.
SWITCH_AT = {"shifted": 800, "long_tail": 3200, "easy": 800}
SHORT = {"n_pool": 300, "n_test": 100, "budgets": (80, 40, 40), "max_epochs": 1}


def run(version, seed, folder, short):
    """Rounds of all methods with one seed, as far as they are not in the table."""
    import torch

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
    weights = pretrained(folder, short)
    experiment = glyph_experiment(
        version, weights, random_state=seed, **(SHORT if short else {})
    )
    table = ResultTable(folder / f"{version}-{seed}.csv", COLUMNS)
    methods = asvp_methods(experiment, seed, switch_at=SWITCH_AT[version])
    for _ in fill_table(table, experiment, methods, seed):
        pass  # each is in the table by now


def pretrained(folder, short):
    """The network that all begin from, trained once."""
    settings = {"n_samples": 500, "max_epochs": 1} if short else {}
    return pretrained_glyph_network(
        folder / "pretrained.pt", random_state=100, **settings
    )


def finished(tasks, n_jobs):
    """Do tasks, here or in processes that end with this one; yield after each."""
    if n_jobs == 1:
        yield from (run(*task) for task in tasks)
        return
    with process_pool(n_jobs) as pool:
        runs = [pool.submit(run, *task) for task in tasks]
        yield from (done.result() for done in as_completed(runs))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    parser.add_argument("--seeds", type=int, default=5, help="how many (default: 5)")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--versions", nargs="+", choices=SWITCH_AT, default=SWITCH_AT)
    parser.add_argument("--output", type=Path, default=Path("asvp-glyphs"))
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread")
    parser.add_argument(
        "--price-label", type=float, default=0.01, help="(default: 0.01)"
    )
    parser.add_argument("--price-hour", type=float, default=50.0, help="(default: 50)")
    parser.add_argument("--report-only", action="store_true", help="of what is there")
    parser.add_argument(
        "--short",
        action="store_true",
        help="1 seed of a toy, in a folder of its own inside that of the output",
    )
    arguments = parser.parse_args()
    if arguments.short:
        arguments.seeds, arguments.versions = 1, ["easy"]
    if arguments.seeds < 1 or arguments.jobs < 1:
        parser.error("at least 1 seed and 1 job are needed")
    try:
        prices = Prices(label=arguments.price_label, hour=arguments.price_hour)
    except ValueError as error:
        parser.error(str(error))
    if not prices.label:
        parser.error("what is saved is counted in labels: they need a price above 0")
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    # Rows and weights of a toy are not to be taken for those of the study.
    folder = arguments.output / "short" if arguments.short else arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    if not arguments.report_only:
        pretrained(folder, arguments.short)
        tasks = [
            (version, seed, folder, arguments.short)
            for seed in seeds
            for version in arguments.versions
        ]
        done = finished(tasks, arguments.jobs)
        for _ in tqdm(done, total=len(tasks), unit="run", disable=None):
            pass
    all_results = []
    for version in arguments.versions:
        tables = [ResultTable(folder / f"{version}-{s}.csv", COLUMNS) for s in seeds]
        rows = [row for table in tables for row in table.rows()]
        if not rows:
            parser.error(f"{folder} has no results of {version} with these seeds yet")
        all_results.append(ASVPResults(rows, SWITCH_AT[version]))
        print(report(all_results[-1], prices), end="\n\n\n")
    write_tables(all_results, prices, folder)
    draw_asvp(all_results, prices, folder / "asvp.png")
    print(f"Learning curves: {folder / 'asvp.png'}")


if __name__ == "__main__":
    main()
