"""The tables of a report, as text cells."""

from typing import NamedTuple

import numpy as np

from modal_clustermargin.comparison._formatting import (
    NOT_KNOWN,
    format_amount,
    format_count,
    format_percent,
    format_percent_number,
    format_points,
    with_error,
    with_interval,
)
from modal_clustermargin.comparison._learning_curves import labels_needed
from modal_clustermargin.comparison._savings import (
    cost,
    cost_at,
    equivalent_saving,
    overall_cost_reduction,
)
from modal_clustermargin.comparison._statistics import (
    area_difference,
    areas_under_curve,
    equal_accuracies,
    mean_and_error,
    ranking,
    seeds_won,
)


class Table(NamedTuple):
    """A title, column names, rows of text cells, and a note."""

    title: str
    columns: list
    rows: list
    note: str = ""
    is_text: bool = False  # text is aligned to the left, numbers to the right


def accuracy_table(results):
    """Mean accuracy in each round, and the area."""

    def row(name, values):
        cells = [mean_and_error(each) for each in values]
        return [
            name,
            *(with_error(*each, format_percent_number) for each in cells),
        ]

    accuracy = [results.values(each, "accuracy") for each in results.strategies]
    rows = [
        row(format_count(n), [values[:, i] for values in accuracy])
        for i, n in enumerate(results.n_labels)
    ]
    rows.append(
        row("area", [areas_under_curve(results, s) for s in results.strategies])
    )
    return Table(
        f"Test {results.score} (%)",
        ["labels", *results.strategies],
        rows,
        ("Mean over seeds ± its standard error. " if results.seeds[1:] else "")
        + "The area is the mean accuracy over labels by the trapezoid rule, including"
        " the common start.",
    )


def against_table(results, bootstrap, reference):
    """Points of area and labels saved against one strategy."""
    rows = []
    for strategy in ranking(results):
        if strategy == reference:
            continue
        saving = bootstrap.saving(strategy, reference)
        rows.append(
            [
                strategy,
                with_interval(
                    area_difference(results, strategy, reference), format_points
                ),
                with_interval(saving.labels, format_count),
                format_percent_number(saving.accuracy),
                with_interval(saving.share, format_percent_number),
                f"{seeds_won(results, strategy, reference)} of {len(results.seeds)}",
            ]
        )
    return Table(
        f"Against {reference}",
        [
            "strategy",
            "points of area",
            "labels saved",
            "at (%)",
            "saved (%)",
            "seeds won",
        ],
        rows,
    )


def equal_accuracy_table(results):
    """Labels needed for accuracies that all strategies reach."""
    accuracies = equal_accuracies(results)
    rows = [
        [each, *map(format_count, labels_needed(results.mean_curve(each), accuracies))]
        for each in ranking(results)
    ]
    return Table(
        "Labels needed for equal accuracy",
        ["strategy", *map(format_percent, accuracies)],
        rows,
        "On the mean curves. The last accuracy is the highest that all strategies"
        " reach.",
    )


def computing_table(results):
    """Seconds and memory of queries and trainings."""
    rows = []
    for strategy in results.strategies:
        seconds = [
            _mean_of_queries(results, strategy, f"{part}_seconds")
            for part in ("query", "embedding", "clustering")
        ]
        seconds.append(results.values(strategy, "fit_seconds").mean())
        seconds.append(results.seconds(strategy)[:, -1].mean())
        counts = [
            _mean_of_queries(results, strategy, column)
            for column in ("n_clusters", "n_candidates")
        ]
        rows.append(
            [
                strategy,
                *map(format_amount, [*seconds, results.peak_memory(strategy)]),
                *map(format_count, counts),
            ]
        )
    return Table(
        "Time, memory and clusters",
        [
            "strategy",
            "query (s)",
            "embedding (s)",
            "clustering (s)",
            "training (s)",
            "total (s)",
            "memory (MiB)",
            "clusters",
            "candidates",
        ],
        rows,
        "Means over rounds and seeds. Embedding and clustering are parts of the query."
        " The total is the computing for the last model: all queries, the last"
        " training, and earlier trainings if the queries need them. The memory is the"
        " highest peak of a query, as a mean over seeds.",
    )


def cost_table(results, prices):
    """Cost at the end and for equal accuracy, and savings against random."""
    end = equal_accuracies(results)[-1]
    curves = {each: results.mean_curve(each) for each in results.strategies}
    reference = curves.get(results.random)
    rows = []
    for strategy, curve in curves.items():
        row = [cost(curve, prices)[-1], cost_at(curve, prices, end)]
        row = [strategy, *map(format_amount, row)]
        if reference is not None:
            row += _cost_saved(curve, reference, prices)
        rows.append(row)
    columns = ["strategy", "all rounds", f"for {format_percent(end)}"]
    note = (
        f"At {prices.label:g} per label and {prices.hour:g} per hour of computing, on"
        f" the mean curves. {format_percent(end)} is the highest {results.score} that"
        " all strategies reach."
    )
    if reference is not None:
        columns += ["saved (%)", "worth labels"]
        note += (
            f" Savings are against {results.random}, as a mean over the accuracies that"
            " both reach."
        )
    return Table("Cost", columns, rows, note)


def _cost_saved(curve, reference, prices):
    if curve is reference or not cost(reference, prices).any():
        return [NOT_KNOWN, NOT_KNOWN]
    share = format_percent_number(overall_cost_reduction(curve, reference, prices))
    if not prices.label:
        return [share, NOT_KNOWN]
    return [share, format_count(equivalent_saving(curve, reference, prices))]


def _mean_of_queries(results, strategy, column):
    """Mean over seeds and queries, nan if no query has a value."""
    values = results.values(strategy, column)[:, 1:]
    known = values[~np.isnan(values)]
    return known.mean() if known.size else np.nan
