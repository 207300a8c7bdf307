"""Experiments that compare strategies, and the published ones as configurations."""

from modal_clustermargin.experiments._asvp_papers import (
    ASVPExperiment,
    asvp_experiment,
)

__all__ = ["ASVPExperiment", "asvp_experiment"]
