"""Compare query strategies on a data set: settings, runs, results and a report."""

from modal_clustermargin._extras import import_with_extra

# Names are imported on first use: some of their modules import torch or matplotlib.
_MODULES = {
    "_compare": ("compare",),
    "_folder": ("ComparisonFolder",),
    "_formatting": ("format_points",),
    "_learning_curves": ("LearningCurve", "labels_needed", "seconds_needed"),
    "_plot_style": ("legend_below", "open_figure", "strategy_styles", "tidy_axes"),
    "_processes": ("process_pool",),
    "_report": ("write_report",),
    "_result_table": ("ResultTable",),
    "_results": ("ComparisonResults",),
    "_savings": (
        *("Prices", "cost", "equivalent_saving", "overall_cost_reduction"),
        *("sample_saving_ratio", "shared_accuracies"),
    ),
    "_settings": ("Comparison", "parse_option", "read_settings", "read_toml"),
    "_statistics": (
        *("Bootstrap", "areas_under_curve", "mean_and_error", "paired_difference"),
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name in _MODULE_OF:
        module = import_with_extra(f"{__name__}.{_MODULE_OF[name]}", "compare")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
