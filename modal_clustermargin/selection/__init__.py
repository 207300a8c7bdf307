"""Arrays in, picks out: the kernels of the query strategies.

Nothing here knows a classifier, a pool or a ``random_state``.
"""

from modal_clustermargin.selection._cluster_margin import (
    cluster_margin_candidates,
    deal_round_robin,
    rank_within,
)
from modal_clustermargin.selection._margins import lowest, margins

__all__ = [
    "cluster_margin_candidates",
    "deal_round_robin",
    "lowest",
    "margins",
    "rank_within",
]
