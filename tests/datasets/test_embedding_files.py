import numpy as np
import pytest
from scipy import sparse

from modal_clustermargin.datasets import _stored_arrays, load_data
from tests.datasets.make_arrays import COLUMNS, LABELS, X, write_arrays

STEMS = ("embeddings", "labels", "test_embeddings", "test_labels")


@pytest.mark.parametrize("y", [LABELS, COLUMNS])
def test_embeddings_are_memory_maps(y, tmp_path):
    arrays = dict(zip(STEMS, (X[:14], y[:14], X[14:], y[14:]), strict=True))
    write_arrays(tmp_path, **arrays)
    data = load_data("open-images", folder=tmp_path)
    found = (data.X, data.y, data.X_test, data.y_test)
    for array, expected in zip(found, arrays.values(), strict=True):
        assert isinstance(array, np.memmap)
        np.testing.assert_array_equal(array, expected)
    assert len(data.classes) == (5 if y.ndim == 2 else 4)
    assert data.thumbnails([0]) is None


def test_names_of_files_are_options(tmp_path):
    names = dict(zip(STEMS, ("a", "b", "c", "d"), strict=True))
    write_arrays(tmp_path, a=X, b=COLUMNS, c=X[:2], d=COLUMNS[:2])
    data = load_data("open-images", folder=tmp_path, **names)
    np.testing.assert_array_equal(data.y, COLUMNS)
    assert len(data.X_test) == 2


@pytest.mark.parametrize("block", [1, 12, 10**6])
def test_sparse_labels_are_unpacked_once(block, tmp_path, monkeypatch):
    monkeypatch.setattr(_stored_arrays, "_BLOCK", block)
    write_arrays(tmp_path, embeddings=X, test_embeddings=X, test_labels=COLUMNS)
    labels = tmp_path / "labels.npz"
    sparse.save_npz(labels, sparse.csc_array(COLUMNS * 1.0), compressed=False)
    first, again = (load_data("open-images", folder=tmp_path) for _ in "ab")
    np.testing.assert_array_equal(first.y, COLUMNS)
    assert isinstance(first.y, np.memmap)
    assert (first.y.dtype, again.y.filename) == (np.uint8, first.y.filename)
    # A file of the same size, with other labels.
    n_bytes, other = labels.stat().st_size, COLUMNS[::-1]
    sparse.save_npz(labels, sparse.csc_array(other * 1.0), compressed=False)
    assert labels.stat().st_size == n_bytes
    np.testing.assert_array_equal(load_data("open-images", folder=tmp_path).y, other)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            sparse.csr_array(COLUMNS[:9]),
            "rows in X as labels in y, .* got 20 and 9",
        ),
        (
            sparse.csr_array(COLUMNS * 3),
            "labels of 0 and 1; .* has other values.",
        ),
        (None, "file of scipy.sparse.save_npz; .* cannot read .*labels.npz'"),
    ],
)
def test_messages_of_sparse_labels(labels, message, tmp_path):
    write_arrays(tmp_path, embeddings=X, test_embeddings=X, test_labels=COLUMNS)
    if labels is None:
        np.savez(tmp_path / "labels.npz", y=LABELS)
    else:
        sparse.save_npz(tmp_path / "labels.npz", labels)
    with pytest.raises(ValueError, match=message):
        load_data("open-images", folder=tmp_path)


@pytest.mark.parametrize("missing", STEMS)
def test_message_names_a_missing_file(missing, tmp_path):
    arrays = dict(zip(STEMS, (X, COLUMNS, X, COLUMNS), strict=True))
    del arrays[missing]
    write_arrays(tmp_path, **arrays)
    with pytest.raises(FileNotFoundError, match=f"finds no file .*{missing}.npy' for"):
        load_data("open-images", folder=tmp_path)
