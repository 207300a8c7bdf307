"""Compare query strategies on a data set: settings, runs, results and a report."""

from modal_clustermargin._extras import lazy_names

# Names are imported on first use: some of their modules import torch or matplotlib.
__all__, __getattr__, __dir__ = lazy_names(
    __name__,
    {
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
    },
    extra="compare",
)
