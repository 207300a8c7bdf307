"""The small networks of the package."""

import numpy as np
import pytest
import torch

from modal_clustermargin.estimators import (
    MLP,
    NetworkClassifier,
    SmallConvNet,
    SmallResNet,
)


@pytest.mark.parametrize("size", [8, 9, 16, 28, 32])
@pytest.mark.parametrize("in_channels", [1, 3])
def test_conv_net_takes_images_of_many_sizes(size, in_channels):
    net = SmallConvNet(n_classes=5, in_channels=in_channels, width=4)
    assert net(torch.zeros(2, in_channels, size, size)).shape == (2, 5)


def test_conv_net_adds_the_channel_axis():
    net = SmallConvNet(n_classes=5).eval()
    X = torch.rand(3, 8, 8)
    torch.testing.assert_close(net(X), net(X[:, None]))


@pytest.mark.parametrize("size", [8, 9, 24, 28, 64])
@pytest.mark.parametrize("in_channels", [1, 3])
@pytest.mark.parametrize("stride", [1, 2])
def test_res_net_takes_images_of_many_sizes(size, in_channels, stride):
    net = SmallResNet(5, in_channels=in_channels, width=4, n_blocks=2, stride=stride)
    assert net(torch.zeros(2, in_channels, size, size)).shape == (2, 5)


def test_res_net_adds_the_channel_axis():
    net = SmallResNet(n_classes=5).eval()
    X = torch.rand(3, 16, 16)
    torch.testing.assert_close(net(X), net(X[:, None]))


def test_res_net_embeds_the_pooled_features():
    X = np.random.RandomState(0).rand(20, 1, 16, 16).astype(np.float32)
    net = NetworkClassifier(SmallResNet, module__width=4, max_epochs=1, random_state=0)
    embedding = net.fit(X, np.arange(20) % 3).embed(X)
    pooled = net.module_.eval().backbone(torch.from_numpy(X)).mean(dim=(2, 3))
    np.testing.assert_allclose(embedding, pooled.detach(), rtol=1e-4, atol=1e-5)


def test_res_net_begins_from_a_checkpoint_of_other_classes(tmp_path):
    trained = SmallResNet(n_classes=7, width=4)
    torch.save(trained.state_dict(), tmp_path / "net.pt")
    net = SmallResNet(n_classes=3, width=4, weights=tmp_path / "net.pt")
    assert not net.loaded.missing
    assert net.loaded.unused == ("head.weight", "head.bias")
    for name, tensor in net.backbone.state_dict().items():
        assert torch.equal(tensor, trained.backbone.state_dict()[name])
    with pytest.raises(ValueError, match="is of another architecture"):
        SmallResNet(n_classes=3, width=8, weights=tmp_path / "net.pt")


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
