import pickle

import numpy as np
import pytest

from modal_clustermargin.datasets import load_data
from modal_clustermargin.datasets._data_set import held_out
from tests.datasets.make_arrays import COLUMNS, LABELS, X, write_arrays


@pytest.mark.parametrize("y", [LABELS, LABELS.astype(str), LABELS * 1.0, COLUMNS])
@pytest.mark.parametrize("is_packed", [True, False])
def test_a_share_is_held_out(y, is_packed, tmp_path):
    if is_packed:
        np.savez(tmp_path / "all.npz", X=X, y=y, unused=X)
        options = {"path": "all.npz"}
    else:
        options = write_arrays(tmp_path, X=X, y=y)
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


def test_given_test_is_kept_and_its_classes_count(tmp_path):
    arrays = {
        "X": X[:12],
        "y": LABELS[:12] % 2,
        "X_test": X[12:],
        "y_test": LABELS[12:],
    }
    np.savez(tmp_path / "all.npz", **arrays)
    packed = load_data("arrays", path=str(tmp_path / "all.npz"))
    mapped = load_data("arrays", folder=tmp_path, **write_arrays(tmp_path, **arrays))
    for data in (packed, mapped):
        for name, array in arrays.items():
            np.testing.assert_array_equal(getattr(data, name), array)
        np.testing.assert_array_equal(data.classes, np.arange(4))
    for name in arrays:
        assert isinstance(getattr(mapped, name), np.memmap)
        assert not getattr(mapped, name).flags.writeable


PACKED = [
    ({"X": X}, "needs an array 'y' in .*; it has 'X'."),
    ({"x": X, "y": LABELS}, "array 'X' in .*savez\\(path, X=.*\\) .* has 'x', 'y'."),
    ({"Xs": X, "y": LABELS}, "Did you mean 'Xs'?"),
    ({"X": X, "y": LABELS[:9]}, "as many rows in X as labels in y.* got 20 and 9."),
    ({"X": X[:0], "y": LABELS[:0]}, "and at least one; got 0 and 0."),
    ({"X": X, "y": LABELS, "X_test": X}, "both X_test and y_test.*; got X, y, X_test"),
    ({"X": X, "y": LABELS, "y_test": X}, "both X_test and y_test.*; got X, y, y_test"),
    (
        {"X": X, "y": LABELS, "X_test": X, "y_test": LABELS.astype(str)},
        "labels of one kind in y and y_test, numbers or strings; got int64 and <U21",
    ),
    (
        {"X": X, "y": LABELS, "X_test": X[:, :2], "y_test": LABELS},
        r"the same shape in X and X_test; got \(3,\) and \(2,\).",
    ),
    (
        {"X": X, "y": COLUMNS, "X_test": X, "y_test": LABELS},
        r"the same shape in y and y_test; got \(5,\) and \(\).",
    ),
    (
        {"X": X, "y": LABELS, "X_test": X, "y_test": LABELS[:7]},
        "as many rows in X_test as labels in y_test.* got 20 and 7.",
    ),
    ({"X": X, "y": X[:, 0]}, "y of shape .* integers .* got float32 of shape"),
    ({"X": X, "y": LABELS[:, None]}, r"\(n_samples, n_classes\) .* shape \(20, 1\)."),
    ({"X": X, "y": COLUMNS + 1}, "columns of 0 and 1, .* got 2\\."),
    ({"X": X[:, 0], "y": LABELS}, "X as an array of numbers .* of shape \\(20,\\)."),
    ({"X": X.astype(str), "y": LABELS}, "X as an array of numbers .* got <U"),
    ({"X": X.astype(object), "y": LABELS}, "cannot read path .* objects are pickles"),
    ({"X": np.where(X[7, 1] == X, np.nan, X), "y": LABELS}, "in X; row 7 has NaN or"),
    ({"X": X, "y": LABELS, "X_test": X * np.inf, "y_test": LABELS}, "X_test; row 0"),
    ({"X": X, "y": np.full(20, np.nan)}, "finite numbers in y; row 0"),
]


@pytest.mark.parametrize(("arrays", "message"), PACKED)
def test_messages_of_packed_files(arrays, message, tmp_path):
    np.savez(tmp_path / "all.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load_data("arrays", folder=tmp_path, path="all.npz")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs either path, a .npz file, or both X and y, .* got none of them."),
        ({"X": "X.npy"}, "or both X and y, .npy files; got X."),
        ({"path": "a.npz", "X": "X.npy"}, "needs either path, .* got path, X."),
        ({"path": "X.npy"}, "X.npy' .File is not a zip file.. .* numpy.savez: n"),
        ({"X": "text", "y": "y.npy"}, "cannot read X .*text' .* with numpy.save:"),
        ({"X": "X.npy", "y": "pickle"}, "cannot read y .*pickle' .* with numpy.save"),
        ({"X": "object.npy", "y": "y.npy"}, "cannot read X .*objects.*are pickles"),
        ({"X": "cut.npy", "y": "y.npy"}, "cannot read X .* greater than file size"),
        ({"X": "nan.npy", "y": "y.npy"}, "finite numbers in X; row 0"),
    ],
)
def test_messages_of_files(options, message, tmp_path):
    write_arrays(tmp_path, X=X, y=LABELS, object=X.astype(object), nan=X * np.nan)
    (tmp_path / "text").write_text("1 2 3")
    (tmp_path / "pickle").write_bytes(pickle.dumps(X))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "X.npy").read_bytes()[:-10])
    with pytest.raises(ValueError, match=message):
        load_data("arrays", folder=tmp_path, **options)


@pytest.mark.parametrize("options", [{"path": "no"}, {"X": "X.npy", "y": "no"}])
def test_missing_files(options, tmp_path):
    write_arrays(tmp_path, X=X)
    with pytest.raises(FileNotFoundError, match="finds no file .*no'.* Write it with"):
        load_data("arrays", folder=tmp_path, **options)
