"""Synthetic pools as data sets: presets, and pools larger than memory."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from modal_clustermargin._param_validation import Interval, StrOptions
from modal_clustermargin.datasets._cards import DataCard, DataOption
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._kept_arrays import kept_arrays
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
# Changes when the same settings come to give other numbers.
_VERSION = 1
_BLOCK = 16 * CHUNK  # rows written at once

_COUNT = (Interval(Integral, 1, None, closed="left"),)
_POWER = (Interval(Real, 0, None, closed="left"), None)

CARD = DataCard(
    name="synthetic",
    what=(
        "Vectors of any number: classes of several overlapping modes with curved"
        " boundaries, redundant or with a long tail, and some wrong labels."
    ),
    size="100,000 and 10,000 unless asked otherwise, 32 features, 20 classes",
    licence="none needed: random numbers, drawn by this package",
    options={
        "n_pool": DataOption(100_000, "rows to choose from", _COUNT),
        "n_test": DataOption(
            10_000, "rows to test on: no copies, no wrong labels, equal classes", _COUNT
        ),
        "n_features": DataOption(
            32, "features", (Interval(Integral, 2, None, closed="left"),)
        ),
        "n_classes": DataOption(
            20, "classes", (Interval(Integral, 2, None, closed="left"),)
        ),
        "kind": DataOption(
            "redundant",
            '"redundant": near-copies, most of them of a few originals; "long_tail":'
            ' classes of very different sizes; "plain": neither. Sets the defaults'
            " of what follows",
            (StrOptions(set(_KINDS)),),
        ),
        "n_modes": DataOption(None, "modes of a class (5)", (*_COUNT, None)),
        "overlap": DataOption(
            None,
            "standard deviation of a mode, where the modes' centres have 1 (0.5)",
            (Interval(Real, 0, None, closed="neither"), None),
        ),
        "class_power": DataOption(
            None,
            "class k of the pool has a share of k to the minus this"
            ' (1 if "long_tail", else 0)',
            _POWER,
        ),
        "n_copies": DataOption(
            None,
            'rows for each original, on average (10 if "redundant", else 1)',
            (*_COUNT, None),
        ),
        "copy_power": DataOption(
            None, "original k has a share of k to the minus this (1)", _POWER
        ),
        "jitter": DataOption(
            None,
            "standard deviation of a copy, in those of its mode (0.05)",
            _POWER,
        ),
        "label_noise": DataOption(
            None,
            "share of wrong labels in the pool (0.02)",
            (Interval(Real, 0, 1, closed="left"), None),
        ),
    },
    needs=(
        "nothing; a folder keeps the pool as a memory map, which never is in memory"
        " whole and is found again"
    ),
)


def read(random_state, folder, *, kind, **options):
    """A synthetic pool, in memory or, with a folder, in memory maps there."""
    if folder is not None and not isinstance(random_state, Integral):
        raise ValueError(
            "load_data('synthetic') with a folder needs random_state as an int, to find"
            f" the pool again; got {random_state!r}. Without a folder any will do."
        )
    chosen = {name: value for name, value in options.items() if value is not None}
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    recipe = Recipe(**(_KINDS[kind] | chosen), seed=seed)
    rows = SyntheticRows(recipe)
    n_bytes = 4 * recipe.n_features + 8  # of a row, with its label
    tables = {
        ("X", "y"): _table(rows.pool, recipe.n_pool, n_bytes),
        ("X_test", "y_test"): _table(rows.test, recipe.n_test, n_bytes),
    }
    if folder is None:
        arrays = _in_memory(tables)
    else:
        settings = {"version": _VERSION, **_plain_numbers(recipe._asdict())}
        arrays = kept_arrays(folder, "synthetic", settings, tables)
    return DataSet("synthetic", **arrays, classes=np.arange(recipe.n_classes))


def _table(draw, n_rows, n_bytes):
    def blocks():
        for start in range(0, n_rows, _BLOCK):
            yield draw(start, min(start + _BLOCK, n_rows))[:2]

    return n_rows, n_rows * n_bytes, blocks


def _in_memory(tables):
    arrays = {}
    for names, (n_rows, _, blocks) in tables.items():
        start = 0
        for block in blocks():
            for name, rows in zip(names, block, strict=True):
                if start == 0:
                    arrays[name] = np.empty((n_rows, *rows.shape[1:]), rows.dtype)
                arrays[name][start : start + len(rows)] = rows
            start += len(block[0])
    return arrays


def _plain_numbers(settings):
    """Without numpy's types, and 1.0 as 1, so that equal settings read alike."""
    plain = {name: float(value) for name, value in settings.items()}
    return {
        name: int(value) if value.is_integer() else value
        for name, value in plain.items()
    }
