"""Arrays and embeddings of your own files."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from modal_clustermargin.datasets import _sparse_labels, load_data
from modal_clustermargin.datasets._held_out import held_out

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype(np.float32)
LABELS = RNG.permutation(np.arange(20) % 4)
COLUMNS = RNG.integers(0, 2, (20, 5)).astype(np.uint8)
STEMS = ("embeddings", "labels", "test_embeddings", "test_labels")


def written(folder, **arrays):
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {name: f"{name}.npy" for name in arrays}


# ---- held out ------------------------------------------------------------------


@given(n_rows=st.integers(2, 50), seed=st.integers(0, 99), data=st.data())
def test_each_row_is_in_one_part(n_rows, seed, data):
    n_test = data.draw(st.integers(1, n_rows - 1))
    pool, test = held_out(n_rows, n_test, seed)
    assert len(test) == n_test
    np.testing.assert_array_equal(np.sort([*pool, *test]), np.arange(n_rows))
    for part in (pool, test):
        assert (np.diff(part) > 0).all()


@pytest.mark.parametrize("test_size", [20, 0.01, 0.99])
def test_both_parts_need_a_row(test_size):
    with pytest.raises(ValueError, match=f"test_size={test_size} of 20 rows leaves"):
        held_out(20, test_size, 0)


# ---- arrays --------------------------------------------------------------------


@pytest.mark.parametrize("y", [LABELS, LABELS.astype(str), LABELS * 1.0, COLUMNS])
@pytest.mark.parametrize("is_packed", [True, False])
def test_a_share_is_held_out(y, is_packed, tmp_path):
    if is_packed:
        np.savez(tmp_path / "all.npz", X=X, y=y, unused=X)
        options = {"path": "all.npz"}
    else:
        options = written(tmp_path, X=X, y=y)
    data = load_data("arrays", folder=tmp_path, test_size=0.25, **options)
    pool, test = held_out(20, 5, 0)
    np.testing.assert_array_equal(data.X, X[pool])
    np.testing.assert_array_equal(data.y, y[pool])
    np.testing.assert_array_equal(data.X_test, X[test])
    np.testing.assert_array_equal(data.y_test, y[test])
    np.testing.assert_array_equal(
        data.classes, np.arange(5) if y.ndim == 2 else np.unique(y)
    )
    other = load_data("arrays", folder=tmp_path, random_state=1, **options)
    assert len(other.X_test) == 4
    assert not np.array_equal(other.X[:15], data.X)


def test_a_test_of_its_own_is_kept_and_its_classes_count(tmp_path):
    arrays = {
        "X": X[:12],
        "y": LABELS[:12] % 2,
        "X_test": X[12:],
        "y_test": LABELS[12:],
    }
    np.savez(tmp_path / "all.npz", **arrays)
    packed = load_data("arrays", path=str(tmp_path / "all.npz"))
    mapped = load_data("arrays", folder=tmp_path, **written(tmp_path, **arrays))
    for data in (packed, mapped):
        for name, array in arrays.items():
            np.testing.assert_array_equal(getattr(data, name), array)
        np.testing.assert_array_equal(data.classes, np.arange(4))
    for name in arrays:
        assert isinstance(getattr(mapped, name), np.memmap)
        assert not getattr(mapped, name).flags.writeable


PACKED = [
    ({"X": X}, "has no array 'y'; it has 'X'."),
    ({"x": X, "y": LABELS}, "no array 'X'; it has 'x', 'y'. .*savez\\(path, X=..., y"),
    ({"Xs": X, "y": LABELS}, "Did you mean 'Xs'?"),
    ({"X": X, "y": LABELS[:9]}, "as many rows in X as labels in y.* got 20 and 9."),
    ({"X": X[:0], "y": LABELS[:0]}, "and one at least; got 0 and 0."),
    ({"X": X, "y": LABELS, "X_test": X}, "has X_test without y_test. Give both"),
    ({"X": X, "y": LABELS, "y_test": X}, "has y_test without X_test. Give both"),
    (
        {"X": X, "y": LABELS, "X_test": X, "y_test": LABELS.astype(str)},
        "labels of one kind in y and y_test, numbers or strings; got int64 and <U21",
    ),
    (
        {"X": X, "y": LABELS, "X_test": X[:, :2], "y_test": LABELS},
        r"one shape in X and X_test; got \(3,\) and \(2,\).",
    ),
    (
        {"X": X, "y": COLUMNS, "X_test": X, "y_test": LABELS},
        r"one shape in y and y_test; got \(5,\) and \(\).",
    ),
    (
        {"X": X, "y": LABELS, "X_test": X, "y_test": LABELS[:7]},
        "as many rows in X_test as labels in y_test.* got 20 and 7.",
    ),
    ({"X": X, "y": X[:, 0]}, "y of shape .* whole numbers .* got float32 of shape"),
    ({"X": X, "y": LABELS[:, None]}, r"\(n_samples, n_classes\) .* shape \(20, 1\)."),
    ({"X": X, "y": COLUMNS + 1}, "columns of 0 and 1, .* got 2 in it."),
    ({"X": X[:, 0], "y": LABELS}, "X as an array of numbers .* of shape \\(20,\\)."),
    ({"X": X.astype(str), "y": LABELS}, "X as an array of numbers .* got <U"),
    ({"X": X.astype(object), "y": LABELS}, "Python objects are pickles, .*astype"),
    ({"X": X, "y": LABELS.astype(object)}, "Python objects are pickles, .*astype"),
]


@pytest.mark.parametrize(("arrays", "message"), PACKED)
def test_messages_of_packed_files(arrays, message, tmp_path):
    np.savez(tmp_path / "all.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load_data("arrays", folder=tmp_path, path="all.npz")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs path, of a .npz file, or both X and y, .* got none of them."),
        ({"X": "X.npy"}, "or both X and y, of .npy files; got X."),
        ({"path": "a.npz", "X": "X.npy"}, "takes either path, .* got path and X."),
        (
            {"X": "X.npy", "y": "y.npy", "y_test": "y.npy"},
            "has y_test without X_test.",
        ),
        ({"path": "X.npy"}, "path is for .npz files, .*X.npy' is none. Give .npy"),
        ({"X": "text", "y": "y.npy"}, "text', for X, is not a file of numpy.save."),
        ({"X": "pickle", "y": "y.npy"}, "pickle', for X, is not .* pickles and text"),
        ({"X": "object.npy", "y": "y.npy"}, "cannot read X .*objects.*are pickles"),
        ({"X": "cut.npy", "y": "y.npy"}, "cannot read X from .* Write it again."),
    ],
)
def test_messages_of_files(options, message, tmp_path):
    written(tmp_path, X=X, y=LABELS, object=X.astype(object))
    (tmp_path / "text").write_text("1 2 3")
    (tmp_path / "pickle").write_bytes(pickle.dumps(X))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "X.npy").read_bytes()[:-10])
    with pytest.raises(ValueError, match=message):
        load_data("arrays", folder=tmp_path, **options)


@pytest.mark.parametrize("options", [{"path": "no"}, {"X": "X.npy", "y": "no"}])
def test_files_that_are_not_there(options, tmp_path):
    written(tmp_path, X=X)
    with pytest.raises(FileNotFoundError, match="finds no file .*no'.* Put it there"):
        load_data("arrays", folder=tmp_path, **options)


# ---- embeddings ----------------------------------------------------------------


@pytest.mark.parametrize("y", [LABELS, COLUMNS])
def test_embeddings_are_memory_maps(y, tmp_path):
    arrays = dict(zip(STEMS, (X[:14], y[:14], X[14:], y[14:]), strict=True))
    written(tmp_path, **arrays)
    data = load_data("open-images", folder=tmp_path)
    found = (data.X, data.y, data.X_test, data.y_test)
    for array, expected in zip(found, arrays.values(), strict=True):
        assert isinstance(array, np.memmap)
        np.testing.assert_array_equal(array, expected)
    assert len(data.classes) == (5 if y.ndim == 2 else 4)
    assert data.thumbnails([0]) is None


def test_names_of_files_are_options(tmp_path):
    names = dict(zip(STEMS, ("a", "b", "c", "d"), strict=True))
    written(tmp_path, a=X, b=COLUMNS, c=X[:2], d=COLUMNS[:2])
    data = load_data("open-images", folder=tmp_path, **names)
    np.testing.assert_array_equal(data.y, COLUMNS)
    assert len(data.X_test) == 2


@pytest.mark.parametrize("block", [1, 12, 10**6])
def test_sparse_labels_are_unpacked_once(block, tmp_path, monkeypatch):
    monkeypatch.setattr(_sparse_labels, "_BLOCK", block)
    written(tmp_path, embeddings=X, test_embeddings=X, test_labels=COLUMNS)
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
        (sparse.csr_array(COLUMNS[:9]), "a row of .* for each embedding; got 9 for 20"),
        (sparse.csr_array(COLUMNS * 3), "needs labels of 0 and 1; .* has others."),
        (None, "labels.npz' is not a file of scipy.sparse.save_npz"),
    ],
)
def test_messages_of_sparse_labels(labels, message, tmp_path):
    written(tmp_path, embeddings=X, test_embeddings=X, test_labels=COLUMNS)
    if labels is None:
        np.savez(tmp_path / "labels.npz", y=LABELS)
    else:
        sparse.save_npz(tmp_path / "labels.npz", labels)
    with pytest.raises(ValueError, match=message):
        load_data("open-images", folder=tmp_path)


@pytest.mark.parametrize("missing", STEMS)
def test_a_missing_file_is_named(missing, tmp_path):
    arrays = dict(zip(STEMS, (X, COLUMNS, X, COLUMNS), strict=True))
    del arrays[missing]
    written(tmp_path, **arrays)
    with pytest.raises(FileNotFoundError, match=f"finds no file .*{missing}.npy' for"):
        load_data("open-images", folder=tmp_path)
