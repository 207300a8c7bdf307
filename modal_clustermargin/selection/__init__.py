"""The algorithms of the query strategies, on arrays.

No function here takes a classifier, a pool or a ``random_state``.
"""

from modal_clustermargin.selection._cluster_margin import (
    cluster_margin_candidates,
    deal_round_robin,
    rank_within,
)
from modal_clustermargin.selection._density_weights import density_weights
from modal_clustermargin.selection._herding import cover, herd
from modal_clustermargin.selection._k_center import k_center_greedy
from modal_clustermargin.selection._k_means_plus_plus import k_means_plus_plus
from modal_clustermargin.selection._margins import lowest, margins
from modal_clustermargin.selection._tree_coverage import tree_coverage
from modal_clustermargin.selection._weighted_sample import weighted_sample

__all__ = [
    "cluster_margin_candidates",
    "cover",
    "deal_round_robin",
    "density_weights",
    "herd",
    "k_center_greedy",
    "k_means_plus_plus",
    "lowest",
    "margins",
    "rank_within",
    "tree_coverage",
    "weighted_sample",
]
