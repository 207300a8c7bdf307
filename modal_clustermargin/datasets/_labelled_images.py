"""Images with any number of labels each, from tables such as those of Open Images."""

import csv
import os
import warnings
from array import array
from collections import defaultdict
from itertools import count
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
from scipy import sparse

from modal_clustermargin._unknown_names import nearest
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._dataset_info import (
    COUNT,
    OPEN_IMAGES_LICENCE,
    DataCard,
    DataOption,
)
from modal_clustermargin.datasets._stored_arrays import store_sparse_labels

_WHO = "load_data('labelled-images')"
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")

CARD = DataCard(
    name="labelled-images",
    what=(
        "Your images, with any number of labels each, from tables. Made for Open"
        " Images. Images are read when a network needs them; images without a line in"
        " a table are left out."
    ),
    size="any",
    licence=f"yours; of Open Images: {OPEN_IMAGES_LICENCE}",
    options={
        "images": DataOption("train", "folder of the pool's images", (str,)),
        "labels": DataOption("train.csv", "table of their labels", (str,)),
        "test_images": DataOption("test", "folder of images to test on", (str,)),
        "test_labels": DataOption("test.csv", "table of their labels", (str,)),
        "image_column": DataOption("ImageID", "column of images", (str,)),
        "label_column": DataOption("LabelName", "column of labels", (str,)),
        "min_images": DataOption(
            1, "labels with fewer images in the pool are left out", COUNT
        ),
    },
    needs=(
        "folders train and test with images, in subfolders or not, and tables train.csv"
        " and test.csv with a line for each label of an image: the name of the image"
        " without folder and suffix in column ImageID and the label in LabelName; in a"
        " column Confidence, 0 says that the image does not have the label. The"
        " annotations of Open Images are such tables. Labels are unpacked once, in the"
        " folder, with a byte for each image and label"
    ),
    needs_folder=True,
)


def read(random_state, folder, *, image_column, label_column, min_images, **paths):
    """Row numbers of images, with a column of 0 and 1 for each label."""
    paths = {name: Path(folder, path) for name, path in paths.items()}
    columns = image_column, label_column
    pool = _read_part(paths["images"], paths["labels"], columns)
    test = _read_part(paths["test_images"], paths["test_labels"], columns)
    n_images = np.asarray(pool.has_label.sum(axis=0)).ravel()
    names = sorted(
        name for name, i in pool.label_numbers.items() if n_images[i] >= min_images
    )
    if len(names) < 2:
        raise ValueError(
            f"{_WHO} needs at least two labels with {min_images} images in the pool;"
            f" {paths['labels']} has {len(names)} of {len(pool.label_numbers)}."
        )
    n_pool = len(pool.paths)
    rows = np.arange(n_pool + len(test.paths)).reshape(-1, 1)
    return DataSet(
        CARD.name,
        rows[:n_pool],
        _stored_labels(pool, names, folder),
        rows[n_pool:],
        _stored_labels(test, names, folder),
        np.arange(len(names)),
        images=ImageFiles([*pool.paths.values(), *test.paths.values()]),
    )


class ImageFiles:
    """A torch Dataset of image files: pairs of a PIL image in RGB and its number.

    Paths are bytes in one array, which needs a tenth of the memory of a list of strings
    and is not copied by processes that load images.
    """

    def __init__(self, paths):
        self._paths = np.array([os.fsencode(path) for path in paths])

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, number):
        """Image and number."""
        from modal_clustermargin._viewed_images import read_rgb

        path = Path(os.fsdecode(self._paths[number]))
        try:
            return read_rgb(path), number
        except OSError as error:
            raise OSError(
                f"{str(path)!r} cannot be read as an image ({error}). Replace the file,"
                " or remove it from the table of labels."
            ) from error


class _Part(NamedTuple):
    """Images of pool or test with a line in a table, and their labels."""

    table: Path
    paths: dict  # by the names of the images, which are sorted
    label_numbers: dict  # by the names of the labels
    has_label: sparse.csr_array  # the last column stands for other labels


def _read_part(folder, table, columns):
    if not table.is_file() or not folder.is_dir():
        missing = folder if table.is_file() else table
        raise FileNotFoundError(
            f"{_WHO} finds no {str(missing)!r}. Put into {str(folder.parent)!r}"
            f" {CARD.needs}."
        )
    image_numbers, label_numbers, has_label = _read_table(table, columns)
    paths = _find_images(folder, table, image_numbers)
    rows = [image_numbers[name] for name in paths]
    return _Part(table, paths, label_numbers, has_label[rows])


def _stored_labels(part, names, folder):
    """A memory map of 0 and 1 with a column for each label name."""
    columns = [part.label_numbers.get(name, -1) for name in names]
    settings = {"content": joblib.hash([list(part.paths), names])}
    labels = part.has_label[:, columns]
    return store_sparse_labels(labels, folder, part.table, settings)


def _read_table(table, columns):
    # Each new name gets the next number.
    image_numbers = defaultdict(count().__next__)
    label_numbers = defaultdict(count().__next__)
    rows, labels = array("q"), array("q")
    with table.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        header = next(lines, [])
        for column in columns:
            if column not in header:
                raise ValueError(
                    f"{_WHO} needs a column {column!r} in {str(table)!r}; it has"
                    f" {', '.join(map(repr, header)) or 'none'}."
                    f"{nearest(column, header)} The options image_column and"
                    " label_column name the columns."
                )
        for line in filter(None, lines):
            try:
                values = dict(zip(header, line, strict=True))
                is_true = float(values.get("Confidence", 1)) > 0
            except ValueError as error:
                raise ValueError(
                    f"{_WHO} cannot read line {lines.line_num} of {str(table)!r},"
                    f" {line!r} ({error})."
                ) from error
            image, label = (values[column] for column in columns)
            row = image_numbers[image]
            if is_true:
                rows.append(row)
                labels.append(label_numbers[label])
    shape = len(image_numbers), len(label_numbers) + 1
    ones = np.ones(len(rows), bool)
    # Repeated lines count once.
    has_label = sparse.csr_array((ones, (rows, labels)), shape=shape) > 0
    return image_numbers, label_numbers, has_label


def _find_images(folder, table, wanted):
    """Sorted paths by name of the images in a table; warns if some are missing."""
    found = {}
    for parent, _, files in os.walk(folder):
        for file in files:
            name, suffix = os.path.splitext(file)  # noqa: PTH122, faster than Path
            if suffix.lower() not in _SUFFIXES or name not in wanted:
                continue
            path = os.path.join(parent, file)  # noqa: PTH118
            if name in found:
                raise ValueError(
                    f"{_WHO} needs images with different names; {found[name]!r} and"
                    f" {path!r} have the same."
                )
            found[name] = path
    if not found:
        some = ", such as {!r}".format(*wanted) if wanted else ""
        raise ValueError(
            f"{_WHO} finds none of the {len(wanted)} images of {str(table)!r} in"
            f" {str(folder)!r}{some}. The table needs names without folder and suffix."
        )
    if len(found) < len(wanted):
        warnings.warn(
            f"{_WHO} leaves out {len(wanted) - len(found)} of the {len(wanted)} images"
            f" of {str(table)!r}, which are not in {str(folder)!r}.",
            UserWarning,
            stacklevel=5,
        )
    return dict(sorted(found.items()))
