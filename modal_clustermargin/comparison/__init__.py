"""Compare strategies on a data set: settings, runs, results and a report."""

from importlib import import_module

# Some of them need torch, and are imported when they are asked for.
_HOME = {
    "Comparison": "_settings",
    "ComparisonResults": "_results",
    "LearningCurve": "_learning_curves",
    "Prices": "_costs",
    "ResultTable": "_tables",
    "compare": "_compare",
    "cost": "_costs",
    "equivalent_saving": "_savings",
    "labels_needed": "_learning_curves",
    "overall_cost_reduction": "_savings",
    "read_settings": "_settings",
    "sample_saving_ratio": "_savings",
    "seconds_needed": "_learning_curves",
    "shared_accuracies": "_savings",
    "write_report": "_report",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
