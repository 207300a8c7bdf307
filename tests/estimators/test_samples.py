"""Valid and invalid forms of X."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from torch import nn

from modal_clustermargin.estimators import (
    MLP,
    NetworkClassifier,
    SmallConvNet,
    _samples,
)
from modal_clustermargin.estimators._samples import as_samples, read_rows


def memory_map(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


FORMS = {
    "float64": lambda X, _: X,
    "float16": lambda X, _: X.astype(np.float16),
    "uint8": lambda X, _: X.astype(np.uint8),
    "int64": lambda X, _: X.astype(np.int64),
    "object": lambda X, _: X.astype(object),
    "big-endian": lambda X, _: X.astype(">f8"),
    "fortran": lambda X, _: np.asfortranarray(X),
    "list": lambda X, _: X.tolist(),
    "tensor": lambda X, _: torch.tensor(X),
    "tensor with gradient": lambda X, _: torch.tensor(X, requires_grad=True),
    "memory map": memory_map,
    "frame": lambda X, _: pd.DataFrame(X, columns=list("abcd")),
    "frame, integer names": lambda X, _: pd.DataFrame(X),
    "frame, mixed names": lambda X, _: pd.DataFrame(X, columns=["a", 1, None, 2.5]),
    "frame, same names": lambda X, _: pd.DataFrame(X, columns=["a"] * 4),
    "frame, nullable": lambda X, _: pd.DataFrame(X).astype("Int64"),
}


@pytest.fixture
def whole(blobs):
    """Rows of small whole numbers, which every dtype holds exactly."""
    X, y = blobs
    return np.abs(X.round()), y


class TestForms:
    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    def test_every_form_gives_the_same_network(self, form, whole, net, tmp_path):
        X, y = whole
        expected = net.fit(X, y).predict_proba(X)
        other = form(X, tmp_path)
        net.fit(other, y)
        np.testing.assert_array_equal(net.predict_proba(other), expected)
        assert net.embed(other).dtype == np.float32

    def test_X_is_not_changed(self, blobs):
        X, y = blobs
        X = X.astype(np.float32)
        before = X.copy()
        meddler = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 3))
        net = NetworkClassifier(meddler, max_epochs=1).fit(X, y)
        net.predict_proba(X)
        net.predict_proba(torch.from_numpy(X))
        np.testing.assert_array_equal(X, before)

    @pytest.mark.parametrize("form", ["float64", "tensor", "memory map", "frame"])
    def test_X_is_not_copied_by_the_checks(self, form, whole, tmp_path):
        X = FORMS[form](whole[0], tmp_path)
        assert as_samples(X) is X

    def test_reads_a_batch_at_a_time(self, net, whole, monkeypatch):
        monkeypatch.setattr(_samples, "_CHECKED_NUMBERS", 100)
        rows_read = []

        class Watched(np.ndarray):
            def __getitem__(self, rows):
                block = super().__getitem__(rows)
                rows_read.append(len(block))
                return block

        X, y = whole
        net.set_params(predict_batch_size=16).fit(X, y)
        net.predict_proba(X.view(Watched))
        net.fit(X.view(Watched), y)
        assert 0 < max(rows_read) <= 32

    def test_images_without_a_channel_axis(self, digits):
        X, y = digits
        net = NetworkClassifier(SmallConvNet, max_epochs=1, random_state=0)
        with_axis = net.fit(X[:50], y[:50]).predict_proba(X)
        without = net.fit(X[:50, 0], y[:50]).predict_proba(X[:, 0])
        np.testing.assert_array_equal(with_axis, without)
        assert not hasattr(net, "n_features_in_")

    def test_rows_come_as_float32(self):
        assert read_rows(np.ones((3, 2), np.uint8), [0, 2]).dtype == torch.float32


def spoilt(value, row):
    X = np.zeros((90, 4))
    X[row, 2] = value
    return X


class TestMessages:
    @pytest.mark.parametrize(
        ("X", "message"),
        [
            (spoilt(np.nan, 70), "row 70"),
            (spoilt(np.inf, 0), "NaN, infinity or a value too large .* row 0"),
            (spoilt(1e300, 89), "too large for float32 in row 89"),
            (torch.tensor(spoilt(np.nan, 33)), "row 33"),
            (pd.DataFrame(spoilt(np.nan, 5)), "row 5"),
            (np.zeros((0, 4)), r"0 sample\(s\) \(shape=\(0, 4\)\)"),
            (np.zeros((90, 0)), r"0 feature\(s\)"),
            (np.zeros(90), r"got shape \(90,\)\. Reshape your data"),
            (np.zeros((90, 4), complex), "Complex data not supported"),
            (pd.DataFrame(np.zeros((90, 4), complex)), "Complex data not supported"),
        ],
    )
    def test_bad_values(self, X, message, net, blobs):
        good, y = blobs
        net.set_params(predict_batch_size=8)
        with pytest.raises(ValueError, match=message):
            net.fit(X, y[: len(X)])
        net.fit(good, y)
        for method in (net.predict_proba, net.embed):
            with pytest.raises(ValueError, match=message):
                method(X)

    def test_large_finite_values_pass(self, net, blobs):
        X = np.full((90, 4), 3e38, np.float32)
        net.fit(*blobs)
        assert net.embed(X).shape == (90, 8)

    @pytest.mark.parametrize(
        ("X", "message"),
        [
            (sparse.csr_array(np.eye(90, 4)), "sparse X: .* X.toarray"),
            (torch.eye(90, 4).to_sparse(), "sparse X"),
        ],
    )
    def test_bad_kinds(self, X, message, net, blobs):
        with pytest.raises(TypeError, match=message):
            net.fit(X, blobs[1])

    def test_other_number_of_features(self, net, blobs):
        X, y = blobs
        net.fit(X, y)
        with pytest.raises(ValueError, match=r"X has 3 features, .* expecting 4"):
            net.predict(X[:, :3])
        with pytest.raises(ValueError, match=r"X has 3 features, .* expecting 4"):
            net.partial_fit(X[:, :3], y)

    def test_other_shape_of_image(self, digits):
        X, y = digits
        net = NetworkClassifier(SmallConvNet, max_epochs=1).fit(X[:20], y[:20])
        with pytest.raises(ValueError, match=r"\(1, 4, 8\); .* \(1, 8, 8\)"):
            net.embed(X[:, :, ::2])

    def test_columns_in_another_order(self, net, blobs):
        X, y = blobs
        frame = pd.DataFrame(X, columns=list("abcd"))
        net.fit(frame, y)
        with pytest.raises(ValueError, match="column 0 of X is 'd'; at fit it was 'a'"):
            net.predict(frame[list("dbca")])
        net.predict(X)

    @pytest.mark.parametrize("name", ["batch_size", "predict_batch_size"])
    def test_batch_size_below_one(self, name, blobs):
        net = NetworkClassifier(MLP, **{name: 0})
        with pytest.raises(ValueError, match=f"^{name} must be at least 1,.*got 0"):
            net.fit(*blobs)
