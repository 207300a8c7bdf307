"""Samples of a torch Dataset, addressed by an array of row numbers.

modAL indexes a pool by position and concatenates rows. An array of row numbers
supports both operations; a Dataset does not.
"""

import copy

import torch

from modal_clustermargin.estimators._samples import DatasetSamples


class DatasetRows:
    """Map a row number to the sample of a Dataset.

    Used as `train_transform` and `predict_transform` of a `NetworkClassifier`, it
    allows X to be an array of row numbers, ``np.arange(len(dataset)).reshape(-1, 1)``
    or a part of it, while the images remain in the Dataset, for example in files.

    Parameters
    ----------
    dataset : torch Dataset
        It has a length and, for an integer index, returns a sample or a tuple that
        begins with a sample. If a network trains on one Dataset and predicts on
        another, concatenate both, ``training + test``, so that row numbers are unique.

    transform : callable, default=None
        Called with each sample.

    Raises
    ------
    TypeError
        If the Dataset has no length.

    ValueError
        If the Dataset has no samples or, in a call, no such row.

    Notes
    -----
    A copy, such as scikit-learn's ``clone`` makes, reads the same Dataset.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from torch.utils.data import TensorDataset
    >>> from modal_clustermargin.estimators import DatasetRows, NetworkClassifier
    >>> images, labels = torch.rand(20, 1, 8, 8), np.arange(20) % 2
    >>> rows = np.arange(20).reshape(-1, 1)
    >>> net = NetworkClassifier(
    ...     module__n_features=64,
    ...     predict_transform=DatasetRows(TensorDataset(images), torch.flatten),
    ... )
    >>> net.fit(rows[:10], labels[:10]).predict(rows).shape
    (20,)
    """

    def __init__(self, dataset, transform=None):
        self.dataset = dataset
        self.transform = transform
        DatasetSamples(dataset)  # raises an error for an unsuitable Dataset

    def __call__(self, sample):
        """The sample at a row number, which is a tensor of one integer."""
        sample = torch.as_tensor(sample)
        is_integer = not sample.is_floating_point() and sample.dtype != torch.bool
        if sample.numel() != 1 or not is_integer:
            raise ValueError(
                "DatasetRows needs X of shape (n_samples, 1), with one integer per"
                f" sample, its row number; got a sample of shape {tuple(sample.shape)}"
                f" and dtype {sample.dtype}. Pass an array such as"
                " np.arange(n_samples).reshape(-1, 1), not a DataFrame, whose rows are"
                " read as float32."
            )
        row = int(sample)
        if not 0 <= row < len(self.dataset):
            raise ValueError(
                f"DatasetRows has rows 0 to {len(self.dataset) - 1}; X asks for row"
                f" {row}. To read rows of two Datasets, pass"
                " DatasetRows(dataset + other)."
            )
        found = DatasetSamples(self.dataset).sample(row)
        return found if self.transform is None else self.transform(found)

    def identity(self):
        """Length, hashes of 64 samples and the transform, for `settings_text`."""
        return (*DatasetSamples(self.dataset).identity(), self.transform)

    def __deepcopy__(self, memo):
        # clone() copies every parameter. Each network would hold its own copy of
        # images in memory, and copying a list of a million files takes seconds.
        return type(self)(self.dataset, copy.deepcopy(self.transform, memo))
