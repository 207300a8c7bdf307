"""Torch networks, and functions that load their weights."""

from modal_clustermargin.estimators.modules._checkpoints import (
    LoadedWeights,
    load_checkpoint,
)
from modal_clustermargin.estimators.modules._res_nets import SmallResNet, WideResNet28x8
from modal_clustermargin.estimators.modules._small_nets import (
    MLP,
    LinearNet,
    ProxyNet,
    SmallConvNet,
)
from modal_clustermargin.estimators.modules._vision import (
    VGG16,
    ResNet18,
    ResNet50,
    ResNet101,
)

__all__ = [
    "MLP",
    "VGG16",
    "LinearNet",
    "LoadedWeights",
    "ProxyNet",
    "ResNet18",
    "ResNet50",
    "ResNet101",
    "SmallConvNet",
    "SmallResNet",
    "WideResNet28x8",
    "load_checkpoint",
]
