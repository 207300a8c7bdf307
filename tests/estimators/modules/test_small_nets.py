"""Small networks for rows and for small images."""

import pytest
import torch

from modal_clustermargin.estimators import MLP, SmallConvNet


@pytest.mark.parametrize("size", [8, 9, 16, 28, 32])
@pytest.mark.parametrize("in_channels", [1, 3])
def test_conv_net_takes_images_of_many_sizes(size, in_channels):
    net = SmallConvNet(n_classes=5, in_channels=in_channels, width=4)
    assert net(torch.zeros(2, in_channels, size, size)).shape == (2, 5)


def test_conv_net_adds_the_channel_axis():
    net = SmallConvNet(n_classes=5).eval()
    X = torch.rand(3, 8, 8)
    torch.testing.assert_close(net(X), net(X[:, None]))


def test_mlp_flattens():
    net = MLP(n_features=6, n_classes=2).eval()
    X = torch.rand(4, 6)
    torch.testing.assert_close(net(X), net(X.reshape(4, 2, 3)))


def test_mlp_drops_out_only_while_training():
    net = MLP(n_features=6, n_classes=2, dropout=0.9)
    X = torch.ones(1, 6)
    assert not torch.equal(net(X), net(X))
    net.eval()
    assert torch.equal(net(X), net(X))
