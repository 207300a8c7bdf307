"""Query strategies: what to label next.

Each strategy is a class whose instances are called ``(classifier, X_pool,
n_instances)``, as modAL calls its ``query_strategy``, and a function for a single call.
"""

from modal_clustermargin.strategies._asvp import ASVP, asvp_sampling
from modal_clustermargin.strategies._asvp_history import ASVPRound
from modal_clustermargin.strategies._asvp_indicators import (
    AtLabels,
    AtRounds,
    EveryRound,
    LogMEGain,
    Never,
    RoundState,
)
from modal_clustermargin.strategies._badge import BADGE, badge_sampling, pool_residuals
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._cluster_margin import (
    ClusterMargin,
    cluster_margin_sampling,
)
from modal_clustermargin.strategies._core_set import CoreSet, coreset_sampling
from modal_clustermargin.strategies._diverse import finite_embeddings
from modal_clustermargin.strategies._embeddings import classifier_embeddings, embed
from modal_clustermargin.strategies._herding_record import HerdingRecord
from modal_clustermargin.strategies._margin import (
    MarginSampling,
    margin_sampling,
    pool_margins,
)
from modal_clustermargin.strategies._max_herding import (
    MaxHerding,
    max_herding_sampling,
)
from modal_clustermargin.strategies._probabilities import check_gives_probabilities
from modal_clustermargin.strategies._query_record import QueryRecord
from modal_clustermargin.strategies._random import RandomSampling, random_sampling
from modal_clustermargin.strategies._uncertainty_herding import (
    UncertaintyHerding,
    uncertainty_herding_sampling,
)

__all__ = [
    "ASVP",
    "BADGE",
    "ASVPRound",
    "AtLabels",
    "AtRounds",
    "ClusterMargin",
    "CoreSet",
    "EveryRound",
    "HerdingRecord",
    "LogMEGain",
    "MarginSampling",
    "MaxHerding",
    "Never",
    "QueryRecord",
    "QueryStrategy",
    "RandomSampling",
    "RoundState",
    "UncertaintyHerding",
    "asvp_sampling",
    "badge_sampling",
    "check_gives_probabilities",
    "classifier_embeddings",
    "cluster_margin_sampling",
    "coreset_sampling",
    "embed",
    "finite_embeddings",
    "margin_sampling",
    "max_herding_sampling",
    "pool_margins",
    "pool_residuals",
    "random_sampling",
    "uncertainty_herding_sampling",
]
