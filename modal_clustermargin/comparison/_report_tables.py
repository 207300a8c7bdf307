"""The tables of a report, as text cells."""

from functools import partial
from typing import NamedTuple

import numpy as np

from modal_clustermargin.comparison._formatting import (
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
    """A title, rows of text cells by column, and a note."""

    title: str
    records: list  # of dict
    note: str = ""
    is_text: bool = False  # text is aligned to the left, numbers to the right

    @property
    def columns(self):
        return list(self.records[0]) if self.records else []

    @property
    def rows(self):
        return [list(record.values()) for record in self.records]


def accuracy_table(results):
    """Mean accuracy in each round, and the area."""

    names = [*map(format_count, results.n_labels), "area"]
    columns = {"labels": names}
    for strategy in results.strategies:
        areas = areas_under_curve(results, strategy)
        values = np.column_stack([results.values(strategy, "accuracy"), areas])
        columns[strategy] = [
            with_error(*each, format_percent_number)
            for each in zip(*mean_and_error(values), strict=True)
        ]
    cells = zip(*columns.values(), strict=True)
    return Table(
        f"Test {results.score} (%)",
        [dict(zip(columns, each, strict=True)) for each in cells],
        ("Mean over seeds ± its standard error. " if results.seeds[1:] else "")
        + "The area is the mean accuracy over labels by the trapezoid rule, including"
        " the common start.",
    )


def against_table(results, bootstrap, reference):
    """Points of area and labels saved against one strategy."""
    records = []
    for strategy in ranking(results):
        if strategy == reference:
            continue
        difference = area_difference(results, strategy, reference)
        saving = bootstrap.saving(strategy, reference)
        n_won = seeds_won(results, strategy, reference)
        records.append(
            {
                "strategy": strategy,
                "points of area": with_interval(difference, format_points),
                "labels saved": with_interval(saving.labels, format_count),
                "at (%)": format_percent_number(saving.accuracy),
                "saved (%)": with_interval(saving.share, format_percent_number),
                "seeds won": f"{n_won} of {len(results.seeds)}",
            }
        )
    return Table(f"Against {reference}", records)


def equal_accuracy_table(results):
    """Labels needed for accuracies that all strategies reach."""
    records = []
    for strategy in ranking(results):
        curve = results.mean_curve(strategy)
        records.append({"strategy": strategy})
        for accuracy in equal_accuracies(results):
            n_labels = format_count(labels_needed(curve, accuracy))
            records[-1][format_percent(accuracy)] = n_labels
    return Table(
        "Labels needed for equal accuracy",
        records,
        "On the mean curves. The last accuracy is the highest that all strategies"
        " reach.",
    )


def computing_table(results):
    """Seconds and memory of queries and trainings."""
    records = []
    for strategy in results.strategies:
        mean = partial(_mean_of_queries, results, strategy)
        training = results.values(strategy, "fit_seconds").mean()
        total = results.seconds(strategy)[:, -1].mean()
        records.append(
            {
                "strategy": strategy,
                "query (s)": format_amount(mean("query_seconds")),
                "embedding (s)": format_amount(mean("embedding_seconds")),
                "clustering (s)": format_amount(mean("clustering_seconds")),
                "training (s)": format_amount(training),
                "total (s)": format_amount(total),
                "memory (MiB)": format_amount(results.peak_memory(strategy)),
                "clusters": format_count(mean("n_clusters")),
                "candidates": format_count(mean("n_candidates")),
            }
        )
    return Table(
        "Time, memory and clusters",
        records,
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
    records = []
    for strategy, curve in curves.items():
        record = {
            "strategy": strategy,
            "all rounds": format_amount(cost(curve, prices)[-1]),
            f"for {format_percent(end)}": format_amount(cost_at(curve, prices, end)),
        }
        if reference is not None:
            record |= _cost_saved(curve, reference, prices)
        records.append(record)
    note = (
        f"At {prices.label:g} per label and {prices.hour:g} per hour of computing, on"
        f" the mean curves. {format_percent(end)} is the highest {results.score} that"
        " all strategies reach."
    )
    if reference is not None:
        note += (
            f" Savings are against {results.random}, as a mean over the accuracies that"
            " both reach."
        )
    return Table("Cost", records, note)


def _cost_saved(curve, reference, prices):
    share = n_labels = np.nan
    if curve is not reference and cost(reference, prices).any():
        share = overall_cost_reduction(curve, reference, prices)
        if prices.label:
            n_labels = equivalent_saving(curve, reference, prices)
    return {
        "saved (%)": format_percent_number(share),
        "worth labels": format_count(n_labels),
    }


def _mean_of_queries(results, strategy, column):
    """Mean over seeds and queries, nan if no query has a value."""
    values = results.values(strategy, column)[:, 1:]
    known = values[~np.isnan(values)]
    return known.mean() if known.size else np.nan
