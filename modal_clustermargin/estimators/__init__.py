"""Networks with a ``fit``, a ``predict_proba`` and an ``embed``.

`NetworkClassifier` turns a torch module into a scikit-learn classifier that
modAL can teach; `ProxyClassifier` is one for features computed beforehand, and
`DeferredFit` puts training off until it is needed. The others are modules to
start with.
"""

from modal_clustermargin.estimators._dataset_rows import DatasetRows
from modal_clustermargin.estimators._deferred_fit import DeferredFit
from modal_clustermargin.estimators._linear_probe import LinearNet, LinearProbe
from modal_clustermargin.estimators._network_classifier import (
    NetworkClassifier,
    ProxyClassifier,
)
from modal_clustermargin.estimators._schedules import RateSchedule, Steps
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
    "DatasetRows",
    "DeferredFit",
    "LinearNet",
    "LinearProbe",
    "LoadedWeights",
    "NetworkClassifier",
    "ProxyClassifier",
    "ProxyNet",
    "RateSchedule",
    "ResNet18",
    "ResNet50",
    "ResNet101",
    "SmallConvNet",
    "SmallResNet",
    "Steps",
    "WideResNet28x8",
    "load_checkpoint",
]
