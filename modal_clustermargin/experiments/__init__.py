"""Experiments: data by name, strategies compared, cost counted.

`load_data` gives a data set as a pool and a test, and `data_sets` says which there
are. `make_glyphs` draws letters and symbols, as many as asked for and without a
download; `pretrained_glyph_network` trains, once, the network that studies of
pre-trained features begin from. `LearningCurve` is what a comparison comes to, and
the functions of two curves say what one of them saves. `asvp_experiment` has the
published experiments of ASVP, `glyph_experiment` one that runs anywhere, and
`run_rounds` runs them. `compare` compares strategies on any data, and `write_report`
makes the page of it. `HandLabelling` has a person label what a strategy chose.
"""

from importlib import import_module

# Some of them need torch, and are imported when they are asked for.
_HOME = {
    "ALPHABETS": "data",
    "ASVPExperiment": "_asvp_papers",
    "Comparison": "comparison._settings",
    "ComparisonResults": "comparison._results",
    "DataCard": "data",
    "DataOption": "data",
    "DataSet": "data",
    "FONTS": "data",
    "HandLabelling": "hand_labelling",
    "LearningCurve": "_learning_curves",
    "Prices": "_costs",
    "ResultTable": "_tables",
    "asvp_experiment": "_asvp_papers",
    "asvp_methods": "_asvp_runs",
    "compare": "comparison._compare",
    "cost": "_costs",
    "data_sets": "data",
    "describe_data_sets": "data",
    "draw_rounds": "_round_pictures",
    "equivalent_saving": "_savings",
    "fill_table": "_asvp_runs",
    "glyph_experiment": "_glyph_experiment",
    "labels_needed": "_learning_curves",
    "load_data": "data",
    "make_glyphs": "data",
    "overall_cost_reduction": "_savings",
    "pretrained_glyph_network": "_glyph_pretraining",
    "read_settings": "comparison._settings",
    "run_rounds": "_asvp_runs",
    "sample_saving_ratio": "_savings",
    "seconds_needed": "_learning_curves",
    "shared_accuracies": "_savings",
    "write_report": "comparison._report",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
