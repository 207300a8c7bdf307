"""Query strategies for scikit-activeml, with the same picks as for modAL.

Needs ``pip install "modal-clustermargin[skactiveml]"``.
"""

try:
    import skactiveml  # noqa: F401 all modules here need it
except ImportError as error:
    raise ImportError(
        "modal_clustermargin.skactiveml needs scikit-activeml. Install it with"
        ' `pip install "modal-clustermargin[skactiveml]"`, or use the same strategies'
        " without it from modal_clustermargin.strategies."
    ) from error

from modal_clustermargin.skactiveml._asvp import ASVP
from modal_clustermargin.skactiveml._badge import BADGE
from modal_clustermargin.skactiveml._cluster_margin import ClusterMargin
from modal_clustermargin.skactiveml._core_set import CoreSet
from modal_clustermargin.skactiveml._herding import MaxHerding, UncertaintyHerding

__all__ = [
    "ASVP",
    "BADGE",
    "ClusterMargin",
    "CoreSet",
    "MaxHerding",
    "UncertaintyHerding",
]
