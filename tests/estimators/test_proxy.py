"""ProxyClassifier: the network, its settings and its schedule."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback

from modal_clustermargin.estimators import NetworkClassifier, ProxyClassifier


class Rates(Callback):
    """Keeps the learning rate of each training batch."""

    def initialize(self):
        self.seen = []

    def on_grad_computed(self, net, named_parameters, **kwargs):
        self.seen.append(net.optimizer_.param_groups[0]["lr"])


def test_the_network_and_its_settings_are_the_papers(blobs):
    proxy = ProxyClassifier(random_state=0).fit(*blobs)
    layers = [
        type(layer).__name__ for name, layer in proxy.module_.named_modules() if name
    ]
    assert layers == ["Linear", "BatchNorm1d", "Linear"]
    assert proxy.module_.hidden.out_features == 4
    assert proxy.module_.head.out_features == 3
    group = proxy.optimizer_.param_groups[0]
    assert isinstance(proxy.optimizer_, torch.optim.SGD)
    settings = {name: group[name] for name in ("lr", "momentum", "weight_decay")}
    assert settings == {"lr": 0.1, "momentum": 0.9, "weight_decay": 0}
    assert group["nesterov"]
    assert len(proxy.history) == 50
    assert proxy.score(*blobs) > 0.95


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("cosine", np.cos(7 * np.pi / 16 * np.arange(15) / 15)),
        ("step", [1] * 9 + [0.1] * 3 + [0.01] * 3),
        (lambda progress: 1 - progress, 1 - np.arange(15) / 15),
        (None, np.ones(15)),
    ],
)
def test_the_rate_falls_over_all_batches(blobs, schedule, factors):
    proxy = ProxyClassifier(max_epochs=5, batch_size=30, schedule=schedule)
    proxy.set_params(callbacks=[("rates", Rates())], random_state=0)
    proxy.fit(*blobs)
    rates = dict(proxy.callbacks_)["rates"].seen
    np.testing.assert_allclose(rates, 0.1 * np.asarray(factors))
    assert proxy.optimizer_.param_groups[0]["lr"] == 0.1


def test_a_schedule_that_there_is_not(blobs):
    with pytest.raises(
        ValueError, match="schedule='linear' is none of 'cosine', 'step'"
    ):
        NetworkClassifier(schedule="linear").fit(*blobs)


def test_embedding_is_what_the_head_sees(blobs):
    X, y = blobs
    proxy = ProxyClassifier(module__n_hidden=7, random_state=0).fit(X, y)
    net = proxy.module_.eval()
    with torch.no_grad():
        hidden = net.norm(net.hidden(torch.tensor(X, dtype=torch.float32))).relu()
    np.testing.assert_allclose(proxy.embed(X), hidden, atol=1e-5)


def test_is_cloned_with_every_setting(blobs):
    proxy = ProxyClassifier(lr=0.05, optimizer__nesterov=False, module__n_hidden=5)
    copy = clone(proxy).fit(*blobs)
    group = copy.optimizer_.param_groups[0]
    assert (group["nesterov"], group["lr"]) == (False, 0.05)
    assert copy.module_.hidden.out_features == 5
    with pytest.raises(ValueError, match="parameter"):
        proxy.set_params(n_hidden=3)
