"""Samples that a torch Dataset reads one by one."""

import numpy as np
import torch
from torch.utils.data import IterableDataset, Subset

# Samples that have to agree with what a Dataset says of all.
_N_PROBES = 5


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

        Those in its attribute ``targets``, as torchvision's have it, if a few
        samples agree; otherwise every sample is read once for its label.
        """
        n_samples = len(self)
        labels = _targets(self.dataset)
        if labels is not None and len(labels) == n_samples:
            probes = np.unique(np.linspace(0, n_samples - 1, _N_PROBES).astype(int))
            if all(np.array_equal(self._label(i), labels[i]) for i in probes):
                return labels
        return np.array([np.asarray(self._label(row)) for row in range(n_samples)])

    def _label(self, row):
        item = self.dataset[int(row)]
        if not isinstance(item, tuple | list) or len(item) < 2:
            raise ValueError(
                "The Dataset has samples without labels; pass them as y, or have it"
                " return (sample, label)."
            )
        return item[1]


def _targets(dataset):
    if isinstance(dataset, Subset):
        labels = _targets(dataset.dataset)
        return None if labels is None else labels[np.asarray(dataset.indices)]
    labels = getattr(dataset, "targets", None)
    if labels is None or len(labels) != len(dataset):
        return None
    return labels.cpu().numpy() if torch.is_tensor(labels) else np.asarray(labels)
