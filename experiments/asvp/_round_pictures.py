"""A picture of what the rounds of ASVP took, and of what its indicator saw."""

import numpy as np

from modal_clustermargin.comparison import open_figure
from modal_clustermargin.strategies._asvp_round import STAGES

_COLORS = ("#8d96a3", "#edae49", "#d1495b", "#66a182", "#00798c")


def draw_rounds(history, path):
    """Draw the history of an `ASVP`: seconds by stage, and what the indicator saw.

    Parameters
    ----------
    history : list of ASVPRound
        The ``history_`` of the strategy.

    path : path-like
        File to write, of a kind that matplotlib knows.

    Raises
    ------
    ValueError
        If there are no rounds.

    ImportError
        If matplotlib is not installed.
    """
    if not history:
        raise ValueError("draw_rounds got a history without rounds: make a query.")
    names = list(dict.fromkeys(name for each in history for name in each.values))
    scores = [name for name in names if name.startswith("log_me")]
    groups = [group for group in (scores, sorted(set(names) - set(scores))) if group]
    shape = (1 + len(groups), 1)
    with open_figure(path, (6.4, 1 + 2.2 * shape[0])) as figure:
        panels = figure.subplots(*shape, sharex=True, squeeze=False)[:, 0]
        rounds = np.arange(len(history))
        floor = np.zeros(len(history))
        for stage, color in zip(STAGES, _COLORS, strict=True):
            seconds = np.array([each.seconds.get(stage, 0.0) for each in history])
            label = stage.replace("_", "-")
            panels[0].bar(rounds, seconds, bottom=floor, color=color, label=label)
            floor += seconds
        panels[0].set(ylabel="seconds")
        for panel, group in zip(panels[1:], groups, strict=True):
            for name in group:
                seen = [np.mean(each.values.get(name, np.nan)) for each in history]
                panel.plot(
                    rounds, seen, "o-", markersize=3, label=name.replace("_", " ")
                )
        panels[-1].set(xlabel="labels", xticks=rounds)
        panels[-1].set_xticklabels([each.n_labelled for each in history])
        for panel in panels:
            for number, each in enumerate(history):
                if each.is_aligned:
                    panel.axvline(number, color="0.3", linewidth=0.8, linestyle=":")
            panel.legend(frameon=False, fontsize=8)
            panel.spines[["top", "right"]].set_visible(False)
