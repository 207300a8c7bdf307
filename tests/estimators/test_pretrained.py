"""The untrained network, the classifier of its head, and its proxy."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from modal_clustermargin.estimators import (
    MLP,
    DeferredFit,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    SmallConvNet,
    SmallResNet,
)


class Scaled(MLP):
    """A network that changes the output of its last Linear layer."""

    def forward(self, X):
        return 3 * super().forward(X)


class Wide(MLP):
    """A network with more outputs than there are classes."""

    def __init__(self, n_features, n_classes):
        super().__init__(n_features, 10)


@pytest.mark.parametrize("as_X", [np.asarray, list, torch.tensor])
def test_untrained_embeds_with_the_initial_weights(digits, as_X):
    X, y = digits[0][:50], digits[1][:50]
    module = SmallConvNet(n_classes=10)
    net = NetworkClassifier(
        module, linear_probe=LinearProbe(), head_lr=0.1, max_epochs=2, random_state=0
    )
    with torch.no_grad():
        maps = module.eval().features(torch.tensor(X, dtype=torch.float32))
        expected = module.hidden(maps.flatten(1)).relu().numpy()
    untrained = net.untrained(as_X(X))
    np.testing.assert_allclose(untrained.embed(X), expected, rtol=1e-4, atol=1e-5)
    assert not net.initialized_
    trained = net.fit(X, y)
    assert not np.allclose(trained.embed(X), expected, atol=1e-3)
    # `untrained` does not depend on the trained weights.
    np.testing.assert_array_equal(net.untrained(X).embed(X), untrained.embed(X))


def test_untrained_knows_the_declared_classes(blobs):
    X, _ = blobs
    net = NetworkClassifier(MLP, classes=["a", "b", "c"], random_state=0)
    assert net.untrained(X).predict_proba(X).shape == (90, 3)
    data = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.zeros(90))
    np.testing.assert_array_equal(
        net.untrained(data).embed(X), net.untrained(X).embed(X)
    )


@pytest.mark.parametrize("module", [MLP, Wide, SmallConvNet, SmallResNet])
def test_the_head_classifier_returns_the_probabilities_of_the_network(digits, module):
    X, y = digits[0][:200], digits[1][:200] % 4
    X = X if module in (SmallConvNet, SmallResNet) else X.reshape(len(X), -1)
    net = NetworkClassifier(module, max_epochs=2, random_state=0).fit(X, y)
    head = net.head_classifier(X[:9])
    np.testing.assert_allclose(
        head.predict_proba(net.embed(X)), net.predict_proba(X), atol=1e-5
    )
    np.testing.assert_array_equal(head.classes_, net.classes_)
    np.testing.assert_array_equal(head.embed(net.embed(X)), net.embed(X))


def test_the_head_classifier_of_several_labels(blobs):
    X, y = blobs
    net = NetworkClassifier(MLP, max_epochs=2, random_state=0).fit(X, np.eye(3)[y])
    head = net.head_classifier(X[:9])
    np.testing.assert_allclose(
        head.predict_proba(net.embed(X)), net.predict_proba(X), atol=1e-6
    )


def test_no_head_classifier_if_the_module_changes_the_output(blobs):
    X, y = blobs
    net = NetworkClassifier(Scaled, max_epochs=2, random_state=0).fit(X, y)
    assert net.head_classifier(X[:9]) is None


def test_no_head_classifier_if_the_last_linear_layer_is_narrow(blobs):
    class Narrow(nn.Module):
        def __init__(self, n_features, n_classes):
            super().__init__()
            self.hidden = nn.Linear(n_features, n_classes - 1)

        def forward(self, X):
            hidden = self.hidden(X)
            return torch.cat([hidden, hidden.sum(dim=1, keepdim=True)], dim=1)

    X, y = blobs
    net = NetworkClassifier(Narrow, max_epochs=2, random_state=0).fit(X, y)
    assert net.head_classifier(X[:9]) is None


def test_a_proxy_has_the_classes_and_device_of_its_network():
    net = NetworkClassifier(MLP, classes=[3, 1], device="cpu")
    for each in (net, DeferredFit(net)):
        proxy = each.make_proxy()
        assert isinstance(proxy, ProxyClassifier)
        assert (proxy.classes, proxy.device) == ([3, 1], "cpu")


def test_a_deferred_network_is_not_trained_by_untrained(blobs):
    X, y = blobs
    net = NetworkClassifier(MLP, random_state=0)
    deferred = DeferredFit(net).fit(X, y)
    np.testing.assert_array_equal(
        deferred.untrained(X).embed(X), net.untrained(X).embed(X)
    )
    assert deferred.is_pending_
    assert deferred.training_data_[0] is X
    deferred.predict(X)
    assert deferred.training_data_[1] is y
