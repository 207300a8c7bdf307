"""The hidden layer that embed finds, and the head of a network."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn, optim

from modal_clustermargin.estimators import (
    MLP,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    SmallConvNet,
)


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
        with pytest.raises(ValueError, match="Layer 'idle' .* or did not run"):
            backwards.embed(blobs[0], layer="idle")

    def test_no_linear_layer(self, digits):
        X, y = digits
        net = NetworkClassifier(NoLinear, max_epochs=1).fit(X[:30], y[:30])
        with pytest.raises(ValueError, match=r"name another layer, one of: classify\."):
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


def weights_of(net, names=("features", "hidden")):
    state = net.module_.state_dict()
    return {k: v.clone() for k, v in state.items() if k.startswith(names)}


@pytest.fixture
def few_digits(digits):
    X, y = digits
    return X[:120], y[:120]


@pytest.fixture
def start():
    torch.manual_seed(3)
    return SmallConvNet(n_classes=10)


def test_probing_does_not_change_the_backbone(few_digits, start):
    before = {k: v.clone() for k, v in start.state_dict().items()}
    probed = NetworkClassifier(start, linear_probe=LinearProbe(), max_epochs=0)
    probed.fit(*few_digits)
    for name, part in probed.module_.state_dict().items():
        assert torch.equal(part, before[name]) == (not name.startswith("head"))
    # The user's instance, from which the next fit starts, did not change.
    assert torch.equal(start.head.weight, before["head.weight"])


def test_probing_is_logistic_regression_on_the_embedding(few_digits, start):
    X, y = few_digits
    probe = LinearProbe(max_epochs=800, optimizer__weight_decay=1e-2)
    net = NetworkClassifier(start, linear_probe=probe, max_epochs=0, random_state=0)
    embedded = net.fit(X, y).embed(X)
    # With an L2 penalty of half of the weight decay, but on the intercept too.
    with_ones = np.column_stack([embedded, np.ones(len(X))])
    C = 1 / (1e-2 * len(X))
    expected = LogisticRegression(C=C, fit_intercept=False, max_iter=2000)
    expected.fit(with_ones, y)
    np.testing.assert_allclose(
        net.predict_proba(X), expected.predict_proba(with_ones), atol=0.02
    )
    np.testing.assert_array_equal(
        net.linear_probe_.predict(embedded),
        np.searchsorted(net.classes_, net.predict(X)),
    )


def test_lp_ft_starts_from_the_probe_and_ft_from_the_initial_head(few_digits, start):
    X, y = few_digits
    common = {"lr": 1e-4, "max_epochs": 1, "random_state": 0}
    tuned = NetworkClassifier(start, **common).fit(X, y)
    both = NetworkClassifier(start, linear_probe=LinearProbe(), **common).fit(X, y)
    probed = NetworkClassifier(start, linear_probe=LinearProbe())
    probed.set_params(max_epochs=0, random_state=0).fit(X, y)
    head = {
        name: net.module_.head.weight.detach()
        for name, net in [("FT", tuned), ("LP-FT", both), ("LP", probed)]
    }
    torch.testing.assert_close(
        head["FT"], start.head.weight.detach(), atol=0.01, rtol=0
    )
    assert (head["LP-FT"] - head["LP"]).abs().mean() < 0.1 * (
        head["LP-FT"] - head["FT"]
    ).abs().mean()
    for net in (tuned, both):
        moved = weights_of(net)["hidden.weight"] - start.hidden.weight.detach()
        assert moved.abs().max() > 0
    # The head was trained first, so the first loss of fine-tuning is lower.
    assert both.history[0, "train_loss"] < 0.8 * tuned.history[0, "train_loss"]


def test_head_and_backbone_have_separate_rates(blobs):
    net = NetworkClassifier(
        MLP, optimizer=optim.SGD, lr=0.0, head_lr=0.1, max_epochs=2, random_state=0
    )
    before = NetworkClassifier(MLP, max_epochs=0, random_state=0).fit(*blobs)
    net.fit(*blobs)
    assert torch.equal(net.module_.hidden.weight, before.module_.hidden.weight)
    assert not torch.equal(net.module_.head.weight, before.module_.head.weight)
    rates = {group["lr"]: len(group["params"]) for group in net.optimizer_.param_groups}
    assert rates == {0.0: 2, 0.1: 2}
    net.partial_fit(*blobs)
    assert len(net.optimizer_.param_groups) == 2


def test_every_fit_starts_from_the_same_weights(few_digits, start):
    net = NetworkClassifier(
        start, linear_probe=LinearProbe(), max_epochs=2, random_state=0
    )
    first = net.fit(*few_digits).predict_proba(few_digits[0])
    np.testing.assert_array_equal(
        net.fit(*few_digits).predict_proba(few_digits[0]), first
    )


def test_no_head_to_probe(blobs):
    class Headless(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))

        def forward(self, X):
            return X * self.scale

    for arguments in ({"head_lr": 0.1}, {"linear_probe": LinearProbe()}):
        with pytest.raises(ValueError, match="no Linear layer ran"):
            NetworkClassifier(Headless, **arguments).fit(*blobs)


def test_a_probe_that_is_not_one_linear_layer(blobs):
    net = NetworkClassifier(MLP, linear_probe=ProxyClassifier(max_epochs=1))
    with pytest.raises(ValueError, match=r"one Linear layer.*ProxyNet does not"):
        net.fit(*blobs)


def test_arguments_of_a_partial_are_kept(blobs):
    net = NetworkClassifier(partial(MLP, n_classes=7, n_hidden=5), max_epochs=1)
    assert net.fit(*blobs).module_.head.out_features == 7
    with pytest.raises(ValueError, match=r"functools.partial.* needs n_features"):
        net.fit(blobs[0].reshape(90, 2, 2), blobs[1])
