"""MaxHerding on a sparse graph beside scikit-activeml's, which has all pairs.

    python benchmarks/max_herding.py                    # 100 of 2,000 to 20,000 x 64
    python benchmarks/max_herding.py --data pool.npz    # rows "X" of a file, as floats
    python benchmarks/max_herding.py --short            # a quick test

Both have the same kernel, ``exp(-d / s)`` of the cosine distance, with the scale that
this package takes from the pool. Each runs in a process of its own, the neighbours
included. The last column is the share of the pool that the batch covers by that kernel,
all pairs counted.
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
from sklearn.preprocessing import normalize

N_SCALE = 2_000  # rows whose 16th neighbour gives the scale


def make_rows(n_rows, path=None, seed=0):
    """Rows in groups of about a hundred; or rows of a file, drawn at random."""
    rng = np.random.default_rng(seed)
    if path:
        X = np.load(path)["X"]
        return np.float32(X[rng.permutation(len(X))[:n_rows]])
    centers = rng.normal(size=(n_rows // 100, 64))
    X = centers[rng.integers(len(centers), size=n_rows)]
    return np.float32(X + 0.7 * rng.normal(size=X.shape))


def scale_of(X):
    """Twice the median distance to the 16th neighbour, as `MaxHerding` has it."""
    unit = normalize(X)
    similarities = unit[:N_SCALE] @ unit.T
    return 2 * np.median(1 - np.partition(similarities, -17, axis=1)[:, -17])


def ours(X, n_picks, scale):
    from modal_clustermargin import MaxHerding

    return MaxHerding()(None, X, n_picks)


def scikit_activeml(X, n_picks, scale):
    from skactiveml.pool import MaxHerding

    # The squared distance of two rows of length one is twice their cosine distance.
    strategy = MaxHerding(metric="rbf", metric_dict={"gamma": 1 / (2 * scale)})
    return strategy.query(X, np.full(len(X), np.nan), batch_size=n_picks)


METHODS = {"modal_clustermargin": ours, "scikit-activeml": scikit_activeml}


def covered(X, picks, scale):
    """Mean over all rows of the largest similarity to a pick."""
    unit = normalize(X)
    similarities = np.exp((unit @ unit[picks].T - 1) / scale)
    return np.minimum(similarities.max(axis=1), 1).mean()


def run_one(arguments):
    """Print seconds, peak memory and coverage of one method."""
    X = make_rows(arguments.rows[0], arguments.data)
    scale = scale_of(X)
    METHODS[arguments.method](make_rows(2_000), 5, scale)  # compiles and imports
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    picks = METHODS[arguments.method](X, arguments.instances, scale)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    share = covered(X, picks, scale)
    print(
        f"{len(X):9,}  {arguments.method:20}{seconds:9.2f} s{peak / 2**20:8.2f} GiB"
        f"{share:9.3f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[2_000, 5_000, 10_000, 20_000]
    )
    parser.add_argument("--instances", type=int, default=100)
    parser.add_argument("--data", metavar="NPZ")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.method:
        run_one(arguments)
        return
    if arguments.short:
        arguments.rows, arguments.instances = [1_000, 2_000], 50
    print(f"{'rows':>9}  {'':20}{'seconds':>11}{'more memory':>12}{'covered':>9}")
    given = ["--data", arguments.data] if arguments.data else []
    for n_rows in arguments.rows:
        for method in METHODS:
            one = ["--rows", n_rows, "--instances", arguments.instances]
            one += [*given, "--method", method]
            command = [sys.executable, __file__, *map(str, one)]
            if subprocess.run(command).returncode:
                print(f"{n_rows:9,}  {method:20} failed (out of memory?)", flush=True)


if __name__ == "__main__":
    main()
