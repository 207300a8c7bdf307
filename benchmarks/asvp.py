"""Time of a round of ASVP, and of fine-tuning the same network on the same labels.

The script prints medians of seconds over runs, on one thread: for the features, which
are computed once; for a round, which consists of indicator, proxy and selection; and
for fine-tuning.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone

sys.path.insert(0, str(Path(__file__).parents[1] / "experiments" / "asvp"))

from glyph_experiment import glyph_experiment, pretrain

from modal_clustermargin.estimators import DeferredFit, ResNet18
from modal_clustermargin.strategies import ASVP, LogMEGain


def measure(experiment, n_labels, n_runs):
    """Median seconds of features, of a round, and of fine-tuning."""
    X, y = experiment.X[:n_labels], experiment.y[:n_labels]
    found = []
    for _ in range(n_runs):
        network = DeferredFit(clone(experiment.lp_ft)).fit(X, y)
        # This indicator computes LogME, and never aligns.
        strategy = ASVP(None, experiment.proxy, LogMEGain(np.inf), random_state=0)
        strategy(network, experiment.X[n_labels:], min(n_labels, 100))
        seconds = strategy.history_[-1].seconds
        a_round = sum(seconds[name] for name in ("indicator", "proxy", "selection"))
        since = time.perf_counter()
        clone(experiment.fine_tuning).fit(X, y)
        found.append((seconds["features"], a_round, time.perf_counter() - since))
    return np.median(found, axis=0)


def with_resnet18(experiment, n_pool):
    """The same glyphs in three channels, for a network of 11 million weights."""
    parts = {"module": ResNet18, "module__small_images": True, "module__weights": None}
    return dataclasses.replace(
        experiment,
        X=np.repeat(experiment.X[:n_pool], 3, axis=1),
        y=experiment.y[:n_pool],
        lp_ft=clone(experiment.lp_ft).set_params(**parts),
        fine_tuning=clone(experiment.fine_tuning).set_params(**parts),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="a small, fast run")
    arguments, _ = parser.parse_known_args()
    torch.set_num_threads(1)
    short = {"n_samples": 200, "max_epochs": 1} if arguments.short else {}
    with tempfile.TemporaryDirectory() as folder:
        weights = pretrain(Path(folder) / "glyphs.pt", **short)
        size = {"n_pool": 300, "max_epochs": 1} if arguments.short else {}
        small = glyph_experiment("shifted", weights, random_state=100, **size)
        cases = [("SmallResNet", small, n) for n in (200, 400, 800, 1600)]
        cases.append(("ResNet-18", with_resnet18(small, 2000), 200))
        if arguments.short:
            cases = cases[:1]
        print(f"{'network':<14}{'pool':>6}{'labels':>8}{'features':>10}", end="")
        print(f"{'round':>9}{'fine-tuning':>13}{'share':>8}")
        for name, experiment, n_labels in cases:
            features, a_round, training = measure(experiment, n_labels, arguments.runs)
            print(
                f"{name:<14}{len(experiment.y):>6}{n_labels:>8}{features:>10.2f}",
                end="",
            )
            print(
                f"{a_round:>9.3f}{training:>13.2f}{a_round / training:>8.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
