"""
The experiments of the ASVP paper
=================================

This script runs random sampling, standard active learning, SVPp and ASVP on the data
and pre-trained networks of the paper. Data and checkpoint must be on disk. The
docstring of `asvp_experiment` says which settings the authors chose, and which this
project chose.
"""

import argparse
from pathlib import Path

from paper_experiments import SETUPS, asvp_experiment
from report import draw_asvp, report, write_tables
from results import ASVPResults
from rounds import COLUMNS, asvp_methods, fill_table

from modal_clustermargin.comparison import Prices, ResultTable


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    add = parser.add_argument
    add("name", choices=SETUPS)
    add("--data", type=Path, required=True, help="folder of the images")
    add("--checkpoint", type=Path, help="weights of self-supervised training")
    add("--classes-file", type=Path, help="for imagenet100")
    add("--output", type=Path, default=Path("asvp-papers"))
    add("--seeds", type=int, help="how many (default: as the authors)")
    add("--device", help="cpu, cuda, ... (default: a GPU if there is one)")
    add("--max-epochs", type=int, help="(default: as the authors)")
    add("--switch-at", type=int, help="number of labels (default: half of all)")
    add("--price-label", type=float, default=0.05, help="(default: 0.05)")
    add("--price-hour", type=float, default=3.0, help="(default: 3)")
    asked = parser.parse_args()
    if asked.seeds is not None and asked.seeds < 1:
        parser.error("--seeds must be at least 1")
    if asked.price_label <= 0:
        parser.error("--price-label must be above 0: savings are counted in labels")

    def experiment_of(seed):
        return asvp_experiment(
            asked.name,
            asked.data,
            asked.checkpoint,
            classes_file=asked.classes_file,
            max_epochs=asked.max_epochs,
            device=asked.device,
            random_state=seed,
        )

    try:
        prices = Prices(label=asked.price_label, hour=asked.price_hour)
        first = experiment_of(0)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    asked.output.mkdir(parents=True, exist_ok=True)
    switch_at = asked.switch_at or sum(first.budgets) // 2
    rows = []
    for seed in range(asked.seeds or first.n_seeds):
        experiment = experiment_of(seed)
        table = ResultTable(asked.output / f"{asked.name}-{seed}.csv", COLUMNS)
        methods = asvp_methods(experiment, seed, switch_at=switch_at)
        for row in fill_table(table, experiment, methods, seed):
            print(f"{row['method']}, seed {seed}: {row['n_labels']} labels", flush=True)
        rows += table.rows()
    results = ASVPResults(rows, switch_at)
    print(report(results, prices))
    write_tables([results], prices, asked.output)
    draw_asvp([results], prices, asked.output / f"{asked.name}.png")


if __name__ == "__main__":
    main()
