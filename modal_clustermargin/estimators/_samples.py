"""Checks of X, and conversion of its rows to float32 tensors.

X is never copied or cast whole: the rows of a memory map and the samples of a Dataset
are read batch by batch.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch.utils.data import Dataset

from modal_clustermargin.estimators._datasets import DatasetSamples

# Number of values that `check_all_finite` reads at a time.
_CHECKED_NUMBERS = 2**20


def as_samples(X):
    """Check `X` and return it in a form that `read_rows` can read.

    ndarrays (also memory maps), tensors and DataFrames of two dimensions or more are
    returned unchanged, a Dataset as DatasetSamples, another sequence as an array.
    Raises TypeError if `X` is sparse or a dict, and ValueError if it is complex, has
    one dimension, no rows or no features.
    """
    if isinstance(X, Dataset):
        return DatasetSamples(X)
    is_tensor = torch.is_tensor(X)
    if sparse.issparse(X) or (is_tensor and X.layout != torch.strided):
        raise TypeError(
            "NetworkClassifier does not take sparse X: a network reads dense rows."
            " Pass X.toarray(), or reduce the features first."
        )
    if isinstance(X, Mapping):
        raise TypeError(
            f"NetworkClassifier takes X as one array; got a {type(X).__name__}."
            " For data that does not fit into memory pass a numpy memory map or a"
            " torch Dataset."
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


def read_rows(X, rows, transform=None):
    """Copy rows of `X` into a new tensor, dtype=float32, on the device of `X`.

    It is always a copy, so that a module that works in place (for example a first
    layer ``nn.ReLU(inplace=True)``) does not change the caller's X. A `transform` is
    called with each sample, a tensor in the dtype of `X`; the network sees what it
    returns. Raises ValueError if samples differ in shape or hold NaN or infinity, and
    TypeError if they are not numbers; for arrays without a transform, `check_finite`
    looks for NaN.
    """
    if transform is not None or isinstance(X, DatasetSamples):
        return _read_one_by_one(X, rows, transform)
    if torch.is_tensor(X):
        return X[rows].detach().to(torch.float32, copy=True)
    if type(X) is np.ndarray and X.dtype == np.float32 and not np.isscalar(rows):
        # A small network trains on a batch in the time of a few copies of the batch.
        block = X[rows].copy() if isinstance(rows, slice) else X.take(rows, axis=0)
        return torch.from_numpy(block)
    # A value beyond float32 becomes infinite, and check_finite reports it.
    with np.errstate(over="ignore"):
        if _is_frame(X):
            block = X.iloc[rows].to_numpy(dtype=np.float32, na_value=np.nan)
        else:
            block = X[rows]
        # In C order, so that rounding does not depend on the memory layout of X.
        return torch.from_numpy(np.array(block, dtype=np.float32, order="C"))


def _read_one_by_one(X, rows, transform):
    if isinstance(rows, slice):
        rows = range(*rows.indices(len(X)))
    elif np.isscalar(rows):
        return _prepared(X, rows, transform)
    rows = [int(row) for row in rows]
    samples = [_prepared(X, row, transform) for row in rows]
    for row, sample in zip(rows, samples, strict=True):
        if sample.shape != samples[0].shape:
            raise ValueError(
                f"Samples must have one shape; sample {rows[0]} of X has"
                f" {tuple(samples[0].shape)} and sample {row} has"
                f" {tuple(sample.shape)}. Crop or resize them with train_transform="
                " and predict_transform=."
            )
    return torch.stack(samples)


def _prepared(X, row, transform):
    sample = X.sample(row) if isinstance(X, DatasetSamples) else _raw_sample(X, row)
    if transform is not None:
        sample = transform(sample)
    if not isinstance(sample, torch.Tensor | np.ndarray | list):
        raise TypeError(
            f"Sample {row} of X is a {type(sample).__name__}, and a network reads"
            " tensors. Convert samples with predict_transform=, for images with"
            " torchvision.transforms.ToTensor()."
        )
    sample = torch.as_tensor(sample).detach().to(torch.float32, copy=transform is None)
    check_finite(sample[None], row)
    return sample


def _raw_sample(X, row):
    if torch.is_tensor(X):
        return X[row].detach().clone()
    if _is_frame(X):
        return read_rows(X, int(row))
    sample = X[row]
    number = sample.dtype.newbyteorder("=") if sample.dtype.kind in "biuf" else "f4"
    return torch.from_numpy(np.array(sample, dtype=number, order="C"))


def check_all_finite(X):
    """Read all rows of an array once and raise ValueError for NaN or infinity."""
    if isinstance(X, DatasetSamples):
        return  # checked sample by sample when a batch is read
    n_rows = max(1, _CHECKED_NUMBERS // math.prod(X.shape[1:]))
    for start in range(0, len(X), n_rows):
        check_finite(read_rows(X, slice(start, start + n_rows)), start)


def check_finite(block, first_row):
    """Raise ValueError for NaN or infinity in a block that starts at `first_row`."""
    # The sum is one pass without a mask: if it is finite, so are its terms. Large
    # finite terms may overflow to an infinite sum, hence the closer look.
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
    """Shape and column names of the samples at `fit`, compared with later samples."""

    shape: tuple
    column_names: tuple | None

    @classmethod
    def of(cls, X, transform=None):
        """Layout of `X`, with column names if all of them are strings.

        For a Dataset, or with a `transform`, the shape is that of the first
        sample as the network sees it.
        """
        if transform is not None or isinstance(X, DatasetSamples):
            return cls(tuple(read_rows(X, 0, transform).shape), None)
        names = tuple(X.columns) if _is_frame(X) else ()
        named = bool(names) and all(isinstance(name, str) for name in names)
        return cls(tuple(X.shape[1:]), names if named else None)

    def compare(self, other):
        """Raise ValueError if later samples have another layout."""
        if len(self.shape) == len(other.shape) == 1 and self.shape != other.shape:
            # The wording that scikit-learn's estimator checks expect.
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
