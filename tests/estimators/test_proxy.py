"""ProxyClassifier: the network, its settings and its schedule."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from modal_clustermargin.estimators import ProxyClassifier


def test_network_and_settings_are_those_of_the_paper(blobs):
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


def test_embedding_is_the_input_of_the_head(blobs):
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
