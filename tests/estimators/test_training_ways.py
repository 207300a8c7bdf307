"""Fine-tuning, linear probing, and the one after the other."""

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
    RateSchedule,
    ResNet18,
    SmallConvNet,
    Steps,
    paper_settings,
)


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


def test_probing_leaves_the_backbone_as_it_was_to_the_bit(few_digits, start):
    before = {k: v.clone() for k, v in start.state_dict().items()}
    probed = NetworkClassifier(start, linear_probe=LinearProbe(), max_epochs=0)
    probed.fit(*few_digits)
    for name, part in probed.module_.state_dict().items():
        assert torch.equal(part, before[name]) == (not name.startswith("head"))
    # What the user gave is where the next fit begins.
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


def test_lp_ft_goes_on_from_the_probe_and_ft_from_the_start(few_digits, start):
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


def test_head_and_backbone_have_rates_of_their_own(blobs):
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


def test_every_fit_begins_from_the_same_weights(few_digits, start):
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


def test_batch_norm_and_a_single_sample(few_digits):
    X, y = few_digits
    with pytest.raises(ValueError, match=r"of one sample; got n_samples=1\. Label a"):
        ProxyClassifier().fit(X[:1].reshape(1, -1), y[:1])


def test_callbacks_that_are_none(blobs):
    with pytest.raises(ValueError, match="callbacks must be a list .*got 7"):
        NetworkClassifier(callbacks=7).fit(*blobs)


class TestPaperSettings:
    @pytest.mark.parametrize(
        ("name", "rates", "batch_size", "weight_decay", "n_epochs"),
        [
            ("asvp-imagenet", (0.01, 0.1), 128, 1e-4, 50),
            ("asvp-imagenet-proxy", (0.1, None), 2048, 0, 50),
            ("asvp-cifar10", (0.3, None), 128, 3e-4, 100),
            ("asvp-cifar10-proxy", (0.3, None), 128, 3e-4, 100),
            ("asvp-cifar10-long-lp-ft", (0.3, None), 128, 3e-4, 120),
            ("asvp-cifar10-lp-ft", (1e-4, 0.1), 256, 0, 40),
            ("asvp-cifar10-224", (0.1, None), 256, 0, 130),
            ("asvp-cifar100", (1e-3, None), 100, 3e-4, 200),
        ],
    )
    def test_numbers_of_the_public_code(
        self, name, rates, batch_size, weight_decay, n_epochs
    ):
        net = NetworkClassifier(MLP, **paper_settings(name))
        assert (net.lr, net.head_lr) == rates
        assert (net.batch_size, net.max_epochs) == (batch_size, n_epochs)
        arguments = net.get_params_for("optimizer")
        assert arguments["nesterov"]
        assert (arguments["momentum"], arguments["weight_decay"]) == (0.9, weight_decay)

    def test_rates_fall_after_epochs_60_and_80(self):
        for name in ("asvp-cifar10", "asvp-cifar10-long-lp-ft", "asvp-cifar10-224"):
            settings = paper_settings(name)
            schedule = RateSchedule(settings["schedule"]).initialize().factor_
            n_epochs = settings["max_epochs"]
            factors = [schedule(epoch / n_epochs) for epoch in (59, 60, 79, 80)]
            np.testing.assert_allclose(factors, [1, 0.1, 0.1, 0.01], err_msg=name)

    def test_the_proxy_of_imagenet_is_the_default(self):
        named = ProxyClassifier(**paper_settings("asvp-imagenet-proxy"))
        expected = ProxyClassifier(optimizer__weight_decay=0)
        assert named.get_params(deep=False) == expected.get_params(deep=False)

    def test_images_of_imagenet_are_cut_and_scaled(self):
        settings = paper_settings("asvp-imagenet") | {"max_epochs": 1}
        X = np.random.default_rng(0).integers(0, 256, (6, 3, 300, 280), np.uint8)
        net = NetworkClassifier(ResNet18, **settings, random_state=0)
        net.fit(X, np.arange(6) % 2)
        assert net.layout_.shape == (3, 224, 224)
        mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        grey = np.full((1, 3, 256, 256), 51, np.uint8)
        seen = settings["predict_transform"](torch.tensor(grey[0]))
        np.testing.assert_allclose(seen[:, 0, 0], (0.2 - mean) / std, rtol=1e-4)

    def test_a_probe_before(self, few_digits):
        settings = paper_settings("asvp-cifar10-lp-ft") | {"max_epochs": 2}
        net = NetworkClassifier(SmallConvNet, **settings).fit(*few_digits)
        assert (net.linear_probe_.lr, net.linear_probe_.max_epochs) == (10, 80)

    def test_no_such_name(self):
        with pytest.raises(ValueError, match="has no 'cifar'; it has 'asvp-imagenet'"):
            paper_settings("cifar")


def test_steps():
    rates = [Steps((0.25, 0.5), factor=0.5)(p) for p in (0, 0.24, 0.25, 0.5, 1)]
    assert rates == [1, 1, 0.5, 0.25, 0.25]


def test_a_probe_that_is_no_linear_layer(blobs):
    net = NetworkClassifier(MLP, linear_probe=ProxyClassifier(max_epochs=1))
    with pytest.raises(ValueError, match=r"one Linear layer.*ProxyNet is not"):
        net.fit(*blobs)


def test_arguments_of_a_partial_stand(blobs):
    net = NetworkClassifier(partial(MLP, n_classes=7, n_hidden=5), max_epochs=1)
    assert net.fit(*blobs).module_.head.out_features == 7
    with pytest.raises(ValueError, match=r"functools.partial.* needs n_features"):
        net.fit(blobs[0].reshape(90, 2, 2), blobs[1])
