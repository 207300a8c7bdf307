"""Images in a folder for each class, which stay on disk."""

from pathlib import Path

import numpy as np

from modal_clustermargin.datasets._data_set import DataSet, held_out
from modal_clustermargin.datasets._dataset_info import TEST_SIZE, DataCard
from modal_clustermargin.datasets._torchvision_arrays import explain_missing_files

_WHO = "load_data('image-folder')"

CARD = DataCard(
    name="image-folder",
    what=(
        "Your images, in a folder for each class. They are read when a network needs"
        " them."
    ),
    size="any",
    licence="yours",
    options={"test_size": TEST_SIZE},
    needs=(
        "a folder of images for each class; or folders train and test (or val), each"
        " with a folder for each class"
    ),
    needs_folder=True,
)


def read(random_state, folder, *, test_size):
    """Find the images, labelled by the names of their folders."""
    from torchvision.datasets import ImageFolder

    from modal_clustermargin._viewed_images import read_rgb

    folder = Path(folder)
    with explain_missing_files(CARD, folder):
        parts = [ImageFolder(part, loader=read_rgb) for part in _parts(folder)]
    names = parts[0].classes
    if len(names) < 2:
        raise ValueError(
            f"{_WHO} needs at least two folders of images, one for each class, in"
            f" {str(folder)!r}; got {', '.join(map(repr, names))}."
        )
    images = parts[0]
    if len(parts) == 2:
        different = sorted(set(names) ^ set(parts[1].classes))
        if different:
            raise ValueError(
                f"{_WHO} needs the same folders, one for each class, in"
                f" {' and '.join(repr(str(part.root)) for part in parts)};"
                f" {len(different)} are in only one of them, such as {different[0]!r}."
            )
        images = parts[0] + parts[1]
        pool, test = np.split(np.arange(len(images)), [len(parts[0])])
    else:
        pool, test = held_out(len(images), test_size, random_state)
    classes = np.array(names)
    labels = classes[np.concatenate([part.targets for part in parts])]
    X, X_test = (rows.reshape(-1, 1).astype(np.int64) for rows in (pool, test))
    return DataSet(
        CARD.name, X, labels[pool], X_test, labels[test], classes, images=images
    )


def _parts(folder):
    """Folders of pool and test, or a single folder of both."""
    # A class may have the name train, so both folders must exist.
    for test in ("test", "val"):
        parts = folder / "train", folder / test
        if all(part.is_dir() for part in parts):
            return parts
    return (folder,)
