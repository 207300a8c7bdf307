"""The strategies as those of scikit-activeml: the same picks by its interface.

Needs ``pip install "modal-clustermargin[skactiveml]"``.
"""

try:
    import skactiveml  # noqa: F401 the rest of the package needs it
except ImportError as error:
    raise ImportError(
        "modal_clustermargin.skactiveml needs scikit-activeml. Install it with"
        ' `pip install "modal-clustermargin[skactiveml]"`;'
        " modal_clustermargin.strategies has the same strategies without it."
    ) from error

from modal_clustermargin.skactiveml._asvp import ASVP
from modal_clustermargin.skactiveml._badge import BADGE
from modal_clustermargin.skactiveml._cluster_margin import ClusterMargin
from modal_clustermargin.skactiveml._core_set import CoreSet

__all__ = ["ASVP", "BADGE", "ClusterMargin", "CoreSet"]
