"""Samples that a torch Dataset reads one by one."""

import joblib
import numpy as np
import torch
from torch.utils.data import IterableDataset, Subset

from modal_clustermargin.estimators._seeding import undisturbed

# Number of samples whose labels are compared with the `targets` of a Dataset.
_N_PROBES = 5

# Number of samples that identify a Dataset.
_N_HASHED = 64


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
        """Labels in the Dataset: ndarray of shape (n_samples, ...).

        The attribute ``targets``, which torchvision's data sets have, is used if it
        agrees with a few samples; otherwise every sample is read once.
        """
        n_samples = len(self)
        labels = _targets(self.dataset)
        if labels is not None and len(labels) == n_samples:
            probes = np.unique(np.linspace(0, n_samples - 1, _N_PROBES).astype(int))
            if all(np.array_equal(self._label(i), labels[i]) for i in probes):
                return labels
        return np.array([np.asarray(self._label(row)) for row in range(n_samples)])

    def identity(self):
        """Length and hashes of 64 samples, which `settings_text` compares."""
        rows = np.unique(np.linspace(0, len(self) - 1, _N_HASHED).astype(int))
        with undisturbed():
            samples = [np.asarray(self.sample(int(row))) for row in rows]
        return len(self), [joblib.hash(sample) for sample in samples]

    def _label(self, row):
        item = self.dataset[int(row)]
        if not isinstance(item, tuple | list) or len(item) < 2:
            raise ValueError(
                "The samples of the Dataset have no labels. Pass the labels as y, or"
                " make the Dataset return (sample, label)."
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
