"""Batches that are read from X by one indexing operation each.

torch's DataLoader fetches rows one by one and stacks them again, which for a
small network takes as long as the training.
"""

import copy
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import torch
from skorch.dataset import Dataset as SkorchDataset
from torch.utils.data import Dataset, Subset

from modal_clustermargin.estimators._samples import read_rows


class LabelledRows(Dataset):
    """Rows of X with their targets and, if there are any, their sample weights.

    `X` comes from `as_samples`, and `y` from `settle`; zeros stand for None.
    `transform` is called with each sample.
    """

    def __init__(self, X, y=None, weights=None, transform=None):
        self.X = X
        self.y = np.zeros(len(X), np.int64) if y is None else y
        self.weights = weights
        self.transform = transform

    def __len__(self):
        return len(self.X)

    def __getitem__(self, rows):
        """Samples and targets at a list or array of rows, or at one row.

        With weights, samples and the pair of targets and weights.
        """
        if np.ndim(rows) == 0:  # torch's DataLoader reads row by row
            return map_tensors(self[[rows]], lambda part: part[0])
        samples = read_rows(self.X, rows, self.transform)
        y = torch.tensor(self.y[rows])
        if self.weights is None:
            return samples, y
        return samples, (y, torch.tensor(self.weights[rows]))


class ScoredRows(SkorchDataset):
    """LabelledRows, or a Subset of them, whose `X` and `y` skorch's callbacks read.

    `X` are the rows with their targets, for which `predict` returns targets, and not
    labels.
    """

    def __init__(self, dataset):
        super().__init__(dataset, _targets(dataset), length=len(dataset))
        self.dataset = dataset

    def __getitem__(self, rows):
        return self.dataset[rows]


def scored(dataset):
    """ScoredRows of LabelledRows or a Subset of them; another Dataset as it is."""
    is_ours = isinstance(rows_behind(dataset), LabelledRows)
    return ScoredRows(dataset) if is_ours else dataset


def _targets(dataset):
    if isinstance(dataset, Subset):
        return _targets(dataset.dataset)[np.asarray(dataset.indices)]
    return dataset.y


def rows_behind(dataset):
    """The Dataset inside torch's Subsets, or the Dataset itself."""
    while isinstance(dataset, Subset | ScoredRows):
        dataset = dataset.dataset
    return dataset


def with_transform(dataset, transform):
    """Copy LabelledRows, or a Subset of them, with another `transform`."""
    dataset = copy.copy(dataset)
    if isinstance(dataset, Subset):
        dataset.dataset = with_transform(dataset.dataset, transform)
    elif isinstance(dataset, LabelledRows):
        dataset.transform = transform
    return dataset


class RowBatches:
    """Batches of at most `batch_size` rows, in the order of the rows.

    Batches differ by one row at most: batch norm cannot train on a remainder of a
    single row.
    """

    _is_shuffled = False

    def __init__(self, dataset, batch_size):
        self.dataset = dataset
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        n_rows, n_batches = len(self.dataset), len(self)
        order = torch.randperm(n_rows) if self._is_shuffled else torch.arange(n_rows)
        order, in_subset = order.numpy(), isinstance(self.dataset, Subset)
        ends = [n_rows * i // n_batches for i in range(n_batches + 1)]
        for start, stop in pairwise(ends):
            rows = order[start:stop]
            yield self.dataset[rows.tolist() if in_subset else rows]


class ShuffledBatches(RowBatches):
    """Batches in a new order every epoch, drawn from torch's CPU generator."""

    _is_shuffled = True


class ReadAhead:
    """Batches in page-locked memory, read one ahead by a thread.

    A copy from page-locked memory to a GPU does not block the network.
    """

    def __init__(self, batches, pin=torch.Tensor.pin_memory):
        self.batches = batches
        self.pin = pin

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        batches = iter(self.batches)

        def read():
            return map_tensors(next(batches, None), self._pinned)

        with ThreadPoolExecutor(max_workers=1) as reader:
            coming = reader.submit(read)
            while (batch := coming.result()) is not None:
                coming = reader.submit(read)
                yield batch

    def _pinned(self, tensor):
        return self.pin(tensor) if tensor.device.type == "cpu" else tensor


def counted(batches, n_before, show):
    """Yield batches, and call ``show(n_done)`` after each has been used."""
    for n_done, batch in enumerate(batches, n_before + 1):
        yield batch
        show(n_done)


def map_tensors(batch, change):
    """Change every tensor in nested tuples and lists; leave the rest as it is."""
    if torch.is_tensor(batch):
        return change(batch)
    if isinstance(batch, tuple | list):
        return type(batch)(map_tensors(part, change) for part in batch)
    return batch


def gather_rows(blocks, n_rows, out=None):
    """Copy blocks of rows, which are tensors, into one array as they arrive.

    Raises ValueError if `out` is not an array of floats with the shape of the answer.
    """
    start = 0
    for block in blocks:
        shape = (n_rows, *block.shape[1:])
        if out is None:
            out = np.empty(shape, np.float32)
        dtype = getattr(out, "dtype", None)
        if getattr(dtype, "kind", None) != "f" or out.shape != shape:
            kind = type(out).__name__
            found = kind if dtype is None else f"shape {out.shape} and {dtype}"
            raise ValueError(
                f"out must be an array of floats of shape {shape}; got {found}. Make it"
                " with np.empty, or on disk with np.lib.format.open_memmap."
            )
        stop = start + len(block)
        out[start:stop] = block.detach().float().cpu().numpy()
        start = stop
    return out
