"""What X may be, and how rows of it become a float32 tensor.

X is never copied or cast whole: a memory map of images stays on the disk, and
its rows are read a batch at a time.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch.utils.data import Dataset


def as_samples(X):
    """Return `X`, or a view of it, as something that rows can be read from.

    Parameters
    ----------
    X : array-like, tensor or DataFrame of shape (n_samples, ...)
        Two dimensions or more, real numbers. ndarrays (memory maps among
        them), tensors and DataFrames come back as they are; only a list, or
        another kind of sequence, is turned into an array.

    Returns
    -------
    X : ndarray, tensor or DataFrame

    Raises
    ------
    TypeError
        If `X` is sparse, a dict or a torch Dataset.

    ValueError
        If `X` is complex, has one dimension, no rows or no features.
    """
    is_tensor = torch.is_tensor(X)
    if sparse.issparse(X) or (is_tensor and X.layout != torch.strided):
        raise TypeError(
            "NetworkClassifier does not take sparse X: a network reads dense rows."
            " Pass X.toarray(), or reduce the features first."
        )
    if isinstance(X, Mapping | Dataset):
        raise TypeError(
            f"NetworkClassifier takes X as one array, and got a {type(X).__name__}."
            " For data that does not fit into memory pass a numpy memory map."
        )
    if not (is_tensor or isinstance(X, np.ndarray) or _is_frame(X)):
        X = np.asarray(X)
    if _is_complex(X):
        raise ValueError("Complex data not supported: X must be real numbers.")
    shape = tuple(X.shape)
    if len(shape) < 2:
        raise ValueError(
            f"X must have two dimensions or more; got shape {shape}. Reshape your"
            " data: X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it"
            " is one sample."
        )
    for unit, count in (("sample", shape[0]), ("feature", min(shape[1:]))):
        if count == 0:
            raise ValueError(
                f"Found X with 0 {unit}(s) (shape={shape}) while a minimum of 1 is"
                " required."
            )
    return X


def read_rows(X, rows):
    """Copy rows of `X` into a tensor of its own, dtype=float32.

    Parameters
    ----------
    X : ndarray, tensor or DataFrame
        As `as_samples` returns it.

    rows : int, slice or list of int

    Returns
    -------
    block : tensor of shape (n_rows, ...), dtype=float32
        Always a copy, so that a module which works in place (a first layer
        ``nn.ReLU(inplace=True)``, say) leaves the caller's X alone. On the
        device of `X` if that is a tensor, otherwise on the CPU.
    """
    if torch.is_tensor(X):
        return X[rows].detach().to(torch.float32, copy=True)
    # A value beyond float32 becomes infinite, and check_finite reports it.
    with np.errstate(over="ignore"):
        if _is_frame(X):
            block = X.iloc[rows].to_numpy(dtype=np.float32, na_value=np.nan)
        else:
            block = X[rows]
        # In C order, so that the layout of X does not show in the rounding.
        return torch.from_numpy(np.array(block, dtype=np.float32, order="C"))


def check_finite(block, first_row):
    """Raise ValueError naming the first row of `block` with NaN or infinity.

    Parameters
    ----------
    block : tensor of shape (n_rows, ...)

    first_row : int
        Row number in X of the first row of `block`.
    """
    # One pass and no mask: a finite sum has only finite terms. The reverse
    # does not hold, since large finite terms overflow, hence the closer look.
    if torch.isfinite(block.sum()):
        return
    spoilt = ~torch.isfinite(block.flatten(1)).all(dim=1)
    if spoilt.any():
        row = first_row + int(spoilt.to(torch.uint8).argmax())
        raise ValueError(
            f"Input X contains NaN, infinity or a value too large for float32 in"
            f" row {row}."
        )


class SampleLayout(NamedTuple):
    """What a sample looked like at `fit`, to hold later ones against."""

    shape: tuple
    column_names: tuple | None

    @classmethod
    def of(cls, X):
        """Layout of `X`; column names are kept where all are strings."""
        names = tuple(X.columns) if _is_frame(X) else ()
        named = bool(names) and all(isinstance(name, str) for name in names)
        return cls(tuple(X.shape[1:]), names if named else None)

    def check(self, X):
        """Raise ValueError if the samples of `X` have another layout."""
        other = SampleLayout.of(X)
        if len(self.shape) == len(other.shape) == 1 and self.shape != other.shape:
            # In scikit-learn's words, which its own checks look for.
            raise ValueError(
                f"X has {other.shape[0]} features, but NetworkClassifier is"
                f" expecting {self.shape[0]} features as input."
            )
        if self.shape != other.shape:
            raise ValueError(
                f"X has samples of shape {other.shape}; NetworkClassifier was"
                f" fitted on samples of shape {self.shape}."
            )
        if self.column_names and other.column_names not in (None, self.column_names):
            column = next(
                i
                for i, (was, now) in enumerate(
                    zip(self.column_names, other.column_names, strict=True)
                )
                if was != now
            )
            raise ValueError(
                f"Columns are read by position, and column {column} of X is"
                f" {other.column_names[column]!r}; at fit it was"
                f" {self.column_names[column]!r}."
            )


def _is_frame(X):
    return hasattr(X, "iloc") and hasattr(X, "columns")


def _is_complex(X):
    if torch.is_tensor(X):
        return X.is_complex()
    dtypes = X.dtypes if _is_frame(X) else [X.dtype]
    return any(dtype.kind == "c" for dtype in dtypes)
