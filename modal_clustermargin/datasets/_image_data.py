"""Data sets of images in a local folder, as torchvision reads them.

Nothing is downloaded. What a network is made of stands elsewhere.
"""

from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

_PARTS = ("train", "val")  # of ImageNet

# What has to be in the folder.
WANTED = {
    "imagenet": (
        "folders train and val, each with a folder of images for each class,"
        " such as train/n01440764/*.JPEG"
    ),
    "cifar10": (
        "the folder cifar-10-batches-py, as cifar-10-python.tar.gz has it"
        " (https://www.cs.toronto.edu/~kriz/cifar.html)"
    ),
    "cifar100": (
        "the folder cifar-100-python, as cifar-100-python.tar.gz has it"
        " (https://www.cs.toronto.edu/~kriz/cifar.html)"
    ),
    "svhn": (
        "the files train_32x32.mat and test_32x32.mat"
        " (http://ufldl.stanford.edu/housenumbers)"
    ),
    "pets": (
        "the folder oxford-iiit-pet, with images and annotations in it, out of"
        " images.tar.gz and annotations.tar.gz"
        " (https://www.robots.ox.ac.uk/~vgg/data/pets)"
    ),
}


class ImageData(NamedTuple):
    """Images to train on and to test on, in one numbering, with their labels."""

    images: object  # torch Dataset: those to train on, then those to test on
    y: np.ndarray  # of those to train on
    y_test: np.ndarray
    n_classes: int


def read_images(name, folder, classes_file=None):
    """Open a data set.

    Parameters
    ----------
    name : {"imagenet", "imagenet100", "cifar10", "cifar100", "pets"}

    folder : path-like

    classes_file : path-like, default=None
        Of "imagenet100" alone: text, with a class in each line that begins with the
        name of its folder, in the order of the labels.

    Returns
    -------
    data : ImageData

    Raises
    ------
    FileNotFoundError
        If the data are not there, or not whole. Says what is to be put where.

    ValueError
        If train and val have other classes, or `classes_file` is none or empty.
    """
    folder = Path(folder)
    chosen = _chosen(classes_file) if name == "imagenet100" else None
    kind = "imagenet" if chosen else name
    read = {
        "imagenet": lambda: _read_folders(folder, chosen),
        "cifar10": lambda: _read_cifar("CIFAR10", folder),
        "cifar100": lambda: _read_cifar("CIFAR100", folder),
        "pets": lambda: _read_pets(folder),
    }[kind]
    with told_what_to_put(name, folder, WANTED[kind]):
        return read()


@contextmanager
def told_what_to_put(name, folder, wanted=None):
    """Torchvision's words for data that are not there, in words that help.

    Parameters
    ----------
    name : str
        Of the data.

    folder : path-like

    wanted : str, default=None
        What has to be there; None takes it from `WANTED`.

    Raises
    ------
    FileNotFoundError
        In the place of torchvision's errors for files that are missing, or are
        something else.
    """
    try:
        yield
    except (FileNotFoundError, RuntimeError) as error:
        raise FileNotFoundError(
            f"The data of {name!r} are not whole in {str(folder)!r} ({error}). Put"
            f" there {wanted or WANTED[name]}."
        ) from error


def _chosen(classes_file):
    if classes_file is None:
        raise ValueError(
            "'imagenet100' wants classes_file=, a text file with 100 of ImageNet's"
            " classes, one in each line, which begins with the name of its folder."
        )
    lines = Path(classes_file).read_text(encoding="utf-8").splitlines()
    chosen = [line.split()[0] for line in lines if line.strip()]
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"classes_file={str(classes_file)!r} must name folders, each once; got"
            f" {len(chosen)} lines with {len(set(chosen))} names."
        )
    return chosen


def _read_folders(folder, chosen):
    from torchvision.datasets import ImageFolder

    from modal_clustermargin.datasets._chosen_folders import ChosenFolders

    if chosen is not None:
        train, test = (ChosenFolders(folder / part, chosen) for part in _PARTS)
    else:
        train, test = (ImageFolder(folder / part) for part in _PARTS)
    check_same_classes(train, test)
    return _together(train, test, train.targets, test.targets, len(train.classes))


def check_same_classes(train, test):
    """Raise ValueError if two ImageFolders have different folders."""
    if train.classes != test.classes:
        odd = sorted(set(train.classes) ^ set(test.classes))
        names = [Path(part.root).name for part in (train, test)]
        raise ValueError(
            f"{' and '.join(names)} in {str(Path(train.root).parent)!r} must have the"
            f" same folders, which are the classes; {len(odd)} are in one of them"
            f" alone, such as {odd[0]!r}."
        )


def _read_cifar(name, folder):
    from torchvision import datasets

    train, test = (getattr(datasets, name)(folder, train=t) for t in (True, False))
    return _together(train, test, train.targets, test.targets, len(train.classes))


def _read_pets(folder):
    from torchvision.datasets import OxfordIIITPet

    splits = ("trainval", "test")
    train, test = (OxfordIIITPet(folder, split) for split in splits)
    # In the order of the images; to have torchvision tell would decode them all.
    notes = folder / "oxford-iiit-pet" / "annotations"
    y, y_test = (
        np.loadtxt(notes / f"{split}.txt", int, usecols=1, ndmin=1) - 1
        for split in splits
    )
    return _together(train, test, y, y_test, len(train.classes))


def _together(train, test, y, y_test, n_classes):
    return ImageData(train + test, np.asarray(y), np.asarray(y_test), n_classes)
