"""Batches that are read from X by one indexing operation each.

torch's DataLoader fetches rows one by one and stacks them again, which for a
small network takes as long as the training.
"""

import copy
from itertools import pairwise

import numpy as np
import torch
from torch.utils.data import Dataset, Subset

from modal_clustermargin.estimators._samples import read_rows


class LabelledRows(Dataset):
    """Rows of X with their targets and, if there are any, their sample weights.

    `X` is returned by `as_samples`, and is not copied. `y` holds the targets that
    `settle` returns; None, used for prediction, stands for zeros. `transform` is
    called with each sample.
    """

    def __init__(self, X, y=None, weights=None, transform=None):
        self.X = X
        self.y = np.zeros(len(X), np.int64) if y is None else y
        self.weights = None if weights is None else np.asarray(weights, np.float32)
        self.transform = transform

    def __len__(self):
        return len(self.X)

    def __getitem__(self, rows):
        """The pair (samples, targets) at `rows`: int, slice, list or ndarray.

        With weights, the pair (samples, (targets, weights)).
        """
        samples = read_rows(self.X, rows, self.transform)
        y = torch.tensor(self.y[rows])
        if self.weights is None:
            return samples, y
        return samples, (y, torch.tensor(self.weights[rows]))


def rows_behind(dataset):
    """The Dataset inside torch's Subsets, or the Dataset itself."""
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    return dataset


def with_transform(dataset, transform):
    """Copy LabelledRows, or a Subset of them, with another `transform`."""
    if isinstance(dataset, Subset):
        inner = with_transform(dataset.dataset, transform)
        return type(dataset)(inner, dataset.indices)
    if isinstance(dataset, LabelledRows):
        dataset = copy.copy(dataset)
        dataset.transform = transform
    return dataset


class RowBatches:
    """Batches of at most `batch_size` rows, in the order of the rows.

    Batches differ by one row at most: batch norm cannot train on a remainder of a
    single row.
    """

    def __init__(self, dataset, batch_size):
        if batch_size < 1:
            raise ValueError(f"A batch needs at least 1 row; got {batch_size}.")
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        for start, stop in self._bounds():
            yield self._batch(np.arange(start, stop), slice(start, stop))

    def _batch(self, rows, as_slice=None):
        """Items at `rows`; a torch Subset takes only a list."""
        if type(self.dataset) is Subset:
            return self.dataset[rows.tolist()]
        return self.dataset[rows if as_slice is None else as_slice]

    def _bounds(self):
        n_rows, n_batches = len(self.dataset), len(self)
        return pairwise(n_rows * i // n_batches for i in range(n_batches + 1))


class ShuffledBatches(RowBatches):
    """Batches in a new order every epoch, drawn from torch's CPU generator."""

    def __iter__(self):
        order = torch.randperm(len(self.dataset)).numpy()
        for start, stop in self._bounds():
            yield self._batch(order[start:stop])


def gather_rows(blocks, n_rows, out=None):
    """Copy blocks of rows, tensors on any device, into one array as they arrive.

    `out` is an array of floats of shape (n_rows, n_columns), such as a memory map;
    None creates an array of float32. Raises ValueError, after the first block, if
    `out` has another shape or dtype.
    """
    start = 0
    for block in blocks:
        shape = (n_rows, *block.shape[1:])
        if start == 0:
            rows = np.empty(shape, np.float32) if out is None else _checked(out, shape)
        stop = start + len(block)
        rows[start:stop] = block.detach().float().cpu().numpy()
        start = stop
    return rows


def _checked(out, shape):
    kind = getattr(getattr(out, "dtype", None), "kind", type(out).__name__)
    if kind != "f" or out.shape != shape:
        found = f"shape {out.shape} and {out.dtype}" if kind in "biufc" else kind
        raise ValueError(
            f"out must be an array of floats of shape {shape}; got {found}. Make it"
            f" with np.empty({shape}, np.float32), or on disk with"
            f" np.lib.format.open_memmap(file, 'w+', np.float32, {shape})."
        )
    return out
