"""CIFAR and SVHN as arrays in memory, from the files that torchvision reads."""

from contextlib import contextmanager
from functools import partial

import numpy as np

from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._dataset_info import DataCard, DataOption

_CIFAR_LICENCE = (
    "no licence is stated; Krizhevsky, Learning Multiple Layers of Features from Tiny"
    " Images, 2009 (https://www.cs.toronto.edu/~kriz/cifar.html)"
)
_DOWNLOAD = DataOption(
    False, "whether torchvision may download missing files", ("boolean",)
)


@contextmanager
def explain_missing_files(name, folder, needs):
    """Replace torchvision's errors for missing files by one that names the files."""
    try:
        yield
    except (FileNotFoundError, RuntimeError) as error:
        raise FileNotFoundError(
            f"The data of {name!r} are missing or incomplete in {str(folder)!r}"
            f" ({error}). Put into this folder {needs}."
        ) from error


def _read(card, kind, splits, random_state, folder, *, download):
    from torchvision import datasets

    with explain_missing_files(card.name, folder, card.needs):
        parts = [
            getattr(datasets, kind)(folder, **split, download=download)
            for split in splits
        ]
    arrays = []
    for part in parts:
        if kind == "SVHN":
            X, y, classes = part.data, part.labels.astype(np.int64), np.arange(10)
        else:
            classes = np.array(part.classes)
            X, y = part.data.transpose(0, 3, 1, 2), classes[part.targets]
        arrays += [np.ascontiguousarray(X), y]
    return DataSet(card.name, *arrays, classes=np.sort(classes))


def _card(name, what, n_rows, n_classes, licence, needs):
    return DataCard(
        name=name,
        what=what,
        size=f"{n_rows} to test on, 3 x 32 x 32 bytes, {n_classes} classes",
        licence=licence,
        options={"download": _DOWNLOAD},
        needs=needs,
        needs_folder=True,
    )


_CIFAR10 = _card(
    "cifar10",
    "Photographs of animals and vehicles.",
    "50,000 in the pool and 10,000",
    10,
    _CIFAR_LICENCE,
    "the folder cifar-10-batches-py, as cifar-10-python.tar.gz has it"
    " (https://www.cs.toronto.edu/~kriz/cifar.html)",
)
_CIFAR100 = _card(
    "cifar100",
    "Photographs of animals, plants and things.",
    "50,000 in the pool and 10,000",
    100,
    _CIFAR_LICENCE,
    "the folder cifar-100-python, as cifar-100-python.tar.gz has it"
    " (https://www.cs.toronto.edu/~kriz/cifar.html)",
)
_SVHN = _card(
    "svhn",
    "House numbers in photographs, one digit in each image.",
    "73,257 in the pool and 26,032",
    10,
    "for non-commercial use only; Netzer et al., Reading Digits in Natural Images with"
    " Unsupervised Feature Learning, 2011 (http://ufldl.stanford.edu/housenumbers)",
    "the files train_32x32.mat and test_32x32.mat"
    " (http://ufldl.stanford.edu/housenumbers)",
)
_TRAIN_AND_TEST = ({"train": True}, {"train": False})

READERS = (
    (_CIFAR10, partial(_read, _CIFAR10, "CIFAR10", _TRAIN_AND_TEST)),
    (_CIFAR100, partial(_read, _CIFAR100, "CIFAR100", _TRAIN_AND_TEST)),
    (
        _SVHN,
        partial(_read, _SVHN, "SVHN", ({"split": "train"}, {"split": "test"})),
    ),
)
