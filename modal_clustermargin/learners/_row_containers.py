"""Index, append and join rows in every container that modAL takes.

Containers are ndarrays of any rank, scipy sparse matrices and arrays, DataFrames,
Series, lists, torch tensors, and dicts of these.
"""

import numpy as np
import pandas as pd
from scipy import sparse

from modal_clustermargin.learners._matching_types import (
    check_same_kinds,
    matching_array,
    matching_frames,
    matching_series,
)
from modal_clustermargin.pools import as_array, lies_elsewhere, open_pool, take_rows

# What `.values` and `.index` of pandas give.
_PANDAS_VALUES = (pd.api.extensions.ExtensionArray, pd.Index)


def gathered(X):
    """Rows of a dask or Zarr array as an ndarray; any other rows unchanged."""
    if hasattr(X, "__dask_graph__"):
        return X.compute()
    if not lies_elsewhere(X):
        return X
    with open_pool(X, "A learner", "training data") as pool:
        return pool.gathered()


def rows_in_memory(X):
    """Rows in a container to which a learner can add more.

    Rows of a dask or Zarr array are loaded. Raises TypeError for other containers.
    """
    X = gathered(X)
    if isinstance(X, _PANDAS_VALUES):
        return np.asarray(X)
    if (
        isinstance(X, np.ndarray | list | pd.DataFrame | pd.Series)
        or sparse.issparse(X)
        or hasattr(X, "detach")
    ):
        return X
    refuse_tables(X, "X")
    raise TypeError(
        f"A learner cannot add rows to X that is a {type(X).__name__}. Pass an array, a"
        " sparse matrix, a DataFrame, a list or a tensor."
    )


def labels_in_memory(y):
    """Labels in a container to which a learner can add more."""
    if isinstance(y, tuple):
        return list(y)
    y = gathered(y)
    # A Series of polars has no such repair as a table: it is the same as an array.
    if not isinstance(y, pd.Series | pd.DataFrame) and not hasattr(y, "detach"):
        y = np.asarray(y) if hasattr(y, "__array__") or isinstance(y, range) else y
    return y


def refuse_tables(X, what):
    """Raise TypeError for the tables of polars and others, indexed by columns."""
    if hasattr(X, "to_pandas"):
        library = type(X).__module__.partition(".")[0]
        raise TypeError(
            f"A learner cannot use {what} that is a {type(X).__name__} of {library}."
            f" Pass {what}.to_pandas(), for every pool and all training data."
        )


def rows_at(X, positions):
    """Rows of `X` at an int, at an array of int, or where a mask is True."""
    if isinstance(X, dict):
        return {name: rows_at(part, positions) for name, part in X.items()}
    positions = np.asarray(positions)
    if positions.dtype == bool:
        positions = np.flatnonzero(positions)
    if positions.size == 0:
        positions = positions.astype(int)
    if positions.ndim == 0:
        positions = int(positions)
        if isinstance(X, list):
            return X[positions]
    return take_rows(X, positions)


def append_rows(known, new, what, index=None):
    """Append the rows of `new` to `known`, in the container of `known`.

    `what` names the argument in error messages. Arrays, lists, Series and tensors may
    be mixed; frames and sparse matrices may not. `index` is the index of the new rows
    if `known` is of pandas; None means the index of `new`, or else that numbers go on.

    Raises
    ------
    ValueError
        If the rows differ in shape, the frames in their columns, or if a value is none
        of the known categories.

    TypeError
        If only one of them is a frame or a sparse matrix, or if one holds numbers and
        the other strings.
    """
    for is_kind, name in ((_is_frame, "DataFrame"), (sparse.issparse, "sparse matrix")):
        if is_kind(known) != is_kind(new):
            raise TypeError(
                f"{what} is a {type(new).__name__}, but the learner's training data is"
                f" a {type(known).__name__}. Pass a {name} for both, or for neither."
            )
    if _is_frame(known):
        new = new if index is None else new.set_axis(index)
        return pd.concat(matching_frames(known, new, what))
    _check_same_shape(known, new, what)
    if sparse.issparse(known):
        # scipy before 1.12 turns sparse arrays into a sparse matrix.
        return type(known)(sparse.vstack([known, new], format=known.format))
    if isinstance(known, pd.Series):
        if not isinstance(new, pd.Series):
            numbers = pd.RangeIndex(len(known), len(known) + len(new))
            new = pd.Series(new if isinstance(new, list) else as_array(new), numbers)
        new = new if index is None else new.set_axis(index)
        return pd.concat(matching_series(known, new.rename(known.name), what))
    if isinstance(known, np.ndarray):
        return np.concatenate([known, matching_array(known, new, what)])
    check_same_kinds(known, new, what)
    if hasattr(known, "detach"):
        import torch

        new = new if hasattr(new, "detach") else np.asarray(new)
        return torch.cat([known, torch.as_tensor(new, device=known.device)])
    if isinstance(new, list):
        return [*known, *new]
    are_arrays = isinstance(known[0], np.ndarray)
    return [*known, *(as_array(new) if are_arrays else new.tolist())]


def side_by_side(blocks):
    """Columns of several arrays, sparse matrices or frames with the same rows."""
    if len(blocks) == 1:
        return blocks[0]
    if any(sparse.issparse(block) for block in blocks):
        return sparse.hstack(blocks, format="csr")
    if all(map(_is_frame, blocks)):
        index = blocks[0].index
        return pd.concat([block.set_axis(index) for block in blocks], axis=1)
    return np.hstack([np.asarray(block) for block in blocks])


def _is_frame(X):
    return isinstance(X, pd.DataFrame)


def _check_same_shape(known, new, what):
    known_shape, new_shape = (tuple(np.shape(each)[1:]) for each in (known, new))
    if known_shape != new_shape:
        raise ValueError(
            f"{what} has rows of shape {new_shape}, but the learner's training data has"
            f" rows of shape {known_shape}."
        )
