"""Your own arrays: a .npz file, or .npy files as memory maps."""

from pathlib import Path
from zipfile import is_zipfile

import numpy as np

from modal_clustermargin._unknown_names import nearest
from modal_clustermargin.datasets._checked_arrays import (
    OBJECTS,
    make_data_set,
    open_array,
)
from modal_clustermargin.datasets._data_set import held_out
from modal_clustermargin.datasets._dataset_info import TEST_SIZE, DataCard, DataOption

_WHO = "load_data('arrays')"
_PATH = (str, None)

CARD = DataCard(
    name="arrays",
    what="Your arrays: rows X of any shape, and y with a label or columns of 0 and 1.",
    size="any; .npy files are memory maps, .npz files are read as a whole",
    licence="yours",
    options={
        "path": DataOption(
            None, "a .npz file with X and y, optionally X_test and y_test", _PATH
        ),
        "X": DataOption(None, "instead of path: a .npy file of rows", _PATH),
        "y": DataOption(None, "a .npy file of their labels", _PATH),
        "X_test": DataOption(None, "a .npy file of rows to test on", _PATH),
        "y_test": DataOption(None, "a .npy file of their labels", _PATH),
        "test_size": TEST_SIZE._replace(
            meaning=f"{TEST_SIZE.meaning}; X is then read into memory"
        ),
    },
    needs="nothing; relative paths start at the folder, if one is given",
)


def read(random_state, folder, *, path, test_size, **paths):
    """Read arrays, and hold out a random share if there are no test arrays."""
    given = {name: file for name, file in paths.items() if file is not None}
    if (path is None) == (not given) or (given and not {"X", "y"} <= set(given)):
        names = [*(["path"] if path is not None else []), *given]
        raise ValueError(
            f"{_WHO} needs either path, a .npz file, or both X and y, .npy files; got"
            f" {', '.join(names) or 'none of them'}."
        )
    folder = Path() if folder is None else Path(folder)
    if path is not None:
        arrays = _read_npz(folder / path)
    else:
        arrays = {n: open_array(folder / file, _WHO, n) for n, file in given.items()}
    if ("X_test" in arrays) != ("y_test" in arrays):
        raise ValueError(
            f"{_WHO} needs both X_test and y_test, or neither to hold out a share of"
            f" the rows; got {', '.join(arrays)}."
        )
    if "X_test" in arrays:
        return make_data_set(CARD.name, _WHO, **arrays)
    X, y = arrays["X"], arrays["y"]
    make_data_set(CARD.name, _WHO, X, y, X, y)  # checks before rows are copied
    pool, test = held_out(len(X), test_size, random_state)
    return make_data_set(CARD.name, _WHO, X[pool], y[pool], X[test], y[test])


def _read_npz(path):
    if not path.is_file():
        raise FileNotFoundError(
            f"{_WHO} finds no file {str(path)!r}. Write it with numpy.savez, with"
            " arrays X and y."
        )
    if not is_zipfile(path):
        raise ValueError(
            f"{_WHO} needs a .npz file of numpy.savez for path; {str(path)!r} is not a"
            " .npz file. Give .npy files as X and y."
        )
    with np.load(path, allow_pickle=False) as archive:
        names = archive.files
        for name in "Xy":
            if name not in names:
                raise ValueError(
                    f"{_WHO} needs an array {name!r} in {str(path)!r}, as"
                    " numpy.savez(path, X=..., y=...) writes it; it has"
                    f" {', '.join(map(repr, names)) or 'none'}.{nearest(name, names)}"
                )
        try:
            wanted = ("X", "y", "X_test", "y_test")
            return {name: archive[name] for name in wanted if name in names}
        except ValueError as error:
            raise ValueError(
                f"{_WHO} cannot read {str(path)!r} ({error}). {OBJECTS}"
            ) from error
