"""A module whose outputs do not fit the loss is refused at fit."""

import numpy as np
import pytest
import torch
from torch import nn

from modal_clustermargin.estimators import NetworkClassifier


class WithLast(nn.Module):
    """A linear layer, then a function; `only_eval` leaves it out in training."""

    def __init__(self, last, n_outputs=3, only_eval=False):
        super().__init__()
        self.layer = nn.Linear(4, n_outputs)
        self.last, self.only_eval = last, only_eval

    def forward(self, X):
        logits = self.layer(X)
        return logits if self.only_eval and self.training else self.last(logits)


def softmax(logits):
    return torch.softmax(logits, dim=1)


def log_softmax(logits):
    return torch.log_softmax(logits, dim=1)


def network(last, criterion=nn.CrossEntropyLoss, **of_module):
    parameters = {f"module__{name}": value for name, value in of_module.items()}
    return NetworkClassifier(
        WithLast,
        module__last=last,
        criterion=criterion,
        random_state=0,
        device="cpu",
        **parameters,
    )


@pytest.mark.parametrize("last", [log_softmax, nn.Identity()])
def test_nll_loss_needs_probabilities(last, blobs):
    with pytest.raises(ValueError, match=r"NLLLoss.* must return probabilities.*Leave"):
        network(last, nn.NLLLoss).fit(*blobs)


@pytest.mark.parametrize(
    ("last", "criterion"),
    [(softmax, nn.NLLLoss), (log_softmax, nn.CrossEntropyLoss)],
)
def test_pairs_that_fit(last, criterion, blobs):
    net = network(last, criterion).fit(*blobs)
    assert net.score(*blobs) > 0.9
    np.testing.assert_allclose(net.predict_proba(blobs[0]).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [{"last": softmax}, {"last": torch.sigmoid}, {"last": softmax, "n_outputs": 7}],
)
def test_no_second_softmax(settings, blobs):
    with pytest.raises(ValueError, match=r"CrossEntropyLoss needs logits.*Remove"):
        network(**settings).fit(*blobs)


def test_probabilities_in_evaluation_only(blobs):
    net = network(softmax, only_eval=True)
    with pytest.raises(ValueError, match=r"set predict_nonlinearity=None"):
        net.fit(*blobs)
    net.set_params(predict_nonlinearity=None).fit(*blobs)
    np.testing.assert_allclose(net.predict_proba(blobs[0]).sum(axis=1), 1, rtol=1e-5)
    assert net.predict_proba(blobs[0]).max() > 0.9


def test_another_loss_needs_a_nonlinearity(blobs):
    net = network(nn.Identity(), nn.MultiMarginLoss)
    with pytest.raises(ValueError, match=r"MultiMarginLoss.*Set predict_nonlinearity="):
        net.fit(*blobs)
    assert net.set_params(predict_nonlinearity=softmax).fit(*blobs).score(*blobs) > 0.9


class TestSeveralLabels:
    @pytest.fixture
    def labelled(self, blobs):
        X, y = blobs
        return X, np.eye(3, dtype=int)[y]

    def test_no_second_sigmoid(self, labelled):
        with pytest.raises(ValueError, match="BCEWithLogitsLoss needs logits"):
            network(torch.sigmoid).fit(*labelled)

    def test_probabilities_of_bce_loss_are_not_changed(self, labelled):
        X, y = labelled
        net = network(torch.sigmoid, nn.BCELoss).fit(X, y)
        outputs = net.module_(torch.tensor(X, dtype=torch.float32))
        np.testing.assert_allclose(net.predict_proba(X), outputs.detach(), rtol=1e-5)

    def test_bce_loss_needs_probabilities(self, labelled):
        with pytest.raises(ValueError, match="taken as probabilities"):
            network(nn.Identity(), nn.BCELoss).fit(*labelled)
