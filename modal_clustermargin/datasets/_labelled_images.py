"""Images with any number of labels each, which a table has, as Open Images does."""

import csv
import hashlib
import warnings
from array import array
from numbers import Integral
from pathlib import Path

import numpy as np
from scipy import sparse

from modal_clustermargin._param_validation import Interval
from modal_clustermargin._unknown_names import nearest
from modal_clustermargin.datasets._cards import DataCard, DataOption
from modal_clustermargin.datasets._data_set import DataSet
from modal_clustermargin.datasets._image_files import ImageFiles, image_paths
from modal_clustermargin.datasets._sparse_labels import unpacked_labels

_WHO = "load_data('labelled-images')"
_NAME = (str,)

CARD = DataCard(
    name="labelled-images",
    what=(
        "Your images, with any number of labels each, which tables have. Made for Open"
        " Images. Images are read when a network asks for them; those that no table"
        " has are left out."
    ),
    size="any",
    licence=(
        "yours; of Open Images: annotations CC BY 4.0 by Google, images listed as CC BY"
        " 2.0 (https://storage.googleapis.com/openimages/web/index.html)"
    ),
    options={
        "images": DataOption("train", "folder of the pool's images", _NAME),
        "labels": DataOption("train.csv", "table of their labels", _NAME),
        "test_images": DataOption("test", "the same to test on", _NAME),
        "test_labels": DataOption("test.csv", "the same to test on", _NAME),
        "image_column": DataOption("ImageID", "column of images", _NAME),
        "label_column": DataOption("LabelName", "column of labels", _NAME),
        "min_images": DataOption(
            1,
            "labels with fewer images in the pool are left out",
            (Interval(Integral, 1, None, closed="left"),),
        ),
    },
    needs=(
        "folders train and test with images, in folders of their own or not, and tables"
        " train.csv and test.csv: a line for each label of an image, with the image's"
        " name without folder and ending in column ImageID and the label in LabelName;"
        " where there is a column Confidence, a 0 there says that the image has not"
        " the label. The annotations of Open Images are such tables. Labels are"
        " unpacked once, in the folder, at a byte for each image and label"
    ),
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
    if folder is None:
        raise ValueError(f"{_WHO} needs folder=, a folder with {CARD.needs}.")
    folder = Path(folder)
    columns = image_column, label_column
    pool = _Part(folder / images, folder / labels, columns)
    test = _Part(folder / test_images, folder / test_labels, columns)
    counts = pool.counts()
    names = sorted(name for name, count in counts.items() if count >= min_images)
    if len(names) < 2:
        raise ValueError(
            f"{_WHO} needs two labels or more that {min_images} images of the pool"
            f" have; {pool.table} has {len(names)} of {len(counts)}."
        )
    X = np.arange(len(pool.paths) + len(test.paths)).reshape(-1, 1)
    return DataSet(
        CARD.name,
        X[: len(pool.paths)],
        pool.columns_of(names, folder),
        X[len(pool.paths) :],
        test.columns_of(names, folder),
        np.arange(len(names)),
        images=ImageFiles(pool.paths + test.paths),
    )


class _Part:
    """Images of pool or test that a table has, and what it says of them.

    Attributes
    ----------
    table : Path

    paths : list of str
        Of images, sorted by their names.
    """

    def __init__(self, images, table, columns):
        self.table = table
        if not table.is_file() or not images.is_dir():
            missing = images if table.is_file() else table
            raise FileNotFoundError(
                f"{_WHO} finds no {str(missing)!r}. Put into {str(images.parent)!r}"
                f" {CARD.needs}."
            )
        self._number, self._label_number = {}, {}
        self._read(columns)
        found = {}
        for path in image_paths(images):
            name = Path(path).stem
            if name in self._number:
                if name in found:
                    raise ValueError(
                        f"{_WHO} needs images of different names; {found[name]!r} and"
                        f" {path!r} have one."
                    )
                found[name] = path
        n_missing = len(self._number) - len(found)
        if not found:
            some = ", such as {!r}".format(*self._number) if self._number else ""
            raise ValueError(
                f"{_WHO} finds none of the {len(self._number)} images of {str(table)!r}"
                f" in {str(images)!r}{some}. Images are named without folder and"
                " ending."
            )
        if n_missing:
            warnings.warn(
                f"{_WHO} leaves out {n_missing} of the {len(self._number)} images of"
                f" {str(table)!r}, which {str(images)!r} has not.",
                UserWarning,
                stacklevel=4,
            )
        self._names = sorted(found)
        self.paths = [found[name] for name in self._names]
        self._pairs = self._pairs[[self._number[name] for name in self._names]]

    def _read(self, columns):
        """Numbers of images and labels, and the pairs of them that belong together."""
        rows, labels = array("q"), array("q")
        with self.table.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            heads = next(lines, [])
            for column in columns:
                if column not in heads:
                    raise ValueError(
                        f"{_WHO} needs a column {column!r} in {str(self.table)!r}; it"
                        f" has {', '.join(map(repr, heads)) or 'none'}."
                        f"{nearest(column, heads)} Name it by the options image_column"
                        " and label_column."
                    )
            image, label = map(heads.index, columns)
            sure = heads.index("Confidence") if "Confidence" in heads else None
            for line in lines:
                if not line:
                    continue
                try:
                    is_there = sure is None or float(line[sure]) > 0
                    row = self._number.setdefault(line[image], len(self._number))
                    name = line[label]
                except (IndexError, ValueError) as error:
                    raise ValueError(
                        f"{_WHO} cannot read line {lines.line_num} of"
                        f" {str(self.table)!r}, {line!r} ({error})."
                    ) from error
                if is_there:
                    rows.append(row)
                    number = len(self._label_number)
                    labels.append(self._label_number.setdefault(name, number))
        shape = len(self._number), len(self._label_number)
        marks = np.ones(len(rows), bool)
        # A pair that several people have said counts once.
        self._pairs = sparse.csr_array((marks, (rows, labels)), shape=shape) > 0

    def counts(self):
        """Images of each label, by its name."""
        n_images = np.asarray(self._pairs.sum(axis=0)).ravel()
        return dict(zip(self._label_number, n_images.tolist(), strict=True))

    def columns_of(self, names, folder):
        """A memory map of 0 and 1, written once: a column for each name."""
        known = [i for i, name in enumerate(names) if name in self._label_number]
        numbers = [self._label_number[names[i]] for i in known]
        place = np.zeros((len(numbers), len(names)), bool)
        place[np.arange(len(known)), known] = True
        chosen = self._pairs[:, numbers] @ sparse.csr_array(place)
        images = hashlib.sha256("\n".join(self._names).encode(errors="surrogateescape"))
        settings = {"images": images.hexdigest(), "labels": names}
        return unpacked_labels(chosen, folder, self.table, settings)
