"""The pictures of a report: accuracy by labels and by cost, and differences."""

import numpy as np

from modal_clustermargin.comparison._plot_style import (
    legend_below,
    open_figure,
    plot_label,
    strategy_styles,
    tidy_axes,
)
from modal_clustermargin.comparison._savings import cost
from modal_clustermargin.comparison._statistics import (
    area_difference,
    areas_under_curve,
    mean_and_error,
    ranking,
)

_SIZE = (7.2, 4.1)  # inches


def draw_curves(results, path, prices=None):
    """Draw accuracies by labels, with bands of standard errors.

    With prices, draw the mean accuracies by the cost of labels and computing instead.
    """
    with open_figure(path, _SIZE) as figure:
        axes = figure.subplots()
        for strategy, style in strategy_styles(results).items():
            if prices is None:
                values = 100 * results.values(strategy, "accuracy")
                _draw_band(axes, results.n_labels, values, strategy, style)
            else:
                curve = results.mean_curve(strategy)
                spent, accuracy = cost(curve, prices), 100 * curve.accuracy
                _draw_line(axes, spent, accuracy, strategy, style)
        xlabel = "labels" if prices is None else f"cost, at {prices}"
        axes.set(xlabel=xlabel, ylabel=f"test {results.score} (%)")
        tidy_axes(axes)
        legend_below(figure, axes)


def draw_differences(results, reference, path):
    """Draw differences to one strategy: of areas, and of accuracies by round."""
    styles = strategy_styles(results)
    others = [each for each in ranking(results) if each != reference]
    bars = 1 + 0.42 * len(others)  # inches
    with open_figure(path, (_SIZE[0], bars + 3.8)) as figure:
        above, below = figure.subplots(2, height_ratios=(bars, 2.6))
        for place, strategy in enumerate(others):
            style = styles[strategy]
            color = style["color"]
            by_seed = areas_under_curve(results, strategy)
            by_seed = by_seed - areas_under_curve(results, reference)
            above.plot(100 * by_seed, np.full(len(by_seed), place), "|", color=color)
            by = area_difference(results, strategy, reference)
            above.hlines(place, 100 * by.low, 100 * by.high, color=color, linewidth=2)
            above.plot(100 * by.value, place, style["marker"], color=color)
            accuracy = results.values(strategy, "accuracy")
            accuracy = accuracy - results.values(reference, "accuracy")
            _draw_band(below, results.n_labels, 100 * accuracy, strategy, style)
        labels = [plot_label(each, max_lines=2) for each in others]
        above.set_yticks(range(len(others)), labels)
        above.set_ylim(len(others) - 0.5, -0.5)
        figure.suptitle(f"Difference to {plot_label(reference, 60)}", fontsize=10)
        legend = " (stroke: one seed; line: 95 % interval)" if results.seeds[1:] else ""
        above.set_xlabel(f"points of area{legend}")
        below.set(xlabel="labels", ylabel=f"points of {results.score}")
        tidy_axes(above)
        tidy_axes(below)
        above.axvline(0, color="0.4", linewidth=1)
        below.axhline(0, color="0.4", linewidth=1)


def _draw_band(axes, x, values, name, style):
    mean, error = mean_and_error(values)
    _draw_line(axes, x, mean, name, style)
    shade = {"color": style["color"], "alpha": 0.18, "linewidth": 0}
    axes.fill_between(x, mean - error, mean + error, **shade)


def _draw_line(axes, x, y, name, style):
    axes.plot(x, y, label=plot_label(name), markersize=4, **style)
