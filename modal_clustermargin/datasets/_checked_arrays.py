"""Checks of arrays from files, which may be larger than memory."""

from pathlib import Path

import numpy as np

from modal_clustermargin.datasets._data_set import DataSet

OBJECTS = (
    "Arrays of Python objects are pickles, which can run any code: save numbers, or"
    " labels with .astype(str)."
)
_N_CHECKED = 10_000  # rows of labels


def open_array(path, who, what):
    """Open a .npy file as a read-only memory map.

    Parameters
    ----------
    path : path-like

    who, what : str
        For messages: the caller, and the name of the array.

    Returns
    -------
    array : memmap
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{who} finds no file {str(path)!r} for {what}. Write it with numpy.save."
        )
    with path.open("rb") as file:
        if file.read(6) != np.lib.format.MAGIC_PREFIX:
            raise ValueError(
                f"{who} needs a file of numpy.save for {what}; {str(path)!r} is not a"
                " .npy file."
            )
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        repair = OBJECTS if "objects" in str(error) else "Write it again."
        raise ValueError(
            f"{who} cannot read {what} from {str(path)!r} ({error}). {repair}"
        ) from error


def make_data_set(name, who, X, y, X_test, y_test):
    """Make a data set of arrays; raise ValueError if they do not fit together.

    Rows are numbers; labels are integers, strings, or columns of 0 and 1.
    """
    for end, rows, labels in (("", X, y), ("_test", X_test, y_test)):
        _check_rows(who, f"X{end}", rows)
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


def _check_rows(who, what, rows):
    if rows.ndim < 2 or rows.dtype.kind not in "fiub":
        raise ValueError(
            f"{who} needs {what} as an array of numbers with at least 2 dimensions, a"
            f" row for each sample; got {rows.dtype} of shape {rows.shape}."
        )


def _check_labels(who, what, labels):
    kind, some = labels.dtype.kind, labels[:_N_CHECKED]
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
