"""Your own arrays: a .npz file, or .npy files as memory maps."""

from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from modal_clustermargin._unknown_names import nearest
from modal_clustermargin.datasets._data_set import DataSet, held_out
from modal_clustermargin.datasets._dataset_info import TEST_SIZE, DataCard, DataOption

_WHO = "load_data('arrays')"
_PATH = (str, None)
_NAMES = ("X", "y", "X_test", "y_test")
_N_CHECKED = 10_000  # rows of a memory map, which may be larger than memory

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
        return make_data_set(CARD.name, **arrays)
    X, y = arrays["X"], arrays["y"]
    make_data_set(CARD.name, X, y, X, y)  # checks before rows are copied
    pool, test = held_out(len(X), test_size, random_state)
    return make_data_set(CARD.name, X[pool], y[pool], X[test], y[test])


def _read_npz(path):
    with _explained(path, _WHO, "path", "savez"), np.lib.npyio.NpzFile(path) as file:
        names = file.files
        arrays = {name: file[name] for name in _NAMES if name in names}
    for name in "Xy":
        if name not in arrays:
            raise ValueError(
                f"{_WHO} needs an array {name!r} in {str(path)!r}, as"
                " numpy.savez(path, X=..., y=...) writes it; it has"
                f" {', '.join(map(repr, names)) or 'none'}.{nearest(name, names)}"
            )
    return arrays


def open_array(path, who, what):
    """Open a .npy file as a read-only memory map; messages name the array `what`."""
    with _explained(path, who, what, "save"):
        return np.lib.format.open_memmap(path, mode="r")


@contextmanager
def _explained(path, who, what, save):
    if not path.is_file():
        raise FileNotFoundError(
            f"{who} finds no file {str(path)!r} for {what}. Write it with numpy.{save}."
        )
    try:
        yield
    except (ValueError, BadZipFile) as error:
        raise ValueError(
            f"{who} cannot read {what} from {str(path)!r} ({error}). Write it with"
            f" numpy.{save}: numbers, or labels with .astype(str), because arrays of"
            " Python objects are pickles, which can run any code."
        ) from error


def make_data_set(name, X, y, X_test, y_test):
    """Make a data set of arrays; raise ValueError if they do not fit together.

    Rows are finite numbers; labels are integers, strings, or columns of 0 and 1. Of a
    memory map, only the first 10,000 rows are read.
    """
    who = f"load_data({name!r})"
    for end, rows, labels in (("", X, y), ("_test", X_test, y_test)):
        if rows.ndim < 2 or rows.dtype.kind not in "fiub":
            raise ValueError(
                f"{who} needs X{end} as an array of numbers with at least 2 dimensions,"
                f" a row for each sample; got {rows.dtype} of shape {rows.shape}."
            )
        _check_finite(who, f"X{end}", rows)
        _check_finite(who, f"y{end}", labels)
        _check_labels(who, f"y{end}", labels)
        if len(rows) != len(labels) or not len(rows):
            raise ValueError(
                f"{who} needs as many rows in X{end} as labels in y{end}, and at least"
                f" one; got {len(rows)} and {len(labels)}."
            )
    for what, part, test in (("X", X, X_test), ("y", y, y_test)):
        if part.shape[1:] != test.shape[1:]:
            raise ValueError(
                f"{who} needs rows of the same shape in {what} and {what}_test; got"
                f" {part.shape[1:]} and {test.shape[1:]}."
            )
    if (y.dtype.kind in "US") != (y_test.dtype.kind in "US"):
        raise ValueError(
            f"{who} needs labels of one kind in y and y_test, numbers or strings; got"
            f" {y.dtype} and {y_test.dtype}."
        )
    classes = np.arange(y.shape[1]) if y.ndim == 2 else np.union1d(y, y_test)
    return DataSet(name, X, y, X_test, y_test, classes)


def _checked_part(rows):
    return rows[:_N_CHECKED] if isinstance(rows, np.memmap) else rows


def _check_finite(who, what, rows):
    is_bad = ~np.isfinite(_checked_part(rows)) if rows.dtype.kind == "f" else False
    if np.any(is_bad):
        raise ValueError(
            f"{who} needs finite numbers in {what}; row {np.argwhere(is_bad)[0, 0]} has"
            " NaN or infinity. Repair the row, or remove it with its label."
        )


def _check_labels(who, what, labels):
    kind, some = labels.dtype.kind, _checked_part(labels)
    if labels.ndim == 1 and (
        kind in "iubUS" or (kind == "f" and (some == np.rint(some)).all())
    ):
        return
    if labels.ndim == 2 and labels.shape[1] > 1 and kind in "fiub":
        wrong = some[~np.isin(some, (0, 1))]
        if not wrong.size:
            return
        raise ValueError(
            f"{who} needs {what} of two dimensions as columns of 0 and 1, one for each"
            f" class; got {wrong[0]}."
        )
    raise ValueError(
        f"{who} needs {what} of shape (n_samples,) with integers or strings, or"
        f" (n_samples, n_classes) with 0 and 1; got {labels.dtype} of shape"
        f" {labels.shape}."
    )
