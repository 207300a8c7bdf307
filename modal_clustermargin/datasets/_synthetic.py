"""Synthetic pools as data sets, in memory or in files."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._dataset_info import COUNT, DataCard, DataOption
from modal_clustermargin.datasets._stored_arrays import store_arrays
from modal_clustermargin.datasets._synthetic_rows import (
    CHUNK,
    Recipe,
    SyntheticRows,
)

_PLAIN = {
    "n_modes": 5,
    "overlap": 0.5,
    "class_power": 0.0,
    "n_copies": 1,
    "copy_power": 1.0,
    "jitter": 0.05,
    "label_noise": 0.02,
}
_KINDS = {
    "redundant": _PLAIN | {"n_copies": 10},
    "long_tail": _PLAIN | {"class_power": 1.0},
    "plain": _PLAIN,
}
# Increase it if the same settings give other numbers.
_VERSION = 1
_BLOCK = 16 * CHUNK  # rows written at once

_AT_LEAST_2 = (Interval(Integral, 2, None, closed="left"),)
_POWER = (Interval(Real, 0, None, closed="left"), None)

CARD = DataCard(
    name="synthetic",
    what=(
        "Random vectors: classes of several overlapping modes with curved boundaries,"
        " redundant or with a long tail, and some wrong labels."
    ),
    size="by default 100,000 and 10,000 to test on, 32 features, 20 classes",
    licence="none needed: random numbers of this package",
    options={
        "n_pool": DataOption(100_000, "rows of the pool", COUNT),
        "n_test": DataOption(
            10_000,
            "rows to test on, without copies or wrong labels, in classes of equal size",
            COUNT,
        ),
        "n_features": DataOption(32, "features", _AT_LEAST_2),
        "n_classes": DataOption(20, "classes", _AT_LEAST_2),
        "kind": DataOption(
            "redundant",
            '"redundant": near-copies, most of them of a few originals; "long_tail":'
            ' classes of very different sizes; "plain": neither. It sets the defaults'
            " of the other options",
            (StrOptions(set(_KINDS)),),
        ),
        "n_modes": DataOption(None, "modes of a class (5)", (*COUNT, None)),
        "overlap": DataOption(
            None,
            "standard deviation of a mode; that of the centres of modes is 1 (0.5)",
            (Interval(Real, 0, None, closed="neither"), None),
        ),
        "class_power": DataOption(
            None,
            "the share of class k in the pool is proportional to k**-class_power"
            ' (1 if "long_tail", else 0)',
            _POWER,
        ),
        "n_copies": DataOption(
            None,
            'mean rows for each original (10 if "redundant", else 1)',
            (*COUNT, None),
        ),
        "copy_power": DataOption(
            None,
            "the share of original k is proportional to k**-copy_power (1)",
            _POWER,
        ),
        "jitter": DataOption(
            None,
            "standard deviation of a copy, divided by that of its mode (0.05)",
            _POWER,
        ),
        "label_noise": DataOption(
            None,
            "share of wrong labels in the pool (0.02)",
            (Interval(Real, 0, 1, closed="left"), None),
        ),
    },
    needs=(
        "nothing; with a folder, the pool is written there once, block by block, and"
        " opened as a memory map"
    ),
)


def read(random_state, folder, *, kind, **options):
    """Draw a synthetic pool, in memory or, with a folder, in files there."""
    if folder is not None and not isinstance(random_state, Integral):
        raise ValueError(
            "load_data('synthetic') with a folder needs random_state as an int, to find"
            f" the files again; got {random_state!r}."
        )
    chosen = {name: value for name, value in options.items() if value is not None}
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    recipe = Recipe(**(_KINDS[kind] | chosen), seed=seed)
    rows = SyntheticRows(recipe)
    if folder is None:
        X, y, _ = rows.pool(0, recipe.n_pool)
        X_test, y_test = rows.test(0, recipe.n_test)
        arrays = {"X": X, "y": y, "X_test": X_test, "y_test": y_test}
    else:
        tables = {
            ("X", "y"): _table(rows.pool, recipe.n_pool, recipe.n_features),
            ("X_test", "y_test"): _table(rows.test, recipe.n_test, recipe.n_features),
        }
        settings = {"version": _VERSION, **_plain_numbers(recipe._asdict())}
        arrays = store_arrays(folder, "synthetic", settings, tables)
    return DataSet("synthetic", **arrays, classes=np.arange(recipe.n_classes))


def _table(draw, n_rows, n_features):
    """Number of rows, bytes, and a function that yields blocks of X and y."""

    def blocks():
        for start in range(0, n_rows, _BLOCK):
            yield draw(start, min(start + _BLOCK, n_rows))[:2]

    return n_rows, n_rows * (4 * n_features + 8), blocks


def _plain_numbers(settings):
    """Plain numbers, with 1.0 as 1, so that equal settings have equal texts."""
    plain = {name: float(value) for name, value in settings.items()}
    return {
        name: int(value) if value.is_integer() else value
        for name, value in plain.items()
    }
