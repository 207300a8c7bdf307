"""Checks of X, and conversion of its rows to float32 tensors.

X is never copied or cast whole: the rows of a memory map and the samples of a Dataset
are read batch by batch.
"""

import math
from typing import NamedTuple

import joblib
import numpy as np
import torch
from scipy import sparse
from torch.utils.data import Dataset, IterableDataset

from modal_clustermargin.estimators._seeding import undisturbed

_CHECKED_NUMBERS = 2**20  # that `check_all_finite` reads at a time
_N_HASHED = 64  # samples that identify a Dataset


def as_samples(X):
    """Check `X` and return it in a form that `read_rows` can read.

    Arrays, tensors and DataFrames are returned unchanged, a Dataset as
    DatasetSamples, another sequence as an array.
    """
    if isinstance(X, Dataset):
        return DatasetSamples(X)
    is_tensor = torch.is_tensor(X)
    if sparse.issparse(X) or (is_tensor and X.layout != torch.strided):
        raise TypeError(
            "NetworkClassifier does not take sparse X: a network reads dense rows."
            " Pass X.toarray(), or reduce the features first."
        )
    if not (is_tensor or isinstance(X, np.ndarray) or _is_frame(X)):
        X = np.asarray(X)
    dtypes = X.dtypes if _is_frame(X) else [X.dtype]
    if any("complex" in str(dtype) for dtype in dtypes):
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

    It is always a copy, because a module may work in place. `rows` are numbers or, if
    there is no transform, a slice. `check_finite` looks for NaN in arrays.
    """
    if transform is not None or isinstance(X, DatasetSamples):
        rows = np.asarray(rows).tolist()
        samples = [_read_sample(X, row, transform) for row in rows]
        for row, sample in zip(rows, samples, strict=True):
            if sample.shape != samples[0].shape:
                raise ValueError(
                    f"Samples must have one shape; sample {rows[0]} of X has"
                    f" {tuple(samples[0].shape)} and sample {row} has"
                    f" {tuple(sample.shape)}. Crop or resize them with"
                    " train_transform= and predict_transform=."
                )
        return torch.stack(samples)
    if torch.is_tensor(X):
        return X[rows].detach().to(torch.float32, copy=True)
    if type(X) is np.ndarray and X.dtype == np.float32:
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


def _read_sample(X, row, transform):
    """One sample in float32, after the transform, which sees the dtype of X."""
    if isinstance(X, DatasetSamples):
        sample = X.sample(row)
    elif torch.is_tensor(X):
        sample = X[row].detach().clone()
    elif _is_frame(X):
        sample = read_rows(X, [row])[0]
    else:
        kind = X.dtype.newbyteorder("=") if X.dtype.kind in "biuf" else np.float32
        sample = torch.from_numpy(np.array(X[row], dtype=kind, order="C"))
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
        """Layout of samples as the network sees them, with names that are strings."""
        if transform is not None or isinstance(X, DatasetSamples):
            return cls(tuple(read_rows(X, [0], transform).shape[1:]), None)
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
        if None in (self.column_names, other.column_names):
            return
        pairs = zip(self.column_names, other.column_names, strict=True)
        for column, (was, now) in enumerate(pairs):
            if was != now:
                raise ValueError(
                    f"Columns are read by position, and column {column} of X is"
                    f" {now!r}; at fit it was {was!r}."
                )


def _is_frame(X):
    return hasattr(X, "iloc") and hasattr(X, "columns")


class DatasetSamples:
    """The samples of a Dataset, without their labels.

    For an integer index, the Dataset returns a sample, or a tuple that begins with a
    sample. Raises TypeError if it has no length, and ValueError if it has no samples.
    """

    def __init__(self, dataset):
        if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
            raise TypeError(
                "NetworkClassifier takes a Dataset with a length and integer indices;"
                f" got a {type(dataset).__name__}, which has no length."
            )
        if len(dataset) == 0:
            raise ValueError("Found a Dataset with 0 sample(s); at least 1 is needed.")
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def sample(self, row):
        """The sample at `row`, without its label."""
        item = self.dataset[row]
        return item[0] if isinstance(item, tuple | list) else item

    def labels(self):
        """Labels in the Dataset, as an array.

        They are read from every sample. An attribute such as ``targets`` can differ: a
        Dataset may change its labels when a sample is read.
        """
        return np.array([np.asarray(self._label(row)) for row in range(len(self))])

    def identity(self):
        """Length and hashes of 64 samples, which `settings_text` compares."""
        rows = np.linspace(0, len(self) - 1, _N_HASHED).astype(int)
        rows = np.unique(rows).tolist()
        with undisturbed():
            samples = [np.asarray(self.sample(row)) for row in rows]
        return len(self), [joblib.hash(sample) for sample in samples]

    def _label(self, row):
        item = self.dataset[row]
        if not isinstance(item, tuple | list) or len(item) < 2:
            raise ValueError(
                "The samples of the Dataset have no labels. Pass the labels as y, or"
                " make the Dataset return (sample, label)."
            )
        return item[1]
