"""Arrays of other people's files, looked at before anything is computed.

Only heads of files and few rows are read: arrays may be larger than memory.
"""

from pathlib import Path

import numpy as np

from modal_clustermargin.datasets._data_set import DataSet

_N_LOOKED_AT = 10_000  # rows of labels


def opened(path, who, what):
    """A .npy file as a memory map, which is read only.

    Parameters
    ----------
    path : path-like

    who, what : str
        For messages: who reads, and which array.

    Returns
    -------
    array : memmap

    Raises
    ------
    FileNotFoundError
        If there is no such file.

    ValueError
        If it is no .npy file, or has Python objects in it.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{who} finds no file {str(path)!r} for {what}. Put it there, as numpy.save"
            " writes it."
        )
    with path.open("rb") as file:
        if file.read(6) != np.lib.format.MAGIC_PREFIX:
            raise ValueError(
                f"{who}: {str(path)!r}, for {what}, is not a file of numpy.save. Write"
                " it so; pickles and text are not read."
            )
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        repair = OBJECTS if "objects" in str(error) else "Write it again."
        raise ValueError(
            f"{who} cannot read {what} from {str(path)!r} ({error}). {repair}"
        ) from error


# Said when numpy refuses an array of Python objects.
OBJECTS = (
    "Arrays of Python objects are pickles, which can run any code: save numbers, or"
    " labels with .astype(str)."
)


def checked_data_set(name, who, X, y, X_test, y_test):
    """A data set of arrays that fit together.

    Parameters
    ----------
    name : str

    who : str
        For messages.

    X, y, X_test, y_test : ndarray
        As in `DataSet`.

    Returns
    -------
    data : DataSet
        With the classes of `y` and `y_test`.

    Raises
    ------
    ValueError
        If shapes do not fit, rows are not numbers, or labels are neither whole
        numbers nor strings, nor columns of 0 and 1.
    """
    parts = {"": (X, y), "_test": (X_test, y_test)}
    for end, (rows, labels) in parts.items():
        _check_rows(who, f"X{end}", rows)
        _check_labels(who, f"y{end}", labels)
        if len(rows) != len(labels) or not len(rows):
            raise ValueError(
                f"{who} needs as many rows in X{end} as labels in y{end}, and one at"
                f" least; got {len(rows)} and {len(labels)}."
            )
    for what, rows, tests in (("X", X, X_test), ("y", y, y_test)):
        if rows.shape[1:] != tests.shape[1:]:
            raise ValueError(
                f"{who} needs rows of one shape in {what} and {what}_test; got"
                f" {rows.shape[1:]} and {tests.shape[1:]}."
            )
    are_texts = [each.dtype.kind in "US" for each in (y, y_test)]
    if are_texts[0] != are_texts[1]:
        raise ValueError(
            f"{who} needs labels of one kind in y and y_test, numbers or strings; got"
            f" {y.dtype} and {y_test.dtype}."
        )
    classes = np.arange(y.shape[1]) if y.ndim == 2 else np.union1d(y, y_test)
    return DataSet(name, X, y, X_test, y_test, classes)


def _check_rows(who, what, rows):
    if rows.ndim < 2 or rows.dtype.kind not in "fiub":
        raise ValueError(
            f"{who} needs {what} as an array of numbers with a row for each sample, so"
            f" of 2 dimensions or more; got {rows.dtype} of shape {rows.shape}."
        )


def _check_labels(who, what, labels):
    some = labels[:_N_LOOKED_AT]
    if labels.ndim == 1 and labels.dtype.kind in "iubUS":
        return
    if labels.ndim == 1 and labels.dtype.kind == "f" and (some == np.rint(some)).all():
        return
    if labels.ndim == 2 and labels.shape[1] > 1 and labels.dtype.kind in "fiub":
        found = np.unique(some)
        if np.isin(found, (0, 1)).all():
            return
        odd = found[~np.isin(found, (0, 1))][0]
        raise ValueError(
            f"{who} needs {what} of two dimensions as columns of 0 and 1, one for each"
            f" class; got {odd} in it."
        )
    raise ValueError(
        f"{who} needs {what} of shape (n_samples,) with whole numbers or strings, or"
        f" (n_samples, n_classes) with 0 and 1; got {labels.dtype} of shape"
        f" {labels.shape}."
    )
