"""Index, append and join rows in every container that modAL takes.

Containers are ndarrays of any rank, scipy sparse matrices and arrays, DataFrames,
Series, lists, torch tensors, and dicts of these.
"""

import numpy as np
import pandas as pd
from scipy import sparse

from modal_clustermargin.pools import lies_elsewhere, open_pool, take_rows


def gathered(X):
    """Rows of a dask or Zarr array as an ndarray; any other rows unchanged."""
    if hasattr(X, "__dask_graph__"):
        return X.compute()
    if not lies_elsewhere(X):
        return X
    with open_pool(X, "A learner", "training data") as pool:
        return pool.gathered()


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


def append_rows(known, new, what):
    """Append the rows of `new` to `known`, in the container of `known`.

    `what` names the argument in error messages. Arrays, lists, Series and tensors may
    be mixed; frames and sparse matrices may not.

    Raises
    ------
    ValueError
        If the rows differ in shape, or the frames in their columns.

    TypeError
        If only one of them is a frame or a sparse matrix, if one holds numbers and the
        other strings, or if the container is unknown.
    """
    for is_kind, name in ((_is_frame, "DataFrame"), (sparse.issparse, "sparse matrix")):
        if is_kind(known) != is_kind(new):
            raise TypeError(
                f"{what} is a {type(new).__name__}, but the learner's training data is"
                f" a {type(known).__name__}. Pass a {name} for both, or for neither."
            )
    if _is_frame(known):
        return pd.concat(_matching_frames(known, new, what))
    _check_same_shape(known, new, what)
    if sparse.issparse(known):
        # scipy before 1.12 turns sparse arrays into a sparse matrix.
        return type(known)(sparse.vstack([known, new], format=known.format))
    if not hasattr(new, "detach"):
        new = np.asarray(new)
    _check_same_kind(known, new, what)
    if hasattr(known, "detach"):
        import torch

        return torch.cat([known, torch.as_tensor(new, device=known.device)])
    if isinstance(known, pd.Series):
        return pd.concat([known, pd.Series(np.asarray(new), name=known.name)])
    if isinstance(known, list):
        return [*known, *new.tolist()]
    if isinstance(known, np.ndarray):
        return np.concatenate([known, np.asarray(new)])
    raise TypeError(
        f"A learner cannot add rows to {what} that is a {type(known).__name__}. Pass"
        " an array, a sparse matrix, a DataFrame, a list or a tensor."
    )


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


def _matching_frames(known, new, what):
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
    dtypes = {}
    for name in known.columns:
        _check_same_kind(known[name], new[name], what, f" in column {name!r}")
        types = known[name].dtype, new[name].dtype
        if all(isinstance(each, pd.CategoricalDtype) for each in types):
            # If the categories differ, pandas would make a column of objects.
            categories = types[0].categories.union(types[1].categories, sort=False)
            dtypes[name] = pd.CategoricalDtype(categories, ordered=types[0].ordered)
    return known.astype(dtypes), new.astype(dtypes)


def _check_same_kind(known, new, what, where=""):
    known_kind, new_kind = _kind(known), _kind(new)
    if known_kind and new_kind and known_kind != new_kind:
        raise TypeError(
            f"{what} holds {new_kind}{where}, but the learner's training data holds"
            f" {known_kind}. Convert one to the type of the other."
        )


def _kind(values):
    """Return "numbers" or "strings"; None for other values and for no values."""
    if hasattr(values, "detach"):
        return "numbers"
    values = np.asarray(values)
    if values.dtype.kind in "biufc":
        return "numbers"
    is_text = values.dtype.kind in "US"
    return "strings" if is_text or isinstance(next(values.flat, None), str) else None


def _check_same_shape(known, new, what):
    known_shape, new_shape = (tuple(np.shape(each)[1:]) for each in (known, new))
    if known_shape != new_shape:
        raise ValueError(
            f"{what} has rows of shape {new_shape}, but the learner's training data has"
            f" rows of shape {known_shape}."
        )
