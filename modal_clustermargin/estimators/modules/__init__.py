"""Torch networks, and functions that load their weights."""

from modal_clustermargin.estimators.modules._checkpoints import (
    LoadedWeights,
    load_checkpoint,
)
from modal_clustermargin.estimators.modules._mlp import MLP
from modal_clustermargin.estimators.modules._proxy_net import ProxyNet
from modal_clustermargin.estimators.modules._small_conv_net import SmallConvNet
from modal_clustermargin.estimators.modules._small_res_net import SmallResNet
from modal_clustermargin.estimators.modules._vision import (
    VGG16,
    ResNet18,
    ResNet50,
    ResNet101,
)
from modal_clustermargin.estimators.modules._wide_res_net import WideResNet28x8

__all__ = [
    "MLP",
    "VGG16",
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
