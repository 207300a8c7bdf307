"""CIFAR and SVHN as arrays in memory, out of the files that torchvision reads."""

from functools import partial

import numpy as np

from modal_clustermargin.datasets._cards import DataCard, DataOption
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._image_data import WANTED, told_what_to_put

_CIFAR = (
    "no licence is stated; Krizhevsky, Learning Multiple Layers of Features from Tiny"
    " Images, 2009 (https://www.cs.toronto.edu/~kriz/cifar.html)"
)
_SVHN = (
    "for non-commercial use only; Netzer et al., Reading Digits in Natural Images with"
    " Unsupervised Feature Learning, 2011 (http://ufldl.stanford.edu/housenumbers)"
)
_DOWNLOAD = DataOption(
    False, "whether torchvision may download what is not there", ("boolean",)
)


def _card(name, what, n_rows, n_classes, licence):
    return DataCard(
        name=name,
        what=what,
        size=f"{n_rows} to test on, 3 x 32 x 32 bytes, {n_classes} classes",
        licence=licence,
        options={"download": _DOWNLOAD},
        needs=WANTED[name],
    )


def _read_cifar(name, random_state, folder, *, download):
    _check_folder(name, folder)
    from torchvision import datasets

    kind = getattr(datasets, {"cifar10": "CIFAR10", "cifar100": "CIFAR100"}[name])
    with told_what_to_put(name, folder):
        parts = [kind(folder, train=t, download=download) for t in (True, False)]
    classes = np.array(parts[0].classes)
    arrays = [
        array
        for part in parts
        for array in (
            np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)),
            classes[part.targets],
        )
    ]
    return DataSet(name, *arrays, classes=np.sort(classes))


def _read_svhn(name, random_state, folder, *, download):
    _check_folder(name, folder)
    from torchvision.datasets import SVHN

    with told_what_to_put(name, folder):
        parts = [SVHN(folder, split, download=download) for split in ("train", "test")]
    arrays = [
        array
        for part in parts
        for array in (np.ascontiguousarray(part.data), part.labels.astype(np.int64))
    ]
    return DataSet(name, *arrays, classes=np.arange(10))


def _check_folder(name, folder):
    if folder is None:
        raise ValueError(
            f"load_data({name!r}) needs folder=, a folder in which there is"
            f" {WANTED[name]}."
        )


READERS = tuple(
    (_card(name, *about), partial(read, name))
    for name, read, *about in (
        (
            "cifar10",
            _read_cifar,
            "Photographs of animals and vehicles.",
            "50,000 to choose from and 10,000",
            10,
            _CIFAR,
        ),
        (
            "cifar100",
            _read_cifar,
            "Photographs of animals, plants and things.",
            "50,000 to choose from and 10,000",
            100,
            _CIFAR,
        ),
        (
            "svhn",
            _read_svhn,
            "House numbers in photographs, a digit at a time.",
            "73,257 to choose from and 26,032",
            10,
            _SVHN,
        ),
    )
)
