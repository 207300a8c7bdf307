"""The style of all pictures: figures, axes, legends, and a color for each strategy."""

from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap

from matplotlib.figure import Figure

from modal_clustermargin._whole_files import written_whole

# Okabe and Ito's colors, which color-blind readers can distinguish, without yellow,
# which is hard to see on white.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", ":", "-.")
_MARKERS = "osD^vPX"
_RANDOM = {"color": "#7a8290", "linestyle": "-", "marker": "."}


@contextmanager
def open_figure(path, size):
    """Open a figure; write it to a file, as a whole, on exit.

    Parameters
    ----------
    path : path-like
        The folder must exist. The suffix gives the format.

    size : tuple of two floats
        Width and height in inches.

    Yields
    ------
    figure : matplotlib.figure.Figure
    """
    figure = Figure(figsize=size, layout="constrained")
    yield figure
    path = Path(path)
    with written_whole(path) as file:
        figure.savefig(file, dpi=150, format=path.suffix[1:] or "png")


def strategy_styles(results):
    """Color, line and marker of each strategy.

    Parameters
    ----------
    results : ComparisonResults

    Returns
    -------
    styles : dict of str to dict
        Arguments of matplotlib's ``plot`` by strategy. Random sampling is gray.
        After seven other strategies, the colors repeat with another line style.
    """
    others = [each for each in results.strategies if each != results.random]
    styles = {}
    for i, strategy in enumerate(others):
        turn, place = divmod(i, len(_COLORS))
        styles[strategy] = {
            "color": _COLORS[place],
            "linestyle": _DASHES[turn % len(_DASHES)],
            "marker": _MARKERS[i % len(_MARKERS)],
        }
    if results.random is not None:
        styles[results.random] = _RANDOM
    return styles


def tidy_axes(axes):
    """Draw a light grid, without the upper and right edges of the axes."""
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def legend_below(figure, axes):
    """Put the legend below the axes, and increase the height of the figure for it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    axes : matplotlib.axes.Axes
    """
    handles, labels = axes.get_legend_handles_labels()
    n_lines = sum(label.count("\n") + 1 for label in labels) / 2 + 1
    figure.set_figheight(figure.get_figheight() + 0.2 * n_lines)
    place = "outside lower center"
    figure.legend(handles, labels, loc=place, frameon=False, fontsize=9, ncols=2)


def plot_label(name, width=28, max_lines=None):
    """Wrap a name to `width` characters, and escape the signs of matplotlib."""
    text = "\n".join(wrap(name, width, max_lines=max_lines, placeholder="…")) or name
    # matplotlib reads dollar signs as mathematics, and leaves names that begin with
    # an underscore out of legends.
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
