"""
Accuracy after a first batch that no model chose
================================================

Each method picks a first batch from a pool without labels: at random, the rows nearest
to the centres of k-means, TypiClust, and strategies of the package with a classifier
that is not fitted. A network with 256 hidden units is trained on the batch. The table
has the accuracy in percent on the test rows, the mean over seeds and its standard
error. Finished runs are kept.
"""

import argparse
import json
import time
from functools import partial
from itertools import product
from pathlib import Path

import numba
import numpy as np
import torch
from first_batches import FIRST_BATCHES
from joblib import Parallel, delayed
from plans import MODEL, PLANS, data_of, strategy_of
from pool_strategies import OfWholePool
from study import table
from threadpoolctl import threadpool_limits

from modal_clustermargin.comparison import mean_and_error
from modal_clustermargin.datasets import load_data
from modal_clustermargin.estimators import MLP, NetworkClassifier

METHODS = (*FIRST_BATCHES, "cluster-margin")


def new_network(data, seed):
    return NetworkClassifier(
        MLP,
        module__n_hidden=MODEL["n_hidden"],
        max_epochs=MODEL["max_epochs"],
        predict_batch_size=MODEL["predict_batch_size"],
        classes=data.classes,
        device="cpu",
        random_state=seed,
    )


def picks_of(method, settings, memory, data, seed, n_picks):
    """The first batch of a method: positions in the pool."""
    if method in FIRST_BATCHES:
        X = np.reshape(data.X, (len(data.X), -1))
        return FIRST_BATCHES[method](X, n_picks, seed)
    strategy = whole_pool(method, settings, memory, seed)
    return strategy(new_network(data, seed), data.X, n_picks)


def whole_pool(method, settings, memory, seed):
    options = strategy_of(method, settings, memory)
    if options.pop("strategy") != "pool_strategies:OfWholePool":
        raise ValueError(
            f"cold_start.py has no method {method!r}; it has {', '.join(METHODS)}, and"
            " the other strategies of study.py that do not need a fitted classifier."
        )
    return OfWholePool(**options, random_state=seed)


def run(pool, method, seed, arguments):
    """Write the accuracy and the seconds of each batch, unless the file has them."""
    path = file_of(pool, method, seed, arguments)
    known = json.loads(path.read_text()) if path.exists() else {}
    wanted = [n for n in arguments.batches if str(n) not in known]
    if not wanted:
        return
    torch.set_num_threads(1)
    settings = data_of(pool, arguments.data)
    data = load_data(**settings, random_state=seed)
    memory = arguments.output / "clusters"
    with threadpool_limits(1):
        for n_picks in wanted:
            start = time.perf_counter()
            rows = picks_of(method, settings, memory, data, seed, n_picks)
            seconds = time.perf_counter() - start
            model = new_network(data, seed).fit(data.X[rows], data.y[rows])
            accuracy = float(np.mean(model.predict(data.X_test) == data.y_test))
            known[str(n_picks)] = {"accuracy": accuracy, "seconds": seconds}
            print(f"{pool}, {method}, seed {seed}: {n_picks}, {accuracy:.4f}")
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(known))
    unfinished.replace(path)


def file_of(pool, method, seed, arguments):
    return arguments.output / "runs" / f"{pool}-{method}-{seed}.json"


def lines_of(pool, arguments):
    """Yield a line for each method with runs: accuracy by batch, and seconds."""
    for method in arguments.methods:
        found = [
            json.loads(path.read_text())
            for path in (file_of(pool, method, s, arguments) for s in seeds(arguments))
            if path.exists()
        ]
        if not found:
            continue
        cells, seconds = [], np.nan
        for n_picks in map(str, arguments.batches):
            runs = [each[n_picks] for each in found if n_picks in each]
            if not runs:
                cells.append("")
                continue
            accuracy = np.array([each["accuracy"] for each in runs])
            mean, error = mean_and_error(100 * accuracy)
            cells.append(
                f"{mean:.1f} ± {error:.1f}" if len(runs) > 1 else f"{mean:.1f}"
            )
            seconds = np.median([each["seconds"] for each in runs])
        yield [pool, method, str(len(found)), *cells, f"{seconds:.1f}"]


def seeds(arguments):
    return range(arguments.first_seed, arguments.first_seed + arguments.seeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    add = parser.add_argument
    add("--pools", nargs="+", choices=PLANS, default=["fashion", "texts"])
    add("--methods", nargs="+", default=METHODS, help="also max-herding, former-auto")
    add("--batches", type=int, nargs="+", default=[50, 100, 200, 500])
    add("--seeds", type=int, default=10, help="how many (default: 10)")
    add("--first-seed", type=int, default=0)
    add("--jobs", type=int, default=1, help="processes, with one thread each")
    add("--data", type=Path, default=Path("pools"), help="folder of prepare.py")
    add("--output", type=Path, default=Path("cold-start"))
    add("--again", nargs="+", default=[], help="methods whose runs are deleted first")
    arguments = parser.parse_args()
    (arguments.output / "runs").mkdir(parents=True, exist_ok=True)
    numba.set_num_threads(min(arguments.jobs, numba.config.NUMBA_NUM_THREADS))
    runs = []
    for pool, method in product(arguments.pools, arguments.methods):
        files = [file_of(pool, method, s, arguments) for s in seeds(arguments)]
        if method in arguments.again:
            for file in files:
                file.unlink(missing_ok=True)
        if method not in FIRST_BATCHES and not all(file.exists() for file in files):
            # Once for all seeds, before processes would do it twice.
            settings = data_of(pool, arguments.data)
            whole_pool(method, settings, arguments.output / "clusters", 0).fit()
        runs += [(pool, method, seed) for seed in seeds(arguments)]
    task = partial(run, arguments=arguments)
    Parallel(arguments.jobs)(delayed(task)(*each) for each in runs)
    head = ["pool", "method", "seeds", *map(str, arguments.batches), "seconds, last"]
    rows = [line for pool in arguments.pools for line in lines_of(pool, arguments)]
    text = table(head, rows)
    (arguments.output / "table.md").write_text(f"{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
