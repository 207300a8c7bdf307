"""New rows and labels in the types of those that a learner has.

Values that were typed or read again, such as a color in a column of categories, take
the type of the training data if no value changes; others are refused.
"""

from contextlib import suppress

import numpy as np
import pandas as pd

from modal_clustermargin.pools import as_array

_NUMBERS = {"boolean", "integer", "floating", "mixed-integer-float", "complex"}
_KINDS = {
    **dict.fromkeys([*_NUMBERS, "decimal"], "numbers"),
    **dict.fromkeys(["string", "bytes"], "strings"),
    **dict.fromkeys(["datetime64", "datetime", "date"], "dates"),
    "empty": None,  # no values, or missing values only
}


def matching_frames(known, new, what):
    """Both frames, with their columns in the same order and of matching types."""
    if list(new.columns) != list(known.columns):
        missing = [name for name in known.columns if name not in new.columns]
        added = [name for name in new.columns if name not in known.columns]
        if missing or added or not (known.columns.is_unique and new.columns.is_unique):
            raise ValueError(
                f"The columns of {what} differ from those of the learner's training"
                f" data: {missing} are missing, and {added} are new."
            )
        new = new[known.columns]
    if not known.columns.is_unique:
        return known, new
    known_types, new_types = {}, {}
    for name in known.columns:
        where = f" in column {name!r}"
        column, new_column = matching_series(known[name], new[name], what, where)
        if column.dtype != known[name].dtype:
            known_types[name] = column.dtype
        new_types[name] = new_column.dtype
    return known.astype(known_types), new.astype(new_types)


def matching_series(known, new, what, where=""):
    """Both Series; only categories that `new` brings change the type of `known`."""
    is_categorical, brings_categories = (
        isinstance(each.dtype, pd.CategoricalDtype) for each in (known, new)
    )
    if is_categorical and brings_categories:
        # If the categories differ, pandas would make a Series of objects.
        categories = known.cat.categories.union(new.cat.categories, sort=False)
        dtype = pd.CategoricalDtype(categories, ordered=known.cat.ordered)
        return known.astype(dtype), new.astype(dtype)
    if is_categorical:
        categories = known.cat.categories
        unknown = [value for value in new.dropna() if value not in categories]
        if unknown:
            raise ValueError(
                f"{what} holds {unknown[0]!r}{where}, but the categories of the"
                f" learner's training data are {list(categories)}. Correct the value,"
                " or pass a categorical dtype that has the new category."
            )
        return known, new.astype(known.dtype)
    if brings_categories:
        new = new.astype(new.cat.categories.dtype)
    _check_same_kind(_kind(known), _kind(new), what, where)
    return known, _as_type(new, known.dtype, what, where)


def matching_array(known, new, what):
    """`new` as an ndarray to add to the ndarray `known`."""
    check_same_kinds(known, new, what)
    if known.dtype == object:
        return _as_objects(new, known.ndim)
    new = as_array(new)
    if new.dtype == object:
        new = np.asarray(new.tolist())
    return _as_type(new, known.dtype, what)


def check_same_kinds(known, new, what):
    """Raise TypeError if numbers meet strings, in any column of a table of objects."""
    kinds, new_kinds = _kinds(known), _kinds(new)
    n_columns = max(len(kinds), len(new_kinds))
    for column in range(n_columns):
        where = f" in column {column}" if n_columns > 1 else ""
        pair = kinds[column % len(kinds)], new_kinds[column % len(new_kinds)]
        _check_same_kind(*pair, what, where)


def _check_same_kind(known, new, what, where):
    if known in (None, "other values") or new in (None, known):
        return
    raise TypeError(
        f"{what} holds {new}{where}, but the learner's training data holds {known}."
        " Convert one to the type of the other."
    )


def _kinds(values):
    """The kind of all values, or of each column of a table that is not of numbers."""
    if hasattr(values, "detach"):
        return ["numbers"]
    array = as_array(values)
    if array.dtype.kind in "biufc":
        return ["numbers"]
    if isinstance(values, list):  # numpy makes strings of all values
        array = _as_objects(values, array.ndim)
    columns = array.T if array.ndim == 2 and array.size else [array.ravel()]
    return [_kind(column) for column in columns]


def _kind(column):
    if column.dtype.kind in "biufc":
        return "numbers"
    return _KINDS.get(pd.api.types.infer_dtype(column, skipna=True), "other values")


def _as_objects(values, n_dims):
    """Values as an ndarray of the objects that they are."""
    if n_dims == 1:
        return np.fromiter(values, object, len(values))
    return np.asarray(values, dtype=object)


def _as_type(new, dtype, what, where=""):
    """`new` as this type if that changes no value, and else as it is."""
    with suppress(TypeError, ValueError, OverflowError), np.errstate(invalid="ignore"):
        cast = new.astype(dtype)
        back = cast.astype(new.dtype)
        if back.equals(new) if hasattr(new, "equals") else np.array_equal(back, new):
            return cast
    if dtype.kind == "b":
        raise TypeError(
            f"{what} holds values other than True and False{where}, but the learner's"
            " training data holds no others. Correct the values."
        )
    return new
