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


@contextmanager
def explain_missing_files(card, folder):
    """Replace torchvision's errors for missing files by one that names the files."""
    try:
        yield
    except (FileNotFoundError, RuntimeError) as error:
        raise FileNotFoundError(
            f"The data of {card.name!r} are missing or incomplete in {str(folder)!r}"
            f" ({error}). Put into this folder {card.needs}."
        ) from error


def _read(card, random_state, folder, *, download):
    from torchvision import datasets

    kind = getattr(datasets, card.name.upper())
    splits = ("train", "test") if card.name == "svhn" else (True, False)
    with explain_missing_files(card, folder):
        parts = [kind(folder, split, download=download) for split in splits]
    arrays = []
    for part in parts:
        if card.name == "svhn":
            X, y, classes = part.data, part.labels.astype(np.int64), np.arange(10)
        else:
            classes = np.array(part.classes)
            X, y = part.data.transpose(0, 3, 1, 2), classes[part.targets]
        arrays += [np.ascontiguousarray(X), y]
    return DataSet(card.name, *arrays, classes=np.sort(classes))


def _reader(name, what, size, licence, needs):
    meaning = "whether torchvision may download missing files"
    card = DataCard(
        name,
        what,
        size,
        licence,
        {"download": DataOption(False, meaning, ("boolean",))},
        needs,
        needs_folder=True,
    )
    return card, partial(_read, card)


READERS = (
    _reader(
        "cifar10",
        "Photographs of animals and vehicles.",
        "50,000 in the pool and 10,000 to test on, 3 x 32 x 32 bytes, 10 classes",
        _CIFAR_LICENCE,
        "the folder cifar-10-batches-py, as cifar-10-python.tar.gz has it"
        " (https://www.cs.toronto.edu/~kriz/cifar.html)",
    ),
    _reader(
        "cifar100",
        "Photographs of animals, plants and things.",
        "50,000 in the pool and 10,000 to test on, 3 x 32 x 32 bytes, 100 classes",
        _CIFAR_LICENCE,
        "the folder cifar-100-python, as cifar-100-python.tar.gz has it"
        " (https://www.cs.toronto.edu/~kriz/cifar.html)",
    ),
    _reader(
        "svhn",
        "House numbers in photographs, one digit in each image.",
        "73,257 in the pool and 26,032 to test on, 3 x 32 x 32 bytes, 10 classes",
        "for non-commercial use only; Netzer et al., Reading Digits in Natural Images"
        " with Unsupervised Feature Learning, 2011"
        " (http://ufldl.stanford.edu/housenumbers)",
        "the files train_32x32.mat and test_32x32.mat"
        " (http://ufldl.stanford.edu/housenumbers)",
    ),
)
