"""Samples that a torch Dataset reads one by one."""

import numpy as np
import torch
from torch.utils.data import IterableDataset, Subset


class DatasetSamples:
    """The samples of a Dataset, without their labels.

    Parameters
    ----------
    dataset : torch Dataset
        Gives a sample, or a tuple that begins with one, for an integer.

    Raises
    ------
    TypeError
        If it has no length.

    ValueError
        If it has no samples.
    """

    def __init__(self, dataset):
        if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
            raise TypeError(
                "NetworkClassifier takes a Dataset with a length and samples by number;"
                f" got a {type(dataset).__name__}, which has none."
            )
        if len(dataset) == 0:
            raise ValueError("Found a Dataset with 0 sample(s); at least 1 is needed.")
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def sample(self, row):
        """What the Dataset has at `row`, without a label."""
        item = self.dataset[row]
        return item[0] if isinstance(item, tuple | list) else item

    def labels(self):
        """Labels that the Dataset has: ndarray of shape (n_samples, ...).

        Those in its attribute ``targets``, as torchvision's have it; otherwise
        every sample is read once for its label.
        """
        labels = _targets(self.dataset)
        if labels is not None:
            return labels
        items = [self.dataset[row] for row in range(len(self))]
        if not isinstance(items[0], tuple | list) or len(items[0]) < 2:
            raise ValueError(
                "The Dataset has samples without labels; pass them as y, or have it"
                " return (sample, label)."
            )
        return np.array([np.asarray(item[1]) for item in items])


def _targets(dataset):
    if isinstance(dataset, Subset):
        labels = _targets(dataset.dataset)
        return None if labels is None else labels[np.asarray(dataset.indices)]
    labels = getattr(dataset, "targets", None)
    if labels is None or len(labels) != len(dataset):
        return None
    return labels.cpu().numpy() if torch.is_tensor(labels) else np.asarray(labels)
