"""The result of a comparison in sentences."""

import numpy as np

from modal_clustermargin.comparison import _statistics
from modal_clustermargin.comparison._formatting import (
    count_of,
    format_count,
    format_interval,
    format_percent,
    format_points,
    join_names,
)

_FEW_SEEDS = 5
_INTERVAL = "95 % interval "


def finding(results, bootstrap):
    """A headline and sentences: what is best, by how much, and whether it is noise."""
    best, *others = _statistics.ranking(results)
    n_labels, n_seeds = results.n_labels, len(results.seeds)
    reach = f"from {n_labels[0]:,} to {n_labels[-1]:,} labels"
    if len(n_labels) == 1:
        reach = f"with the {n_labels[0]:,} labels of the common start"
    area = format_percent(_statistics.areas_under_curve(results, best).mean())
    sentences = [
        f"{best} has the highest area under the learning curve: a mean"
        f" {results.score} of {area} {reach}, over {count_of(n_seeds, 'seed')}."
    ]
    for each in dict.fromkeys([results.random, *others[:1]]):
        if each not in (None, best):
            sentences.append(_against(results, bootstrap, best, each))
    if results.random is None:
        sentences.append(
            "Random sampling is not among the strategies, so the report does not say"
            " what a strategy gains over it."
        )
    if n_seeds == 1:
        sentences.append(
            "With one seed there are no intervals: another seed may give another order."
        )
    elif n_seeds < _FEW_SEEDS:
        sentences.append(
            f"With {n_seeds} seeds the intervals of labels are too narrow, because a"
            " bootstrap needs more seeds to draw from."
        )
    if results.n_rows < results.n_planned:
        sentences.append(
            f"The comparison is not finished: it has {results.n_rows:,} of"
            f" {results.n_planned:,} rows. The report covers"
            f" {count_of(n_seeds, 'seed')} up to round {len(n_labels) - 1}, which all"
            " strategies with rows have finished."
        )
    return _headline(results, best, others), sentences


def _headline(results, best, others):
    if not others:
        return f"{best} is the only strategy: there is nothing to compare it with."
    if len(results.seeds) == 1:
        return f"{best} is ahead, but one seed is too few to say more."
    differences = {
        each: _statistics.area_difference(results, best, each) for each in others
    }
    if not any(each.value for each in differences.values()):
        return f"{join_names(results.strategies)} have the same area."
    close = [each for each, by in differences.items() if not by.excludes_zero]
    if close:
        return (
            f"{best} is ahead, but the difference to {join_names(close)} is within"
            " noise (95 % interval contains 0)."
        )
    by = differences[others[0]]
    return (
        f"{best} is best, by {format_points(by.value)} points of area over"
        f" {others[0]}, the next best{format_interval(by, format_points, _INTERVAL)}."
    )


def _against(results, bootstrap, best, other):
    """By how many points of area and labels the best is better than another."""
    by = _statistics.area_difference(results, best, other)
    saving = bootstrap.saving(best, other)
    noise = "; the difference is within noise: the interval contains 0"
    if np.isnan(by.low) or by.excludes_zero:
        noise = ""
    text = (
        f"Against {other}: {format_points(by.value)} points of"
        f" area{format_interval(by, format_points, _INTERVAL)}{noise}."
        f" To reach {format_percent(saving.accuracy)}, the highest {results.score} that"
        f" both reach, {best} saves {format_count(saving.labels.value)}"
        f" labels{format_interval(saving.labels, format_count, _INTERVAL)}."
    )
    if not np.isnan(saving.share.value):
        text += (
            " On average over all accuracies that both reach, it saves"
            f" {format_percent(saving.share.value)} of the"
            f" labels{format_interval(saving.share, format_percent, _INTERVAL)}."
        )
    return text
