"""The tables of a comparison's report, for the page and for the text."""

from typing import NamedTuple

import numpy as np

from modal_clustermargin.comparison._costs import cost, cost_at
from modal_clustermargin.comparison._formatting import (
    NOT_KNOWN,
    amount,
    in_percent,
    percent,
    whole,
    with_error,
    with_interval,
)
from modal_clustermargin.comparison._formatting import (
    format_points as points,
)
from modal_clustermargin.comparison._learning_curves import labels_needed
from modal_clustermargin.comparison._savings import (
    equivalent_saving,
    overall_cost_reduction,
)
from modal_clustermargin.comparison._statistics import (
    areas_under_curve as areas,
)
from modal_clustermargin.comparison._statistics import (
    equal_accuracies,
    mean_and_error,
    next_best,
    paired_difference,
    ranking,
    wins,
)


class Table(NamedTuple):
    """Cells of text: a title, a name for each column, rows, and what to know."""

    title: str
    columns: list
    rows: list
    note: str = ""
    is_words: bool = False  # which are read from the left, numbers from the right


def accuracy_table(results):
    """Mean accuracies by round, and the area at the end."""
    rows = []
    cells = [
        mean_and_error(results.values(each, "accuracy")) for each in results.strategies
    ]
    for i, n in enumerate(results.n_labels):
        row = [with_error(mean[i], error[i], in_percent) for mean, error in cells]
        rows.append([whole(n), *row])
    by_seed = [areas(results, each)[:, np.newaxis] for each in results.strategies]
    ends = [mean_and_error(each) for each in by_seed]
    area = [with_error(mean[0], error[0], in_percent) for mean, error in ends]
    return Table(
        f"Test {results.score} (%)",
        ["labels", *results.strategies],
        [*rows, ["area", *area]],
        ("Mean over seeds ± its standard error. " if results.seeds[1:] else "")
        + "The area is the mean accuracy over labels by the trapezoid rule, the common"
        " start included.",
    )


def against_table(results, bootstrap, reference=None):
    """Points of area and labels saved, against one strategy or the next best."""
    rows = []
    for strategy in ranking(results):
        other = reference or next_best(results, strategy)
        if strategy == other:
            continue
        by = paired_difference(areas(results, strategy), areas(results, other))
        saving = bootstrap.saving(strategy, other)
        won = (areas(results, strategy) > areas(results, other)).sum()
        row = [
            with_interval(by, points),
            with_interval(saving.labels, whole),
            in_percent(saving.accuracy),
            with_interval(saving.share, in_percent),
            f"{won} of {len(results.seeds)}",
        ]
        rows.append([strategy, *([] if reference else [other]), *row])
    names = ["strategy"] if reference else ["strategy", "next best"]
    return Table(
        f"Against {reference}" if reference else "Against the next best",
        [*names, "points of area", "labels saved", "at (%)", "saved (%)", "seeds won"],
        rows,
    )


def equal_accuracy_table(results):
    """Labels needed for accuracies that all reach."""
    accuracies = equal_accuracies(results)
    rows = [
        [each, *map(whole, labels_needed(results.mean_curve(each), accuracies))]
        for each in ranking(results)
    ]
    return Table(
        "Labels needed for equal accuracy",
        ["strategy", *map(percent, accuracies)],
        rows,
        "On the curves of means; the last accuracy is the highest that all reach.",
    )


def wins_table(results):
    """In how many seeds the row beats the column, and by how many points."""
    won, by_seed = wins(results), [areas(results, s) for s in results.strategies]
    rows = []
    for i, strategy in enumerate(results.strategies):
        by = [paired_difference(by_seed[i], other) for other in by_seed]
        row = [
            f"{n}: {with_interval(each, points)}"
            for n, each in zip(won[i], by, strict=True)
        ]
        rows.append([strategy, *row[:i], NOT_KNOWN, *row[i + 1 :]])
    return Table(
        "Seeds won, and points of area",
        ["row against column", *results.strategies],
        rows,
        f"Number of seeds, of {len(results.seeds)}, in which the row has the larger"
        " area; then the points of area between them"
        + (", with a paired t interval." if results.seeds[1:] else "."),
    )


def rounds_table(results, reference):
    """Points of accuracy between each strategy and a reference, by round."""
    others = [each for each in results.strategies if each != reference]
    accuracy = {each: results.values(each, "accuracy") for each in results.strategies}
    rows = []
    for i, n in enumerate(results.n_labels):
        row = [
            with_interval(
                paired_difference(accuracy[each][:, i], accuracy[reference][:, i]),
                points,
            )
            for each in others
        ]
        rows.append([whole(n), *row])
    return Table(
        f"Points of {results.score} over {reference}",
        ["labels", *others],
        rows,
        "By round, with a paired t interval." if results.seeds[1:] else "By round.",
    )


def computing_table(results):
    """Seconds and memory of queries and trainings."""
    rows = []
    for strategy in results.strategies:
        parts = ("query", "embedding", "clustering")
        queries = [results.values(strategy, f"{part}_seconds") for part in parts]
        counts = [
            results.values(strategy, f"n_{x}") for x in ("clusters", "candidates")
        ]
        fits = results.values(strategy, "fit_seconds")
        row = [amount(_mean(each[:, 1:])) for each in queries]
        row += [amount(fits.mean()), amount(results.seconds(strategy)[:, -1].mean())]
        row += [amount(results.peak_memory(strategy))]
        row += [whole(_mean(each[:, 1:])) for each in counts]
        rows.append([strategy, *row])
    return Table(
        "Means of a round",
        [
            "strategy",
            *(f"{part} (s)" for part in (*parts, "training", "all")),
            "memory (MiB)",
            "clusters",
            "candidates",
        ],
        rows,
        "Over rounds and seeds; embedding and clustering are parts of the query. All:"
        " the computing behind the last model, with the trainings that queries needed."
        " Memory: the peak of a run, mean over seeds.",
    )


def cost_table(results, prices):
    """Money at the end and for equal accuracy, and what is saved against random."""
    end = equal_accuracies(results)[-1]
    curves = {each: results.mean_curve(each) for each in results.strategies}
    reference = curves.get(results.random)
    rows = []
    for strategy, curve in curves.items():
        row = [amount(cost(curve, prices)[-1]), amount(cost_at(curve, prices, end))]
        if reference is not None:
            row += _cost_saved(curve, reference, prices)
        rows.append([strategy, *row])
    saved = ["saved (%)", "worth labels"] if reference is not None else []
    note = (
        f"At {prices.label:g} a label and {prices.hour:g} an hour of computing, on the"
        f" curves of means. {percent(end)} is the highest accuracy that all reach."
    )
    if saved:
        note += (
            f" Saved: against {results.random}, the mean over accuracies that both"
            " reach."
        )
    columns = ["strategy", "all rounds", f"for {percent(end)}", *saved]
    return Table("Money", columns, rows, note)


def _cost_saved(curve, reference, prices):
    if curve is reference or not cost(reference, prices).any():
        return [NOT_KNOWN, NOT_KNOWN]
    share = in_percent(overall_cost_reduction(curve, reference, prices))
    if not prices.label:
        return [share, NOT_KNOWN]
    return [share, whole(equivalent_saving(curve, reference, prices))]


def _mean(values):
    """The mean of what is known, nan if nothing is."""
    known = values[~np.isnan(values)]
    return known.mean() if known.size else np.nan
