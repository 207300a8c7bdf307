"""What a comparison found, and what it has not got, in sentences.

The numbers are those of ``_statistics.py``; tables are in ``_report_tables.py``.
"""

from typing import NamedTuple

import numpy as np

from modal_clustermargin.comparison._formatting import (
    counted,
    listed,
    percent,
    whole,
)
from modal_clustermargin.comparison._formatting import (
    format_points as points,
)
from modal_clustermargin.comparison._statistics import (
    areas_under_curve as areas,
)
from modal_clustermargin.comparison._statistics import (
    next_best,
    paired_difference,
    ranking,
)

_FEW_SEEDS = 5


class Finding(NamedTuple):
    """A line to remember, and the sentences behind it."""

    headline: str
    sentences: list


def finding(results, bootstrap):
    """Who is best, by how much, and whether that is told apart from nothing.

    Parameters
    ----------
    results : ComparisonResults

    bootstrap : Bootstrap

    Returns
    -------
    finding : Finding
        Says so where there is one strategy, one seed, or no random sampling.
    """
    best = ranking(results)[0]
    n_labels = results.n_labels
    reach = f"from {n_labels[0]:,} to {n_labels[-1]:,} labels"
    if len(n_labels) == 1:
        reach = f"with {n_labels[0]:,} labels, the common start and all there is"
    area = percent(areas(results, best).mean())
    over = counted(len(results.seeds), "seed")
    if len(results.strategies) == 1:
        first = f"The mean {results.score} of {best} is {area} {reach}, over {over}."
        return Finding(f"There is {best} alone: nothing to compare it with.", [first])
    sentences = [
        f"{best} has the highest area under the learning curve: a mean"
        f" {results.score} of {area} {reach}, over {over}."
    ]
    other = next_best(results, best)
    references = dict.fromkeys(
        each for each in (results.random, other) if each not in (None, best)
    )
    sentences += [_against(results, bootstrap, best, each) for each in references]
    if results.random is None:
        sentences.append(
            "Random sampling is not among the strategies, so nothing is said of what"
            " choosing gains over it."
        )
    sentences += _cautions(len(results.seeds))
    if missing(results):
        sentences.append(
            "The comparison is not finished: the end says what is missing."
        )
    return Finding(_headline(results, best, other), sentences)


def missing(results):
    """What there was to be and is not, in sentences; none if nothing is missing."""
    sentences = []
    if results.n_rows < results.n_expected:
        share = percent(1 - results.n_rows / results.n_expected, decimals=0)
        sentences.append(
            f"The comparison is not finished: {results.n_rows:,} of"
            f" {results.n_expected:,} rows are there, {share} are missing."
        )
    if results.unfinished:
        noun = "seeds" if results.unfinished[1:] else "seed"
        sentences.append(
            f"Left out for want of rows: {noun} {listed(results.unfinished)}. Means are"
            f" over {counted(len(results.seeds), 'seed')} that all strategies have."
        )
    if results.without_rows:
        sentences.append(f"Without any rows: {listed(results.without_rows)}.")
    if len(results.n_labels) <= results.last_round:
        sentences.append(
            f"Rounds are compared up to {len(results.n_labels) - 1} of"
            f" {results.last_round}: no seed has later ones of every strategy."
        )
    return sentences


def _headline(results, best, other):
    own = areas(results, best)
    differences = {
        each: paired_difference(own, areas(results, each))
        for each in ranking(results)
        if each != best
    }
    if len(results.seeds) == 1:
        return f"{best} is ahead, but with one seed nothing is told apart."
    if all(not each.value for each in differences.values()):
        return (
            f"{listed(results.strategies)} are not told apart: their areas are equal."
        )
    level = [each for each, by in differences.items() if not by.is_told_apart]
    if level:
        return f"{best} is ahead, but not told apart from {listed(level)}."
    by = differences[other]
    return (
        f"{best} is best, by {_points(by)} of area over {other}, the next"
        f" best{_interval(by, points)}."
    )


def _against(results, bootstrap, best, other):
    """By how many points and labels the best is better than another."""
    role = "random sampling" if other == results.random else "the next best"
    name = other if other == "random" else f"{other}, {role}"
    by = paired_difference(areas(results, best), areas(results, other))
    saving = bootstrap.saving(best, other)
    text = (
        f"Against {name}: {_points(by)} of area{_interval(by, points)}"
        f"{_verdict(by, results)}. To reach {percent(saving.accuracy)}, the highest"
        f" {results.score} that both reach, it needs {_fewer(saving.labels)}"
        f"{_verdict(saving.labels, results)}."
    )
    if not np.isnan(saving.share.value):
        text += (
            f" Over all accuracies that both reach it saves"
            f" {percent(saving.share.value)} of the labels"
            f"{_interval(saving.share, percent)}{_verdict(saving.share, results)}."
        )
    return text


def _points(estimate):
    return f"{points(estimate.value)} points"


def _interval(estimate, form):
    if np.isnan(estimate.low):
        return ""
    return f" (95 % interval {form(estimate.low)} to {form(estimate.high)})"


def _fewer(labels):
    """ "12 labels fewer (95 % interval 3 to 20)"; signs are words where they differ."""
    word = "fewer" if labels.value >= 0 else "more"
    text = f"{whole(abs(labels.value))} labels {word}"
    if np.isnan(labels.low):
        return text
    ends = labels.low, labels.high
    side = 1 if labels.value >= 0 else -1
    if min(side * end for end in ends) < 0:  # an end is on the other side
        ends = [f"{whole(abs(end))} {'fewer' if end >= 0 else 'more'}" for end in ends]
    else:
        ends = map(whole, sorted(map(abs, ends)))
    return f"{text} (95 % interval {' to '.join(ends)})"


def _verdict(estimate, results):
    if len(results.seeds) == 1 or np.isnan(estimate.low) or estimate.is_told_apart:
        return ""
    return ", not told apart"


def _cautions(n_seeds):
    if n_seeds == 1:
        yield "One seed has no interval: another may turn the order round."
    elif n_seeds < _FEW_SEEDS:
        yield (
            f"With {n_seeds} seeds the intervals of labels, which are drawn from those"
            " seeds, are too narrow. Take them as a hint."
        )
