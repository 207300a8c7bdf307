"""The pictures of a report: learning curves, costs, differences, images picked."""

import numpy as np

from modal_clustermargin.comparison import _statistics
from modal_clustermargin.comparison._plot_style import (
    legend_below,
    open_figure,
    plot_label,
    strategy_styles,
    tidy_axes,
)
from modal_clustermargin.comparison._savings import cost

_SIZE = (7.2, 4.1)  # inches
_N_CLUSTERS, _N_PICKS = 12, 8  # at most, in a gallery
_CAPTION_WIDTH = 2.3  # in images


def draw_curves(results, path, prices=None):
    """Draw accuracies by labels with standard errors; with prices, means by cost."""
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
    others = [each for each in _statistics.ranking(results) if each != reference]
    bars = 1 + 0.42 * len(others)  # inches
    with open_figure(path, (_SIZE[0], bars + 3.8)) as figure:
        above, below = figure.subplots(2, height_ratios=(bars, 2.6))
        for place, strategy in enumerate(others):
            style = styles[strategy]
            color = style["color"]
            by_seed = _statistics.areas_under_curve(results, strategy)
            by_seed = by_seed - _statistics.areas_under_curve(results, reference)
            above.plot(100 * by_seed, np.full(len(by_seed), place), "|", color=color)
            by = _statistics.area_difference(results, strategy, reference)
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


def gallery_picks(cluster):
    """Positions of the first picks of each of the clusters with the most picks."""
    clusters, n_picks = np.unique(cluster, return_counts=True)
    order = np.argsort(-n_picks, kind="stable")[:_N_CLUSTERS]
    members = [np.flatnonzero(cluster == clusters[i])[:_N_PICKS] for i in order]
    return np.concatenate(members)


def draw_gallery(thumbnails, cluster, captions, path, *, title):
    """Draw the images of the `gallery_picks` beside the captions of their clusters."""
    order = list(dict.fromkeys(cluster))
    width, height = _CAPTION_WIDTH + _N_PICKS, len(order)  # in images
    with open_figure(path, (0.62 * width, 0.62 * height + 0.5)) as figure:
        # One axes for all images: the layout of many axes takes seconds.
        axes = figure.subplots()
        for top, each in enumerate(order):
            text = {"ha": "right", "va": "center", "fontsize": 8}
            axes.text(_CAPTION_WIDTH - 0.15, top + 0.5, captions[each], **text)
            for i, image in enumerate(thumbnails[cluster == each]):
                left = _CAPTION_WIDTH + i
                extent = (left, left + 0.92, top + 0.96, top + 0.04)
                axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=extent)
        axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
        axes.axis("off")
        figure.suptitle(plot_label(title, 60), fontsize=10)


def _draw_band(axes, x, values, name, style):
    mean, error = _statistics.mean_and_error(values)
    _draw_line(axes, x, mean, name, style)
    shade = {"color": style["color"], "alpha": 0.18, "linewidth": 0}
    axes.fill_between(x, mean - error, mean + error, **shade)


def _draw_line(axes, x, y, name, style):
    axes.plot(x, y, label=plot_label(name), markersize=4, **style)
