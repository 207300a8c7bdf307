"""Networks with a ``fit``, a ``predict_proba`` and an ``embed``.

`NetworkClassifier` turns a torch module into a scikit-learn classifier that modAL
can teach, `ProxyClassifier` is a small one for features computed beforehand, and
`DeferredFit` trains only when a prediction is needed.
"""

from modal_clustermargin.estimators._dataset_rows import DatasetRows
from modal_clustermargin.estimators._deferred_fit import DeferredFit
from modal_clustermargin.estimators._network_classifier import (
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
)
from modal_clustermargin.estimators._rate_schedule import RateSchedule, Steps
from modal_clustermargin.estimators.modules import (
    MLP,
    VGG16,
    LinearNet,
    LoadedWeights,
    ProxyNet,
    ResNet18,
    ResNet50,
    ResNet101,
    SmallConvNet,
    SmallResNet,
    WideResNet28x8,
    load_checkpoint,
)

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
