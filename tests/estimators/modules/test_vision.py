"""Networks of torchvision: shapes, embeddings, and weights from files."""

import argparse
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from modal_clustermargin.estimators import (
    MLP,
    VGG16,
    LinearNet,
    NetworkClassifier,
    ProxyNet,
    ResNet18,
    ResNet50,
    ResNet101,
    SmallConvNet,
    WideResNet28x8,
    load_checkpoint,
)

NETWORKS = [(VGG16, 512), (ResNet18, 512), (ResNet50, 2048), (ResNet101, 2048)]


@pytest.fixture(scope="module")
def images():
    """Four colour images of 32 x 32 and their labels."""
    rng = np.random.default_rng(0)
    return rng.random((4, 3, 32, 32), np.float32), np.arange(4) % 2


@pytest.fixture
def backbone():
    torch.manual_seed(1)
    return ResNet18(2).backbone


@pytest.mark.parametrize(("network", "n_embedding"), NETWORKS)
def test_logits_and_embedding(network, n_embedding):
    net = network(n_classes=5).eval()
    X = torch.rand(2, 3, 32, 32)
    assert net(X).shape == (2, 5)
    assert net.head.in_features == n_embedding


def rows_of_images(net):
    """A network that reads images from flat rows."""

    def make(n_classes):
        return net(n_features=3 * 32 * 32, n_classes=n_classes)

    return make


EVERY_NETWORK = {
    "VGG16, dropout": (partial(VGG16, batch_norm=True, dropout=0.5), "backbone.hidden"),
    "ResNet18": (partial(ResNet18, small_images=True), "backbone.layer1"),
    "ResNet50, projection": (partial(ResNet50, n_projection=9), "projection"),
    "SmallConvNet": (partial(SmallConvNet, in_channels=3), "features"),
    "MLP": (rows_of_images(MLP), "hidden"),
    "ProxyNet": (rows_of_images(ProxyNet), "norm"),
    "LinearNet": (
        lambda n_classes: nn.Sequential(
            nn.Flatten(), LinearNet(3 * 32 * 32, n_classes)
        ),
        "0",
    ),
}


@pytest.mark.parametrize(
    ("network", "layer"), EVERY_NETWORK.values(), ids=EVERY_NETWORK
)
def test_embed_is_what_a_hook_sees_in_train_and_after_reload(network, layer, images):
    X, y = images
    start = network(n_classes=2)
    net = NetworkClassifier(start, max_epochs=1, lr=1e-4, random_state=0).fit(X, y)
    module = net.module_
    head = [part for part in module.modules() if isinstance(part, nn.Linear)][-1]
    seen = {}
    hooks = [
        head.register_forward_pre_hook(lambda _, args: seen.update({None: args[0]})),
        module.get_submodule(layer).register_forward_hook(
            lambda *call: seen.update({layer: call[2].clone()})
        ),
    ]
    with torch.no_grad():
        module.eval()(torch.from_numpy(X))
    for hook in hooks:
        hook.remove()
    module.train()
    reloaded = NetworkClassifier(start, classes=[0, 1]).initialize()
    reloaded.module_.load_state_dict(module.state_dict())
    for name, expected in seen.items():
        embedded = net.embed(X, layer=name)
        np.testing.assert_allclose(embedded, expected.flatten(1), rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(reloaded.embed(X, layer=name), embedded)


def test_embed_after_a_pickle(images):
    X, y = images
    net = NetworkClassifier(ResNet18, max_epochs=0).fit(X, y)
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.embed(X), net.embed(X))


def test_small_images_keep_their_resolution():
    net = ResNet18(2, small_images=True).eval()
    sizes = []
    net.backbone.layer1.register_forward_hook(lambda *a: sizes.append(a[2].shape[2:]))
    net(torch.rand(1, 3, 32, 32))
    assert sizes == [(32, 32)]


def test_projection_is_the_embedding():
    net = ResNet18(2, n_projection=7)
    assert (net.projection.out_features, net.head.in_features) == (7, 7)


LAYOUTS = {
    "plain": lambda d: d,
    "MoCo": lambda d: {
        "state_dict": {
            **{f"module.encoder_k.{k}": torch.zeros_like(v) for k, v in d.items()},
            **{f"module.encoder_q.{k}": v for k, v in d.items()},
            "module.queue": torch.zeros(3),
        }
    },
    "BYOL-EMAN": lambda d: {
        "state_dict": {
            **{f"module.main.backbone.{k}": -v for k, v in d.items()},
            **{f"module.ema.backbone.{k}": v for k, v in d.items()},
        }
    },
    "SimSiam": lambda d: {
        "epoch": 3,
        "state_dict": {f"module.encoder.{k}": v for k, v in d.items()},
    },
    "DINO": lambda d: {
        "student": {f"module.backbone.{k}": -v for k, v in d.items()},
        "teacher": {f"backbone.{k}": v for k, v in d.items()},
        "args": argparse.Namespace(arch="resnet18"),
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_checkpoints_of_self_supervised_training(layout, backbone, tmp_path):
    stored = {name: part.float() for name, part in backbone.state_dict().items()}
    torch.save(LAYOUTS[layout](stored), tmp_path / "weights.pth")
    net = ResNet18(3, weights=tmp_path / "weights.pth")
    for name, part in net.backbone.state_dict().items():
        np.testing.assert_array_equal(part, stored[name])
    assert len(net.loaded.matched) == len(stored)
    assert not net.loaded.missing
    assert "tensors matched under the prefix" in str(net.loaded)


def test_vgg_takes_the_convolutions_of_a_whole_network(tmp_path):
    torch.manual_seed(2)
    features = VGG16(2, batch_norm=True).backbone.features
    stored = {f"features.{k}": v for k, v in features.state_dict().items()}
    stored["classifier.0.weight"] = torch.zeros(4, 4)
    torch.save(stored, tmp_path / "vgg.pth")
    net = VGG16(5, weights=str(tmp_path / "vgg.pth"), batch_norm=True)
    torch.testing.assert_close(
        net.backbone.features.state_dict(), features.state_dict()
    )
    assert net.loaded.unused == ("classifier.0.weight",)


class TestMessages:
    def test_another_architecture(self, backbone, tmp_path):
        torch.save(backbone.state_dict(), tmp_path / "18.pth")
        with pytest.raises(
            ValueError, match=r"18.pth is of another arch.* there and .* here"
        ):
            ResNet50(2, weights=tmp_path / "18.pth")

    def test_nothing_that_matches(self, tmp_path):
        torch.save({"a": torch.zeros(1), "b": torch.zeros(1)}, tmp_path / "other.pth")
        with pytest.raises(ValueError, match=r"has 0 of the .* tensors .*with a, b"):
            ResNet18(2, weights=tmp_path / "other.pth")

    def test_a_wrong_prefix(self, backbone, tmp_path):
        torch.save(backbone.state_dict(), tmp_path / "18.pth")
        with pytest.raises(
            ValueError, match=r"has 0 of .* under the prefix 'encoder.'"
        ):
            load_checkpoint(backbone, tmp_path / "18.pth", prefix="encoder.")

    def test_neither_file_nor_name(self):
        with pytest.raises(
            ValueError, match="weights='IMAGENET9' is neither a file nor"
        ):
            ResNet18(2, weights="IMAGENET9")

    def test_a_file_that_would_run_code(self, tmp_path):
        torch.save({"state_dict": print}, tmp_path / "code.pth")
        with pytest.raises(ValueError, match="cannot be read without running code"):
            ResNet18(2, weights=tmp_path / "code.pth")

    def test_no_tensors(self, tmp_path):
        torch.save({"epoch": 3}, tmp_path / "empty.pth")
        with pytest.raises(ValueError, match="holds no named tensors"):
            ResNet18(2, weights=tmp_path / "empty.pth")

    @pytest.mark.parametrize("shape", [(1, 32, 32), (32, 32, 3), (32, 32), (3072,)])
    @pytest.mark.parametrize("network", [VGG16, ResNet18, WideResNet28x8])
    def test_images_of_another_shape(self, network, shape):
        net = NetworkClassifier(network)
        message = "cannot read samples .*channels first, repeat grey images over three"
        with pytest.raises(ValueError, match=message):
            net.fit(np.zeros((3, *shape), np.float32), [0, 1, 0])
