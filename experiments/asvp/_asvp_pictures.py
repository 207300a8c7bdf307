"""A picture of ASVP experiments: learning curves, and the cost that is saved."""

import numpy as np
from _asvp_results import mean_and_error

from modal_clustermargin.comparison import open_figure

_COLORS = {
    "random": "#8d96a3",
    "standard": "#00798c",
    "SVPp": "#edae49",
    "ASVP": "#d1495b",
}


def draw_asvp(all_results, prices, path):
    """Learning curves, and what is saved of the cost of an accuracy.

    Bands are standard errors over seeds; dotted lines are at the labels where ASVP
    refreshed the features with a seed.

    Parameters
    ----------
    all_results : list of ASVPResults
        A column each.

    prices : Prices

    path : path-like
        File to write, of a kind that matplotlib knows.

    Raises
    ------
    ValueError
        If there are no results.

    ImportError
        If matplotlib is not installed.
    """
    if not all_results:
        raise ValueError("draw_asvp got no results: give it one experiment at least.")
    shape = (2, len(all_results))
    with open_figure(path, (4 * shape[1], 6.4)) as figure:
        axes = figure.subplots(*shape, squeeze=False)
        for results, (above, below) in zip(all_results, axes.T, strict=True):
            _draw_curves(above, results)
            _draw_cost_saved(below, results, prices)
            for panel in (above, below):
                panel.grid(color="0.92")
                panel.spines[["top", "right"]].set_visible(False)
        axes[0, 0].legend(frameon=False, loc="lower right", fontsize=9)


def _draw_curves(panel, results):
    for method in results.methods:
        accuracy = results.final(method, "accuracy")
        _draw_band(panel, results.n_labels, accuracy, method, marker="o", markersize=3)
    if "ASVP" in results.methods:
        aligned = results.aligned_at()
        for i, n in enumerate(np.unique(aligned[~np.isnan(aligned)])):
            look = {"color": _COLORS["ASVP"], "linewidth": 0.8, "linestyle": ":"}
            panel.axvline(n, label="_" * bool(i) + "features refreshed", **look)
    n_seeds = len(results.seeds)
    title = f"{results.name}, {n_seeds} seed{'s' if n_seeds > 1 else ''}"
    panel.set_title(title, fontsize=10)
    panel.set(xlabel="labels", ylabel="test accuracy")


def _draw_cost_saved(panel, results, prices):
    panel.set(xlabel="test accuracy", ylabel="cost saved, against random")
    if "random" not in results.methods:
        return
    panel.axhline(0, color=_COLORS["random"], linewidth=1)
    at = _accuracies_of_all(results)
    for method in results.methods:
        if method != "random":
            saved = results.cost_reduction(method, "random", prices, at)
            _draw_band(panel, at, saved, method)


def _draw_band(panel, x, values, method, **look):
    mean, error, _ = mean_and_error(values)
    color = _COLORS.get(method)
    (line,) = panel.plot(x, mean, color=color, label=method, **look)
    panel.fill_between(
        x, mean - error, mean + error, color=line.get_color(), alpha=0.2, linewidth=0
    )


def _accuracies_of_all(results):
    """Accuracies that every method reaches with every seed, and none begins with."""
    best = [
        curve.best_accuracy
        for method in results.methods
        for curve in results.curves(method)
    ]
    low, high = max(each[0] for each in best), min(each[-1] for each in best)
    return np.linspace(low, high, 100)[1:] if low < high else np.array([high])
