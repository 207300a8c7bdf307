"""Experiments: data drawn here, strategies compared, cost counted.

`make_glyphs` draws letters and symbols, as many as asked for and without a
download; `pretrained_glyph_network` trains, once, the network that studies of
pre-trained features begin from. `LearningCurve` is what a comparison comes to, and
the functions of two curves say what one of them saves. `asvp_experiment` has the
published experiments of ASVP, `glyph_experiment` one that runs anywhere, and
`run_rounds` runs them.
"""

from modal_clustermargin.experiments._asvp_papers import (
    ASVPExperiment,
    asvp_experiment,
)
from modal_clustermargin.experiments._asvp_runs import asvp_methods, run_rounds
from modal_clustermargin.experiments._costs import Prices, cost
from modal_clustermargin.experiments._glyph_experiment import glyph_experiment
from modal_clustermargin.experiments._glyph_pretraining import (
    pretrained_glyph_network,
)
from modal_clustermargin.experiments._glyph_shapes import FONTS
from modal_clustermargin.experiments._glyphs import ALPHABETS, make_glyphs
from modal_clustermargin.experiments._learning_curves import (
    LearningCurve,
    labels_needed,
    seconds_needed,
)
from modal_clustermargin.experiments._round_pictures import draw_rounds
from modal_clustermargin.experiments._savings import (
    equivalent_saving,
    overall_cost_reduction,
    sample_saving_ratio,
    shared_accuracies,
)
from modal_clustermargin.experiments._tables import ResultTable

__all__ = [
    "ALPHABETS",
    "FONTS",
    "ASVPExperiment",
    "LearningCurve",
    "Prices",
    "ResultTable",
    "asvp_experiment",
    "asvp_methods",
    "cost",
    "draw_rounds",
    "equivalent_saving",
    "glyph_experiment",
    "labels_needed",
    "make_glyphs",
    "overall_cost_reduction",
    "pretrained_glyph_network",
    "run_rounds",
    "sample_saving_ratio",
    "seconds_needed",
    "shared_accuracies",
]
