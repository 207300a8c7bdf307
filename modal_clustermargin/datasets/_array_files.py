"""Arrays of your own: a .npz file, or .npy files that are not read whole."""

from pathlib import Path
from zipfile import is_zipfile

import numpy as np

from modal_clustermargin.datasets._cards import DataCard, DataOption, nearest
from modal_clustermargin.datasets._checked_arrays import (
    OBJECTS,
    checked_data_set,
    opened,
)
from modal_clustermargin.datasets._held_out import held_out
from modal_clustermargin.datasets._image_folders import TEST_SIZE

_WHO = "load_data('arrays')"
_PATH = (str, None)

CARD = DataCard(
    name="arrays",
    what="Your arrays: rows X of any shape, and y with a label or columns of 0 and 1.",
    size="any; .npy files are memory maps, .npz files are read whole",
    licence="yours",
    options={
        "path": DataOption(
            None, "a .npz file with X and y, maybe X_test and y_test", _PATH
        ),
        "X": DataOption(None, "in the place of path: a .npy file of rows", _PATH),
        "y": DataOption(None, "a .npy file of their labels", _PATH),
        "X_test": DataOption(None, "a .npy file of rows to test on", _PATH),
        "y_test": DataOption(None, "a .npy file of their labels", _PATH),
        "test_size": TEST_SIZE._replace(
            meaning=f"{TEST_SIZE.meaning}; what is left of X is in memory then"
        ),
    },
    needs="nothing; paths that are not absolute begin in the folder, if one is given",
)


def read(random_state, folder, *, path, test_size, **paths):
    """Arrays by name, with a random share held out if there is none to test on."""
    given = {name: file for name, file in paths.items() if file is not None}
    _check_choice(path, given)
    folder = Path() if folder is None else Path(folder)
    if path is not None:
        arrays = _unpacked(folder / path)
    else:
        arrays = {name: opened(folder / p, _WHO, name) for name, p in given.items()}
    if "X_test" in arrays:
        return checked_data_set(CARD.name, _WHO, **arrays)
    # Both stand in for the test, so that all else is checked before rows are copied.
    X, y = (arrays[name] for name in "Xy")
    checked_data_set(CARD.name, _WHO, X, y, X, y)
    pool, test = held_out(len(X), test_size, random_state)
    return checked_data_set(CARD.name, _WHO, X[pool], y[pool], X[test], y[test])


def _check_choice(path, given):
    if path is not None and given:
        raise ValueError(
            f"{_WHO} takes either path, of a .npz file, or X and y, of .npy files; got"
            f" path and {', '.join(given)}."
        )
    if path is None and not {"X", "y"} <= set(given):
        raise ValueError(
            f"{_WHO} needs path, of a .npz file, or both X and y, of .npy files; got"
            f" {', '.join(given) or 'none of them'}."
        )
    _check_pair(given)


def _check_pair(names):
    if ("X_test" in names) != ("y_test" in names):
        there, missing = ("X_test", "y_test")[:: 1 if "X_test" in names else -1]
        raise ValueError(
            f"{_WHO} has {there} without {missing}. Give both, or neither to have a"
            " share of the rows held out."
        )


def _unpacked(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"{_WHO} finds no file {str(path)!r}. Put it there, as numpy.savez writes"
            " it, with arrays X and y."
        )
    if not is_zipfile(path):
        raise ValueError(
            f"{_WHO}: path is for .npz files, as numpy.savez writes them, and"
            f" {str(path)!r} is none. Give .npy files as X and y."
        )
    with np.load(path, allow_pickle=False) as archive:
        names = archive.files
        for name in "Xy":
            if name not in names:
                raise ValueError(
                    f"{_WHO}: {str(path)!r} has no array {name!r}; it has"
                    f" {', '.join(map(repr, names)) or 'none'}."
                    f"{nearest(name, names)} numpy.savez(path, X=..., y=...) writes"
                    " such a file."
                )
        _check_pair(names)
        wanted = [name for name in ("X", "y", "X_test", "y_test") if name in names]
        try:
            return {name: archive[name] for name in wanted}
        except ValueError as error:
            raise ValueError(
                f"{_WHO} cannot read {str(path)!r} ({error}). {OBJECTS}"
            ) from error
