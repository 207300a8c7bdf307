"""Rows of any kind that modAL knows: taken, put under or beside one another.

ndarray of any rank, scipy sparse matrix or array, DataFrame or Series, list, torch
tensor, dict of these.
"""

import numpy as np
import pandas as pd
from scipy import sparse

from modal_clustermargin.pools._rows import take_rows


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
    if isinstance(X, list) and positions.ndim == 0:
        return X[int(positions)]
    return take_rows(X, positions if positions.ndim else int(positions))


def stacked(known, new, what):
    """New rows under those that are known, in the kind of these.

    Parameters
    ----------
    known, new : ndarray, sparse, DataFrame, Series, list or tensor

    what : str
        Name to give in error messages.

    Raises
    ------
    ValueError
        If rows differ in shape, or frames in their columns.

    TypeError
        If there is a frame and something else, or a kind that is not known.
    """
    if sparse.issparse(known) or sparse.issparse(new):
        _expect_equal(known.shape[1:], new.shape[1:], what, "rows of shape")
        return _stacked_sparse(known, new)
    if isinstance(known, pd.DataFrame | pd.Series):
        return _stacked_frames(known, new, what)
    if isinstance(known, list):
        _expect_equal(np.shape(known)[1:], np.shape(new)[1:], what, "rows of shape")
        return [*known, *new]
    if hasattr(known, "detach"):
        import torch

        _expect_equal(known.shape[1:], np.shape(new)[1:], what, "rows of shape")
        return torch.cat([known, torch.as_tensor(new, device=known.device)])
    if isinstance(known, np.ndarray):
        _expect_equal(known.shape[1:], np.shape(new)[1:], what, "rows of shape")
        return np.concatenate([known, new])
    raise TypeError(
        f"{what} cannot be kept as a {type(known).__name__}. Pass an array, a sparse"
        " matrix, a DataFrame, a list or a tensor."
    )


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
    if all(isinstance(block, pd.DataFrame) for block in blocks):
        return pd.concat(blocks, axis=1)
    return np.hstack([np.asarray(block) for block in blocks])


def _stacked_frames(known, new, what):
    if type(new) is not type(known):
        if isinstance(known, pd.Series):
            new = pd.Series(np.asarray(new), name=known.name)
        else:
            raise TypeError(
                f"{what} is a {type(new).__name__}, and what the learner has is a"
                " DataFrame. Pass a DataFrame with the same columns."
            )
    if isinstance(known, pd.DataFrame):
        missing = [name for name in known.columns if name not in new.columns]
        added = [name for name in new.columns if name not in known.columns]
        if missing or added:
            raise ValueError(
                f"{what} has other columns than what the learner has: without"
                f" {missing}, and with {added} more."
            )
        new = new[known.columns]
    return pd.concat([known, new])


def _stacked_sparse(known, new):
    kind = known if sparse.issparse(known) else new
    # scipy before 1.12 makes a matrix of arrays.
    return type(kind)(sparse.vstack([known, new], format=kind.format))


def _expect_equal(known, new, what, sort):
    if tuple(known) != tuple(new):
        raise ValueError(
            f"{what} has {sort} {tuple(new)}, and what the learner has {tuple(known)}."
        )
