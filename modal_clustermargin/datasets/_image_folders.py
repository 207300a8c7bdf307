"""Images in a folder for each class, which stay on disk."""

from numbers import Integral
from pathlib import Path

import numpy as np

from modal_clustermargin._param_validation import Interval, RealNotInt
from modal_clustermargin.datasets._cards import DataCard, DataOption
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._held_out import held_out
from modal_clustermargin.datasets._image_data import (
    check_same_classes,
    told_what_to_put,
)

_WANTED = (
    "a folder of images for each class; or folders train and test (or val), each with"
    " a folder for each class"
)
TEST_SIZE = DataOption(
    0.2,
    "rows held out for the test, or their share, if there is none",
    (
        Interval(Integral, 1, None, closed="left"),
        Interval(RealNotInt, 0, 1, closed="neither"),
    ),
)
CARD = DataCard(
    name="image-folder",
    what=(
        "Your images, in a folder for each class. They are read when a network asks"
        " for them."
    ),
    size="any",
    licence="yours",
    options={"test_size": TEST_SIZE},
    needs=_WANTED,
)


def read(random_state, folder, *, test_size):
    """Row numbers of images, labelled by the names of their folders."""
    if folder is None:
        raise ValueError(
            f"load_data('image-folder') needs folder=, a folder in which there is"
            f" {_WANTED}."
        )
    folder = Path(folder)
    parts = _parts(folder)
    with told_what_to_put(CARD.name, folder, _WANTED):
        from torchvision.datasets import ImageFolder

        opened = [ImageFolder(part) for part in parts]
    classes = np.array(opened[0].classes)
    if len(classes) < 2:
        raise ValueError(
            "load_data('image-folder') needs folders of two classes or more in"
            f" {str(folder)!r}; got {', '.join(map(repr, opened[0].classes))} alone."
        )
    if len(opened) == 2:
        check_same_classes(*opened)
        images = opened[0] + opened[1]
        n_pool = len(opened[0])
        pool, test = np.arange(n_pool), np.arange(n_pool, len(images))
    else:
        images = opened[0]
        pool, test = held_out(len(images), test_size, random_state)
    labels = classes[np.concatenate([part.targets for part in opened])]
    X, X_test = (part.reshape(-1, 1).astype(np.int64) for part in (pool, test))
    return DataSet(
        CARD.name, X, labels[pool], X_test, labels[test], classes, images=images
    )


def _parts(folder):
    # A class may be called train, so that this alone does not tell.
    for test in ("test", "val"):
        parts = folder / "train", folder / test
        if all(part.is_dir() for part in parts):
            return parts
    return (folder,)
