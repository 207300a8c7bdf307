"""Networks with a ``fit``, a ``predict_proba`` and an ``embed``.

`NetworkClassifier` turns a torch module into a scikit-learn classifier that
modAL can teach. `MLP` and `SmallConvNet` are two modules to start with.
"""

from modal_clustermargin.estimators._mlp import MLP
from modal_clustermargin.estimators._network_classifier import NetworkClassifier
from modal_clustermargin.estimators._small_conv_net import SmallConvNet

__all__ = ["MLP", "NetworkClassifier", "SmallConvNet"]
