"""Rows of any kind that modAL knows: taken, put under or beside one another.

ndarray of any rank, scipy sparse matrix or array, DataFrame or Series, list, torch
tensor, dict of these.
"""

import numpy as np
import pandas as pd
from scipy import sparse

from modal_clustermargin.distributed._chunked_rows import lie_elsewhere, opened
from modal_clustermargin.pools._rows import take_rows


def brought_here(X):
    """Rows of dask or Zarr as an array; all others as they are."""
    if hasattr(X, "__dask_graph__"):
        return X.compute()
    if not lie_elsewhere(X):
        return X
    with opened(X, "A learner", "training data") as rows:
        return rows.gathered()


def rows_at(X, positions):
    """Rows of X: one if there is one position, else as many as there are.

    Parameters
    ----------
    X : ndarray, sparse, DataFrame, list, tensor or dict

    positions : int, or array-like of int or bool
    """
    if isinstance(X, dict):
        return {name: rows_at(part, positions) for name, part in X.items()}
    positions = np.asarray(positions)
    if positions.dtype == bool:
        positions = np.flatnonzero(positions)
    if positions.size == 0:
        positions = positions.astype(int)
    if isinstance(X, list) and positions.ndim == 0:
        return X[int(positions)]
    return take_rows(X, positions if positions.ndim else int(positions))


def stacked(known, new, what):
    """New rows under those that are known, in the kind of these.

    Parameters
    ----------
    known, new : ndarray, sparse, DataFrame, Series, list or tensor
        An array, a list, a Series and a tensor may go under one another.

    what : str
        Name to give in error messages.

    Raises
    ------
    ValueError
        If rows differ in shape, or frames in their columns.

    TypeError
        If one is a frame, or sparse, and the other is not; if one holds numbers and
        the other strings; or if a kind is not known.
    """
    if not isinstance(known, _KINDS) and not _is_special(known):
        raise TypeError(
            f"{what} cannot be kept as a {type(known).__name__}. Pass an array, a"
            " sparse matrix, a DataFrame, a list or a tensor."
        )
    for is_kind, name in ((_is_frame, "DataFrame"), (sparse.issparse, "sparse matrix")):
        if is_kind(known) != is_kind(new):
            raise TypeError(
                f"{what} is a {type(new).__name__}, and what the learner has is a"
                f" {type(known).__name__}. Pass a {name} for both, or for neither."
            )
    if _is_frame(known):
        return pd.concat(_frames_alike(known, new, what))
    _expect_one_shape(known, new, what)
    if sparse.issparse(known):
        # scipy before 1.12 makes a matrix of arrays.
        return type(known)(sparse.vstack([known, new], format=known.format))
    if not _is_tensor(new):
        new = np.asarray(new)
    _expect_one_kind(known, new, what, "")
    if _is_tensor(known):
        import torch

        return torch.cat([known, torch.as_tensor(new, device=known.device)])
    if isinstance(known, pd.Series):
        return pd.concat([known, pd.Series(np.asarray(new), name=known.name)])
    if isinstance(known, list):
        return [*known, *new.tolist()]
    return np.concatenate([known, np.asarray(new)])


def side_by_side(blocks):
    """Columns of blocks of the same rows beside one another.

    Parameters
    ----------
    blocks : sequence of ndarray, sparse or DataFrame
    """
    if len(blocks) == 1:
        return blocks[0]
    if any(sparse.issparse(block) for block in blocks):
        return sparse.hstack(blocks, format="csr")
    if all(map(_is_frame, blocks)):
        index = blocks[0].index
        return pd.concat([block.set_axis(index) for block in blocks], axis=1)
    return np.hstack([np.asarray(block) for block in blocks])


_KINDS = np.ndarray, list, pd.DataFrame, pd.Series


def _is_frame(X):
    return isinstance(X, pd.DataFrame)


def _is_tensor(X):
    return hasattr(X, "detach")


def _is_special(X):
    return sparse.issparse(X) or _is_tensor(X)


def _frames_alike(known, new, what):
    """Both frames, with columns in one order and of types that go together."""
    if list(new.columns) != list(known.columns):
        missing = [name for name in known.columns if name not in new.columns]
        added = [name for name in new.columns if name not in known.columns]
        if missing or added or not (known.columns.is_unique and new.columns.is_unique):
            raise ValueError(
                f"{what} has other columns than what the learner has: without"
                f" {missing}, and with {added} more."
            )
        new = new[known.columns]
    if not known.columns.is_unique:
        return known, new
    known, new = known.copy(deep=False), new.copy(deep=False)
    for name in known.columns:
        _expect_one_kind(known[name], new[name], what, f" in column {name!r}")
        types = known[name].dtype, new[name].dtype
        if all(isinstance(each, pd.CategoricalDtype) for each in types):
            # Of different categories, pandas would make a column of objects.
            categories = types[0].categories.union(types[1].categories, sort=False)
            both = pd.CategoricalDtype(categories, ordered=types[0].ordered)
            known[name], new[name] = known[name].astype(both), new[name].astype(both)
    return known, new


def _expect_one_kind(known, new, what, where):
    kinds = _kind(known), _kind(new)
    if None not in kinds and kinds[0] != kinds[1]:
        raise TypeError(
            f"{what} holds {kinds[1]}{where}, and what the learner has holds"
            f" {kinds[0]}. Convert one to the type of the other."
        )


def _kind(values):
    """Whether they are numbers or strings; None of others, and of none."""
    if _is_tensor(values):
        return "numbers"
    values = np.asarray(values)
    if values.dtype.kind in "biufc":
        return "numbers"
    if values.dtype.kind in "US":
        return "strings"
    some = values.ravel()[:1]
    return "strings" if len(some) and isinstance(some[0], str) else None


def _expect_one_shape(known, new, what):
    shapes = [
        tuple(each.shape if hasattr(each, "shape") else np.shape(each))[1:]
        for each in (known, new)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{what} has rows of shape {shapes[1]}, and what the learner has"
            f" {shapes[0]}."
        )
