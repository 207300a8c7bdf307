"""Embeddings with labels in files larger than memory, such as those of Open Images."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from modal_clustermargin.datasets._cards import DataCard, DataOption
from modal_clustermargin.datasets._checked_arrays import (
    checked_data_set,
    opened,
)
from modal_clustermargin.datasets._sparse_labels import unpacked_labels

_WHO = "load_data('open-images')"
_STEM = (str,)

CARD = DataCard(
    name="open-images",
    what=(
        "Embeddings of images that a network gave elsewhere, with any number of labels"
        " each, or one. Made for Open Images."
    ),
    size="any; files are memory maps and never read whole",
    licence=(
        "of Open Images: annotations CC BY 4.0 by Google, images listed as CC BY 2.0"
        " (https://storage.googleapis.com/openimages/web/index.html)"
    ),
    options={
        "embeddings": DataOption("embeddings", "name of the file, without .npy", _STEM),
        "labels": DataOption("labels", "the same of the labels", _STEM),
        "test_embeddings": DataOption("test_embeddings", "to test on", _STEM),
        "test_labels": DataOption("test_labels", "the same of the labels", _STEM),
    },
    needs=(
        "embeddings.npy of shape (n, d) and test_embeddings.npy; labels.npy and"
        " test_labels.npy, of shape (n, n_classes) with 0 and 1, or (n,). Labels may be"
        " labels.npz of scipy.sparse.save_npz, which is unpacked once, beside it, at a"
        " byte for each 0 or 1"
    ),
)


def read(random_state, folder, *, embeddings, labels, test_embeddings, test_labels):
    """Memory maps of a folder's files."""
    if folder is None:
        raise ValueError(f"{_WHO} needs folder=, a folder with {CARD.needs}.")
    folder = Path(folder)
    X = opened(folder / f"{embeddings}.npy", _WHO, "embeddings")
    X_test = opened(folder / f"{test_embeddings}.npy", _WHO, "test_embeddings")
    y = _labels(folder, labels, len(X))
    y_test = _labels(folder, test_labels, len(X_test))
    return checked_data_set(CARD.name, _WHO, X, y, X_test, y_test)


def _labels(folder, stem, n_rows):
    packed = folder / f"{stem}.npz"
    if not packed.is_file() or (folder / f"{stem}.npy").is_file():
        return opened(folder / f"{stem}.npy", _WHO, "labels, which may be .npz too")
    return _unpacked(packed, n_rows)


def _unpacked(path, n_rows):
    """A sparse matrix as a memory map of bytes, kept beside it."""
    from scipy import sparse

    try:
        packed = sparse.load_npz(path).tocsr()
    except (ValueError, KeyError, BadZipFile) as error:
        raise ValueError(
            f"{_WHO}: {str(path)!r} is not a file of scipy.sparse.save_npz ({error})."
        ) from error
    if packed.shape[0] != n_rows:
        raise ValueError(
            f"{_WHO} needs a row of {str(path)!r} for each embedding; got"
            f" {packed.shape[0]} for {n_rows}."
        )
    if not np.isin(packed.data, (0, 1)).all():
        raise ValueError(f"{_WHO} needs labels of 0 and 1; {str(path)!r} has others.")
    return unpacked_labels(packed, path.parent, path, {})
