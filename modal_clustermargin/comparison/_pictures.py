"""Pictures of a comparison: accuracy, differences, wins, time and memory, cost.

Those of clusters are in ``_cluster_pictures.py``. Each writes a PNG, whole.
"""

import numpy as np

from modal_clustermargin.comparison._costs import cost
from modal_clustermargin.comparison._formatting import format_points as points
from modal_clustermargin.comparison._formatting import whole
from modal_clustermargin.comparison._plot_style import (
    legend_below,
    open_figure,
)
from modal_clustermargin.comparison._plot_style import (
    plot_label as shown,
)
from modal_clustermargin.comparison._plot_style import (
    set_log_scale as logarithmic,
)
from modal_clustermargin.comparison._plot_style import (
    strategy_styles as looks,
)
from modal_clustermargin.comparison._plot_style import (
    tidy_axes as tidy,
)
from modal_clustermargin.comparison._statistics import (
    areas_under_curve as areas,
)
from modal_clustermargin.comparison._statistics import (
    mean_and_error,
    paired_difference,
    ranking,
    wins,
)

_SIZE = (7.2, 4.1)


def draw_curves(results, path):
    """Learning curves; bands are standard errors over seeds.

    Parameters
    ----------
    results : ComparisonResults

    path : Path
        PNG to write, in a folder that is there.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    with open_figure(path, _SIZE) as figure:
        panel = figure.subplots()
        for strategy, look in looks(results).items():
            values = 100 * results.values(strategy, "accuracy")
            _draw_band(panel, results.n_labels, values, strategy, look)
        panel.set(xlabel="labels", ylabel=f"test {results.score} (%)")
        tidy(panel)
        legend_below(figure, panel)


def draw_differences(results, reference, path):
    """Points of area, and of accuracy by round, that strategies have over one.

    Parameters
    ----------
    results : ComparisonResults

    reference : str
        Commonly random sampling.

    path : Path
        PNG to write, in a folder that is there.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    look = looks(results)
    others = [each for each in ranking(results) if each != reference]
    size = (_SIZE[0], 2.6 + 0.42 * len(others) + 2.2)
    with open_figure(path, size) as figure:
        above, below = figure.subplots(
            2, height_ratios=(1 + 0.42 * len(others), 2.4 + 0.1 * len(others))
        )
        for place, strategy in enumerate(others):
            by_seed = areas(results, strategy) - areas(results, reference)
            by = paired_difference(areas(results, strategy), areas(results, reference))
            color = look[strategy]["color"]
            above.plot(100 * by_seed, np.full(len(by_seed), place), "|", color=color)
            if not np.isnan(by.low):
                ends = 100 * np.array([by.low, by.high])
                above.plot(ends, [place, place], color=color, linewidth=2)
            above.plot(100 * by.value, place, look[strategy]["marker"], color=color)
            accuracy = (
                results.values(each, "accuracy") for each in (strategy, reference)
            )
            _draw_band(
                below,
                results.n_labels,
                100 * np.subtract(*accuracy),
                strategy,
                look[strategy],
            )
        above.set_yticks(range(len(others)), _ticks(others))
        above.set_ylim(len(others) - 0.5, -0.5)
        figure.suptitle(f"Over {shown(reference, 60)}", fontsize=10)
        several = " (a stroke a seed; line: 95 % interval)" if results.seeds[1:] else ""
        above.set_xlabel(f"points of area{several}")
        below.set(xlabel="labels", ylabel=f"points of {results.score}")
        tidy(below)
        tidy(above)
        above.axvline(0, color="0.4", linewidth=1)
        below.axhline(0, color="0.4", linewidth=1)


def draw_wins(results, path):
    """How often the row beats the column, and by how many points of area.

    Parameters
    ----------
    results : ComparisonResults

    path : Path
        PNG to write, in a folder that is there.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    names = ranking(results)
    order = [results.strategies.index(each) for each in names]
    won = wins(results)[np.ix_(order, order)].astype(float)
    np.fill_diagonal(won, np.nan)
    side = 2.2 + 0.62 * len(names)
    n_seeds = len(results.seeds)
    with open_figure(path, (side + 1.2, side)) as figure:
        panel = figure.subplots()
        image = panel.imshow(won, cmap="cividis", vmin=0, vmax=n_seeds)
        by_seed = [areas(results, each) for each in names]
        for i, row in enumerate(by_seed):
            for j, column in enumerate(by_seed):
                if i != j:
                    by = points(np.mean(row - column))
                    panel.text(
                        j,
                        i,
                        f"{won[i, j]:.0f}\n{by}",
                        ha="center",
                        va="center",
                        fontsize=9,
                        color="black" if won[i, j] > n_seeds / 2 else "white",
                    )
        ticks, labels = range(len(names)), _ticks(names, 18)
        panel.set_xticks(ticks, labels, rotation=35, ha="right", rotation_mode="anchor")
        panel.set_yticks(ticks, labels)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
        panel.set_title("seeds won by the row, and its points of area", fontsize=10)
        bar = figure.colorbar(image, ax=panel, shrink=0.7, label="seeds won")
        bar.outline.set_visible(False)
        bar.locator = _whole_numbers()


def draw_computing(results, path):
    """Seconds of a query by labels, and the peak of memory.

    Parameters
    ----------
    results : ComparisonResults

    path : Path
        PNG to write, in a folder that is there.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    n = len(results.strategies)
    with open_figure(path, (_SIZE[0], 3.6 + 0.36 * n)) as figure:
        above, below = figure.subplots(2, height_ratios=(2.8, 0.6 + 0.36 * n))
        peaks, is_log = [], False
        for place, (strategy, look) in enumerate(looks(results).items()):
            # Nothing was asked before the common start.
            seconds = results.values(strategy, "query_seconds")[:, 1:].mean(axis=0)
            above.plot(
                results.n_labels[1:],
                np.where(seconds > 0, seconds, np.nan),
                label=shown(strategy),
                markersize=4,
                **look,
            )
            is_log |= bool((seconds > 0).any())
            peaks.append(results.peak_memory(strategy))
            length = np.nan_to_num(peaks[-1])
            below.barh(place, length, color=look["color"], height=0.6)
            below.text(length, place, f" {whole(peaks[-1])}", va="center", fontsize=9)
        if is_log:
            logarithmic(above.yaxis)
        above.set(xlabel="labels after the query", ylabel="seconds of a query")
        below.set_yticks(range(n), _ticks(looks(results)))
        below.set(xlabel="peak memory (MiB)", xlim=(0, 1.15 * np.nanmax([*peaks, 1])))
        below.invert_yaxis()
        tidy(above)
        tidy(below)
        below.grid(visible=False, axis="y")
        legend_below(figure, above)


def draw_cost(results, prices, path):
    """Accuracy for the money of labels and computing, on the curves of means.

    Parameters
    ----------
    results : ComparisonResults

    prices : Prices

    path : Path
        PNG to write, in a folder that is there.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    with open_figure(path, _SIZE) as figure:
        panel = figure.subplots()
        for strategy, look in looks(results).items():
            curve = results.mean_curve(strategy)
            panel.plot(
                cost(curve, prices),
                100 * curve.accuracy,
                label=shown(strategy),
                markersize=4,
                **look,
            )
        panel.set_xlabel(
            f"cost, at {prices.label:g} a label and {prices.hour:g} an hour of"
            " computing"
        )
        panel.set_ylabel(f"test {results.score} (%)")
        tidy(panel)
        legend_below(figure, panel)


def _draw_band(panel, x, values, name, look):
    mean, error = mean_and_error(values)
    panel.plot(x, mean, label=shown(name), markersize=4, **look)
    panel.fill_between(
        x, mean - error, mean + error, color=look["color"], alpha=0.18, linewidth=0
    )


def _ticks(names, width=28):
    """Names beside an axis; long ones are whole in legends and tables."""
    return [shown(each, width, 2) for each in names]


def _whole_numbers():
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)
