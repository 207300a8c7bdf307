"""The hidden layer that embed finds."""

import numpy as np
import pytest
import torch
from torch import nn

from modal_clustermargin.estimators import MLP, NetworkClassifier, SmallConvNet


class Backwards(nn.Module):
    """Runs its layers in another order than it registers them."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(6, 3)
        self.body = nn.Sequential(nn.Linear(4, 5), nn.ReLU(inplace=True))
        self.neck = nn.Linear(5, 6)
        self.idle = nn.Linear(2, 2)

    def forward(self, X):
        return self.head(self.neck(self.body(X)))


class NoLinear(nn.Module):
    """Computes the logits by convolution, without a Linear layer."""

    def __init__(self, n_classes):
        super().__init__()
        self.classify = nn.Conv2d(1, n_classes, 8)

    def forward(self, X):
        return self.classify(X).flatten(1)


class Odd(MLP):
    """Has layers that do not return one row per sample."""

    def __init__(self, n_features, n_classes):
        super().__init__(n_features, n_classes)
        self.total = nn.Flatten(0)
        self.pair = nn.GRU(4, 2, batch_first=True)
        self.listing = nn.Identity()

    def forward(self, X):
        self.total(X)
        self.pair(X[:, None])
        self.listing([X])
        return super().forward(X)


@pytest.fixture
def backwards(blobs):
    return NetworkClassifier(Backwards, max_epochs=2, random_state=0).fit(*blobs)


def test_is_the_input_of_the_last_linear_layer(backwards, blobs):
    X, _ = blobs
    hidden = backwards.embed(X)
    assert hidden.shape == (90, 6)
    assert hidden.dtype == np.float32
    logits = torch.from_numpy(hidden) @ backwards.module_.head.weight.T
    logits = logits + backwards.module_.head.bias
    expected = torch.softmax(logits, dim=1).detach()
    np.testing.assert_allclose(backwards.predict_proba(X), expected, rtol=1e-4)


def test_a_named_layer_gives_its_output_unchanged_by_later_layers(backwards, blobs):
    X, _ = blobs
    linear = backwards.embed(X, layer="body.0")
    assert linear.min() < 0
    np.testing.assert_array_equal(
        linear.clip(min=0), backwards.embed(X, layer="body.1")
    )


def test_batches_and_order(backwards, blobs):
    X, _ = blobs
    whole = backwards.embed(X)
    in_fours = backwards.set_params(predict_batch_size=4).embed(X)
    np.testing.assert_allclose(whole, in_fours, rtol=1e-4, atol=1e-6)


def test_maps_are_flattened(digits):
    X, y = digits
    net = NetworkClassifier(SmallConvNet, max_epochs=1).fit(X[:30], y[:30])
    assert net.embed(X[:7]).shape == (7, 64)
    assert net.embed(X[:7], layer="features").shape == (7, 32 * 4 * 4)


def test_dropout_is_off_and_training_can_go_on(blobs):
    X, y = blobs
    net = NetworkClassifier(MLP, module__dropout=0.5, max_epochs=1).fit(X, y)
    np.testing.assert_array_equal(net.embed(X), net.embed(X))
    net.partial_fit(X, y)
    assert net.module_.training


@pytest.mark.filterwarnings("ignore")  # torch's compiler warns of its own doings
@pytest.mark.parametrize("layer", [None, "hidden"])
def test_compiled_module(layer, net, blobs):
    X, y = blobs
    expected = net.fit(X, y).embed(X, layer=layer)
    net.set_params(compile=True, compile__backend="eager").fit(X, y)
    net.predict(X)
    np.testing.assert_allclose(net.embed(X, layer=layer), expected, rtol=1e-4)


def test_leaves_no_hook_behind(backwards, blobs):
    X, _ = blobs
    backwards.embed(X)
    with pytest.raises(ValueError, match="row 0"):
        backwards.embed(X * np.nan, layer="neck")
    for part in backwards.module_.modules():
        assert not part._forward_hooks
        assert not part._forward_pre_hooks


def test_first_item_of_a_tuple(blobs):
    net = NetworkClassifier(Odd, max_epochs=1).fit(*blobs)
    assert net.embed(blobs[0], layer="pair").shape == (90, 2)


class TestMessages:
    def test_misspelt_layer(self, backwards, blobs):
        message = r"no layer 'nekc'\. Did you mean 'neck'\? It has: head, body, body\.0"
        with pytest.raises(ValueError, match=message):
            backwards.embed(blobs[0], layer="nekc")

    def test_layer_unlike_any(self, backwards, blobs):
        with pytest.raises(ValueError, match=r"no layer 'xyz'\. It has: head"):
            backwards.embed(blobs[0], layer="xyz")

    def test_layer_that_does_not_run(self, backwards, blobs):
        with pytest.raises(ValueError, match="Layer 'idle' did not run"):
            backwards.embed(blobs[0], layer="idle")

    def test_no_linear_layer(self, digits):
        X, y = digits
        net = NetworkClassifier(NoLinear, max_epochs=1).fit(X[:30], y[:30])
        with pytest.raises(ValueError, match=r"Name a layer, one of: classify\."):
            net.embed(X)
        assert net.embed(X[:5], layer="classify").shape == (5, len(net.classes_))

    @pytest.mark.parametrize(
        ("layer", "found"), [("total", r"\[360\]"), ("listing", "list")]
    )
    def test_layer_without_one_row_per_sample(self, layer, found, blobs):
        net = NetworkClassifier(Odd, max_epochs=1).fit(*blobs)
        with pytest.raises(ValueError, match=f"'{layer}' .* 90 samples .*{found}"):
            net.embed(blobs[0], layer=layer)


@pytest.mark.parametrize("method", ["embed", "predict_proba"])
class TestOut:
    def test_rows_go_into_an_array_or_a_memory_map(self, net, blobs, method, tmp_path):
        X, y = blobs
        expected = getattr(net.fit(X, y), method)(X)
        mapped = np.lib.format.open_memmap(
            tmp_path / "out.npy", "w+", np.float16, expected.shape
        )
        assert getattr(net, method)(X, out=mapped) is mapped
        mapped.flush()
        stored = np.load(tmp_path / "out.npy")
        np.testing.assert_array_equal(stored, expected.astype(np.float16))

    @pytest.mark.parametrize(
        ("out", "what"),
        [
            (np.empty((90, 2), np.float32), r"got shape \(90, 2\) and float32"),
            (np.empty((90, 8), int), r"got shape \(90, 8\) and int64"),
            ([], "got list"),
        ],
    )
    def test_an_array_that_does_not_fit(self, net, blobs, method, out, what):
        X, y = blobs
        with pytest.raises(
            ValueError, match=rf"out must be an array of floats .*{what}"
        ):
            getattr(net.fit(X, y), method)(X, out=out)
