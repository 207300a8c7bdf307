"""One look for a strategy in all pictures, and for all panels."""

from textwrap import wrap

# Okabe and Ito's colours, which colour-blind readers tell apart; without their
# yellow, which white paper swallows.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", ":", "-.")
_MARKERS = "osD^vPX"
_RANDOM = {"color": "#7a8290", "linestyle": "-", "marker": "."}


def looks(results):
    """Colour, line and marker of each strategy: dict by strategy.

    Random sampling is grey. Past seven others colours come again, with another dash.
    """
    others = [each for each in results.strategies if each != results.random]
    look = {}
    for i, strategy in enumerate(others):
        turn, place = divmod(i, len(_COLORS))
        look[strategy] = {
            "color": _COLORS[place],
            "linestyle": _DASHES[turn % len(_DASHES)],
            "marker": _MARKERS[i % len(_MARKERS)],
        }
    if results.random is not None:
        look[results.random] = _RANDOM
    return look


def tidy(panel):
    """A light grid and no box."""
    panel.grid(color="0.92")
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def logarithmic(axis):
    """A logarithmic axis with plain numbers, for what is drawn already."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axis.get_data_interval()
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda value, _: f"{value:,g}")


def legend_below(figure, panel):
    """The names of what a panel shows, under the picture, which grows by them."""
    handles, labels = panel.get_legend_handles_labels()
    lines = [label.splitlines() for label in labels]
    width = max(len(line) for each in lines for line in each)
    # About thirteen letters fit in an inch, and a line takes six of them.
    n_columns = int(figure.get_figwidth() * 13 // (width + 6))
    n_columns = max(1, min(len(labels), n_columns))
    n_lines = sum(map(len, lines)) / n_columns + max(map(len, lines))
    figure.set_figheight(figure.get_figheight() + 0.2 * n_lines)
    look = {"frameon": False, "fontsize": 9, "ncols": n_columns}
    figure.legend(handles, labels, loc="outside lower center", **look)


def shown(name, width=28, max_lines=None):
    """A name as matplotlib takes it literally, in lines of `width` characters.

    What is beyond `max_lines` is left out.
    """
    text = "\n".join(wrap(name, width, max_lines=max_lines, placeholder="…")) or name
    # matplotlib reads dollars as mathematics, and leaves names with an underscore in
    # front out of legends.
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
