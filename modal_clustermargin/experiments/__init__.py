"""Compare strategies and count what they cost."""

from modal_clustermargin.experiments._costs import Prices, cost
from modal_clustermargin.experiments._learning_curves import (
    LearningCurve,
    labels_needed,
    seconds_needed,
)
from modal_clustermargin.experiments._savings import (
    equivalent_saving,
    overall_cost_reduction,
    sample_saving_ratio,
    shared_accuracies,
)

__all__ = [
    "LearningCurve",
    "Prices",
    "cost",
    "equivalent_saving",
    "labels_needed",
    "overall_cost_reduction",
    "sample_saving_ratio",
    "seconds_needed",
    "shared_accuracies",
]
