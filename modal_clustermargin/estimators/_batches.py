"""Batches that are slices of X.

torch's DataLoader fetches rows one by one and stacks them again, which for a
small network takes as long as the training. Here a batch is one indexing.
"""

import copy
from itertools import pairwise

import numpy as np
import torch
from torch.utils.data import Dataset, Subset

from modal_clustermargin.estimators._samples import read_rows


class LabelledRows(Dataset):
    """Rows of X with the positions of their classes.

    Parameters
    ----------
    X : ndarray, tensor, DataFrame or DatasetSamples, of shape (n_samples, ...)
        As `as_samples` returns it. Kept, not copied.

    y : ndarray of shape (n_samples,), dtype=int64, or None
        Positions in the sorted classes. None, while predicting, reads as
        zeros.

    weights : ndarray of shape (n_samples,), default=None
        Factor of the loss of each row; None is 1 for all.

    transform : callable, default=None
        What `read_rows` does to each sample.
    """

    def __init__(self, X, y=None, weights=None, transform=None):
        self.X = X
        self.y = np.zeros(len(X), np.int64) if y is None else y
        self.weights = None if weights is None else np.asarray(weights, np.float32)
        self.transform = transform

    def __len__(self):
        return len(self.X)

    def __getitem__(self, rows):
        """The pair (samples, positions) at `rows`: int, slice, list or ndarray.

        With weights, the pair (samples, (positions, weights)).
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
    """The same rows read through `transform`: LabelledRows, or a Subset of them.

    Another Dataset is returned as it is.
    """
    if isinstance(dataset, Subset):
        inner = with_transform(dataset.dataset, transform)
        return type(dataset)(inner, dataset.indices)
    if isinstance(dataset, LabelledRows):
        dataset = copy.copy(dataset)
        dataset.transform = transform
    return dataset


class RowBatches:
    """Batches in the order of the rows.

    Parameters
    ----------
    dataset : Dataset
        Indexed with slices and arrays of int; a torch Subset only with lists.

    batch_size : int
        Rows in the largest batch. Batches differ by one row at most: batch norm
        cannot train on a remainder of a single row.

    Raises
    ------
    ValueError
        If `batch_size` is less than 1.
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
    """Copy blocks of rows into one array as they arrive.

    Parameters
    ----------
    blocks : iterable of tensors of shape (n, n_columns)
        On any device; held one at a time.

    n_rows : int
        Rows of all blocks together, 1 or more.

    out : ndarray of shape (n_rows, n_columns), default=None
        Array to fill, such as a memory map. None creates an array.

    Returns
    -------
    rows : ndarray of shape (n_rows, n_columns), dtype=float32
        `out` itself, in its own dtype, if it was given.

    Raises
    ------
    ValueError
        If `out` has another shape or is not an array of floats; raised after the
        first block.
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
