"""Errors of torch, explained."""

import numpy as np
import pytest
import torch
from skorch.dataset import ValidSplit

from modal_clustermargin.estimators import MLP, NetworkClassifier, ProxyClassifier


class Full(MLP):
    def forward(self, X):
        if len(X) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate ...")
        return super().forward(X)


def test_a_full_device(blobs):
    X, y = blobs
    net = NetworkClassifier(Full, max_epochs=1)
    with pytest.raises(MemoryError, match="for batch_size=32. Set batch_size=16 or"):
        net.fit(X, y)
    net.set_params(batch_size=16).fit(X, y)
    for method in (net.predict_proba, net.embed):
        with pytest.raises(MemoryError, match="for predict_batch_size=256"):
            method(X)


def test_a_full_device_in_validation(blobs):
    net = NetworkClassifier(Full, batch_size=8, train_split=ValidSplit(2))
    with pytest.raises(MemoryError, match="for predict_batch_size=256"):
        net.fit(*blobs)
    net.set_params(predict_batch_size=-1)
    with pytest.raises(MemoryError, match="for predict_batch_size=-1"):
        net.fit(*blobs)


def test_batch_norm_and_a_single_sample(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match=r"of one sample; got n_samples=1\. Label a"):
        ProxyClassifier().fit(X[:1], y[:1])


@pytest.mark.parametrize("columns", [False, True])
def test_training_that_diverged(columns, net, blobs):
    X, y = blobs
    net.set_params(lr=1e30).fit(X, np.eye(3)[y] if columns else y)
    with pytest.raises(ValueError, match=r"of every row: .* lr below 1e\+30, or"):
        net.predict(X)


def test_a_row_that_overflows(net, blobs):
    class Steep(MLP):
        def forward(self, X):
            return super().forward(X) * 1e20

    X, y = blobs
    large = X.copy()
    large[17] = 1e30
    net.set_params(module=Steep, max_epochs=0).fit(X, y)
    with pytest.raises(ValueError, match="of row 17 of X: its values overflow in"):
        net.predict(large)
