"""
The experiments of the ASVP paper
=================================

Random choice, standard active learning, SVPp and ASVP on the data of the paper, from
the checkpoint it begins from: both have to be on disk. What of the settings is the
authors' and what this project's, `asvp_experiment` says.
"""

import argparse
from pathlib import Path

import numpy as np
from _asvp_papers import asvp_experiment
from _asvp_pictures import draw_asvp
from _asvp_report import report, write_tables
from _asvp_results import ASVPResults
from _asvp_runs import COLUMNS, asvp_methods, fill_table

from modal_clustermargin.comparison import Prices, ResultTable


def run(arguments, seed, switch_at):
    """Rounds of all methods with one seed, as far as they are not in the table."""
    experiment = asvp_experiment(
        arguments.name,
        arguments.data,
        arguments.checkpoint,
        classes_file=arguments.classes_file,
        max_epochs=arguments.max_epochs,
        device=arguments.device,
        random_state=seed,
    )
    table = ResultTable(arguments.output / f"{arguments.name}-{seed}.csv", COLUMNS)
    methods = asvp_methods(experiment, seed, switch_at=switch_at)
    for row in fill_table(table, experiment, methods, seed):
        print(f"{row['method']}, seed {seed}: {row['n_labels']} labels", flush=True)
    return table.rows()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    parser.add_argument("name", help="such as imagenet, cifar10, cifar100 or pets")
    parser.add_argument("--data", type=Path, required=True, help="folder of the images")
    parser.add_argument("--checkpoint", type=Path, help="of self-supervised training")
    parser.add_argument("--classes-file", type=Path, help="of imagenet100")
    parser.add_argument("--output", type=Path, default=Path("asvp-papers"))
    parser.add_argument("--seeds", type=int, help="how many (default: the authors')")
    parser.add_argument("--device", help="cpu, cuda, ... (default: what there is)")
    parser.add_argument("--max-epochs", type=int, help="(default: the authors')")
    parser.add_argument("--switch-at", type=int, help="labels (default: half of them)")
    parser.add_argument(
        "--price-label", type=float, default=0.05, help="(default: 0.05)"
    )
    parser.add_argument("--price-hour", type=float, default=3.0, help="(default: 3)")
    arguments = parser.parse_args()
    if arguments.seeds is not None and arguments.seeds < 1:
        parser.error("at least 1 seed is needed")
    try:
        prices = Prices(label=arguments.price_label, hour=arguments.price_hour)
        first = asvp_experiment(
            arguments.name,
            arguments.data,
            arguments.checkpoint,
            classes_file=arguments.classes_file,
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if not prices.label:
        parser.error("what is saved is counted in labels: they need a price above 0")
    arguments.output.mkdir(parents=True, exist_ok=True)
    switch_at = arguments.switch_at or int(np.sum(first.budgets)) // 2
    rows = []
    for seed in range(arguments.seeds or first.n_seeds):
        rows += run(arguments, seed, switch_at)
    results = ASVPResults(rows, switch_at)
    print(report(results, prices))
    write_tables([results], prices, arguments.output)
    draw_asvp([results], prices, arguments.output / f"{arguments.name}.png")


if __name__ == "__main__":
    main()
