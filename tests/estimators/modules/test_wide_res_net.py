"""The wide residual network and its checkpoints."""

import numpy as np
import pytest
import torch

from modal_clustermargin.estimators import NetworkClassifier, WideResNet28x8


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return WideResNet28x8(n_classes=5).eval()


def names_of_public_checkpoints():
    """The backbone's tensors, as written by the code of FixMatch for torch."""

    def norm(name):
        kinds = "weight bias running_mean running_var num_batches_tracked"
        return {f"{name}.{kind}" for kind in kinds.split()}

    names = {"conv1.weight"} | norm("bn1")
    for group in (1, 2, 3):
        names.add(f"block{group}.layer.0.convShortcut.weight")
        for block in range(4):
            place = f"block{group}.layer.{block}"
            names |= norm(f"{place}.bn1") | norm(f"{place}.bn2")
            names |= {f"{place}.conv1.weight", f"{place}.conv2.weight"}
    return names


def test_names_and_sizes(net):
    assert set(net.backbone.state_dict()) == names_of_public_checkpoints()
    n_weights = sum(part.numel() for part in net.backbone.parameters())
    assert 23.3e6 < n_weights < 23.5e6  # 23.4 million, as published
    n_layers = sum(isinstance(m, torch.nn.Conv2d) for m in net.modules())
    assert n_layers == 25 + 3  # and three on the ways around; the head makes 26
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 5)


def test_resolution_is_halved_twice(net):
    sizes = []
    hooks = [
        net.backbone.get_submodule(name).register_forward_hook(
            lambda *call: sizes.append(tuple(call[2].shape[1:]))
        )
        for name in ("conv1", "block1", "block2", "block3")
    ]
    net(torch.zeros(1, 3, 16, 16))
    for hook in hooks:
        hook.remove()
    assert sizes == [(16, 16, 16), (128, 16, 16), (256, 8, 8), (512, 4, 4)]


def test_only_the_first_widening_block_reads_its_norm(net):
    X = torch.rand(1, 3, 8, 8)
    before = net(X)
    for group, is_read in ((1, True), (2, False), (3, False)):
        weight = net.backbone.get_submodule(f"block{group}.layer.0.bn1").weight
        with torch.no_grad():
            weight *= 2
            assert torch.equal(net(X), before) != is_read
            weight /= 2


def test_a_checkpoint_of_simsiam(net, tmp_path):
    stored = {f"backbone.{k}": v for k, v in net.backbone.state_dict().items()}
    stored["projector.layer1.0.weight"] = torch.zeros(3, 3)
    torch.save({"epoch": 9, "state_dict": stored}, tmp_path / "simsiam.pth")
    X = np.random.default_rng(0).random((4, 3, 8, 8), np.float32)
    learned = NetworkClassifier(
        WideResNet28x8, module__weights=tmp_path / "simsiam.pth", max_epochs=0
    ).fit(X, [0, 1, 0, 1])
    assert len(learned.module_.loaded.matched) == len(net.backbone.state_dict())
    assert learned.module_.loaded.prefix == "backbone."
    expected = net.backbone(torch.tensor(X)).detach()
    np.testing.assert_allclose(learned.embed(X), expected, rtol=1e-4, atol=1e-5)


def test_no_such_file():
    with pytest.raises(ValueError, match="weights='nowhere.pth' is neither a file"):
        WideResNet28x8(2, weights="nowhere.pth")
