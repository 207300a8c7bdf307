"""Fine-tuning, linear probing, and linear probing before fine-tuning."""

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
