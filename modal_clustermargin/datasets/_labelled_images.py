"""Images with any number of labels each, from tables such as those of Open Images."""

import csv
import hashlib
import os
import warnings
from array import array
from collections import defaultdict
from itertools import count
from pathlib import Path

import numpy as np
from scipy import sparse

from modal_clustermargin._unknown_names import nearest
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._dataset_info import COUNT, DataCard, DataOption
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
    licence=(
        "yours; of Open Images: annotations CC BY 4.0 by Google, images listed as CC BY"
        " 2.0 (https://storage.googleapis.com/openimages/web/index.html)"
    ),
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


def read(
    random_state,
    folder,
    *,
    images,
    labels,
    test_images,
    test_labels,
    image_column,
    label_column,
    min_images,
):
    """Row numbers of images, with a column of 0 and 1 for each label."""
    folder = Path(folder)
    columns = image_column, label_column
    pool = _Part(folder / images, folder / labels, columns)
    test = _Part(folder / test_images, folder / test_labels, columns)
    counts = pool.counts()
    names = sorted(name for name, count in counts.items() if count >= min_images)
    if len(names) < 2:
        raise ValueError(
            f"{_WHO} needs at least two labels with {min_images} images in the pool;"
            f" {pool.table} has {len(names)} of {len(counts)}."
        )
    n_pool = len(pool.paths)
    rows = np.arange(n_pool + len(test.paths)).reshape(-1, 1)
    return DataSet(
        CARD.name,
        rows[:n_pool],
        pool.stored_labels(names, folder),
        rows[n_pool:],
        test.stored_labels(names, folder),
        np.arange(len(names)),
        images=ImageFiles(pool.paths + test.paths),
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
        from PIL import Image

        path = Path(os.fsdecode(self._paths[number]))
        try:
            with Image.open(path) as image:
                return image.convert("RGB"), number
        except OSError as error:
            raise OSError(
                f"{str(path)!r} cannot be read as an image ({error}). Replace the file,"
                " or remove it from the table of labels."
            ) from error


class _Part:
    """Images of pool or test with a line in a table, and their labels.

    `paths` are sorted by the names of the images.
    """

    def __init__(self, folder, table, columns):
        self.table = table
        if not table.is_file() or not folder.is_dir():
            missing = folder if table.is_file() else table
            raise FileNotFoundError(
                f"{_WHO} finds no {str(missing)!r}. Put into {str(folder.parent)!r}"
                f" {CARD.needs}."
            )
        # Each new name gets the next number.
        self._image_number = defaultdict(count().__next__)
        self._label_number = defaultdict(count().__next__)
        self._read_table(columns)
        paths = self._find_images(folder)
        self._names = sorted(paths)
        self.paths = [paths[name] for name in self._names]
        self._has_label = self._has_label[
            [self._image_number[name] for name in self._names]
        ]

    def _read_table(self, columns):
        rows, labels = array("q"), array("q")
        with self.table.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            for column in columns:
                if column not in header:
                    raise ValueError(
                        f"{_WHO} needs a column {column!r} in {str(self.table)!r}; it"
                        f" has {', '.join(map(repr, header)) or 'none'}."
                        f"{nearest(column, header)} The options image_column and"
                        " label_column name the columns."
                    )
            image, label = map(header.index, columns)
            confidence = header.index("Confidence") if "Confidence" in header else None
            for line in lines:
                if not line:
                    continue
                try:
                    is_true = confidence is None or float(line[confidence]) > 0
                    row, name = self._image_number[line[image]], line[label]
                except (IndexError, ValueError) as error:
                    raise ValueError(
                        f"{_WHO} cannot read line {lines.line_num} of"
                        f" {str(self.table)!r}, {line!r} ({error})."
                    ) from error
                if is_true:
                    rows.append(row)
                    labels.append(self._label_number[name])
        # The last column stands for labels that are not in the table.
        shape = len(self._image_number), len(self._label_number) + 1
        ones = np.ones(len(rows), bool)
        # Repeated lines count once.
        self._has_label = sparse.csr_array((ones, (rows, labels)), shape=shape) > 0

    def _find_images(self, folder):
        """Paths by name of the images in the table; warns if some are missing."""
        found = {}
        for parent, _, files in os.walk(folder):
            for file in files:
                name, suffix = os.path.splitext(file)  # noqa: PTH122, faster than Path
                if suffix.lower() not in _SUFFIXES or name not in self._image_number:
                    continue
                path = os.path.join(parent, file)  # noqa: PTH118
                if name in found:
                    raise ValueError(
                        f"{_WHO} needs images with different names; {found[name]!r}"
                        f" and {path!r} have the same."
                    )
                found[name] = path
        n_images = len(self._image_number)
        if not found:
            some = ", such as {!r}".format(*self._image_number) if n_images else ""
            raise ValueError(
                f"{_WHO} finds none of the {n_images} images of {str(self.table)!r} in"
                f" {str(folder)!r}{some}. The table needs names without folder and"
                " suffix."
            )
        if len(found) < n_images:
            warnings.warn(
                f"{_WHO} leaves out {n_images - len(found)} of the {n_images} images of"
                f" {str(self.table)!r}, which are not in {str(folder)!r}.",
                UserWarning,
                stacklevel=5,
            )
        return found

    def counts(self):
        """Number of images by label."""
        n_images = np.asarray(self._has_label.sum(axis=0)).ravel()
        return dict(zip(self._label_number, n_images.tolist(), strict=False))

    def stored_labels(self, names, folder):
        """A memory map of 0 and 1 with a column for each label name."""
        columns = [self._label_number.get(name, -1) for name in names]
        chosen = self._has_label[:, columns]
        images = hashlib.sha256("\n".join(self._names).encode(errors="surrogateescape"))
        settings = {"images": images.hexdigest(), "labels": names}
        return store_sparse_labels(chosen, folder, self.table, settings)
