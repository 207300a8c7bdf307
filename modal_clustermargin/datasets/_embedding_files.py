"""Embeddings with labels in files larger than memory, such as those of Open Images."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from modal_clustermargin.datasets._array_files import make_data_set, open_array
from modal_clustermargin.datasets._dataset_info import (
    OPEN_IMAGES_LICENCE,
    DataCard,
    DataOption,
)
from modal_clustermargin.datasets._stored_arrays import store_sparse_labels

_WHO = "load_data('open-images')"

CARD = DataCard(
    name="open-images",
    what=(
        "Embeddings of images that another program computed, with one or several labels"
        " each. Made for Open Images."
    ),
    size="any; files are memory maps",
    licence=f"of Open Images: {OPEN_IMAGES_LICENCE}",
    options={
        "embeddings": DataOption("embeddings", "file name without .npy", (str,)),
        "labels": DataOption("labels", "the same for labels", (str,)),
        "test_embeddings": DataOption("test_embeddings", "to test on", (str,)),
        "test_labels": DataOption("test_labels", "the same for labels", (str,)),
    },
    needs=(
        "embeddings.npy of shape (n, d) and test_embeddings.npy; labels.npy and"
        " test_labels.npy, of shape (n, n_classes) with 0 and 1, or (n,). Labels may be"
        " labels.npz of scipy.sparse.save_npz, which are unpacked once in the folder,"
        " with a byte for each 0 or 1"
    ),
    needs_folder=True,
)


def read(random_state, folder, *, embeddings, labels, test_embeddings, test_labels):
    """Open the files of a folder as memory maps."""
    arrays = []
    for rows, of_rows in ((embeddings, labels), (test_embeddings, test_labels)):
        path = Path(folder, f"{rows}.npy")
        arrays += [open_array(path, _WHO, "embeddings"), _open_labels(folder, of_rows)]
    return make_data_set(CARD.name, *arrays)


def _open_labels(folder, stem):
    from scipy import sparse

    path = Path(folder, f"{stem}.npz")
    if not path.is_file() or path.with_suffix(".npy").is_file():
        return open_array(path.with_suffix(".npy"), _WHO, "labels (.npy or .npz)")
    try:
        labels = sparse.load_npz(path).tocsr()
    except (ValueError, KeyError, BadZipFile) as error:
        raise ValueError(
            f"{_WHO} needs a file of scipy.sparse.save_npz; it cannot read"
            f" {str(path)!r} ({error})."
        ) from error
    if not np.isin(labels.data, (0, 1)).all():
        raise ValueError(
            f"{_WHO} needs labels of 0 and 1; {str(path)!r} has other values."
        )
    return store_sparse_labels(labels, folder, path, {})
