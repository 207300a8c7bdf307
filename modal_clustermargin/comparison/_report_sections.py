"""The sections of a report: sentences, pictures and tables, in their order."""

from typing import NamedTuple

import numpy as np

from modal_clustermargin.comparison import _pictures, _savings, _statistics
from modal_clustermargin.comparison._formatting import (
    format_amount,
    format_count,
    format_percent,
    format_percent_number,
    format_points,
    with_interval,
)
from modal_clustermargin.comparison._learning_curves import labels_needed


class Picture(NamedTuple):
    """A PNG file, and a text for readers who cannot see it."""

    path: object
    alt: str


class Table(NamedTuple):
    """A title, and a dict of text cells for each row."""

    title: str
    records: list
    is_text: bool = False  # text is aligned to the left, numbers to the right


def sections(folder, settings, results, bootstrap, prices, data):
    """Draw the pictures; yield the title and blocks of all sections with content."""
    pictures = folder.path / "pictures"
    pictures.mkdir(exist_ok=True)
    yield "Learning curves", [*_accuracy(results, pictures / "curves.png")]
    if len(results.strategies) > 1:
        path = pictures / "differences.png"
        yield "Differences", [*_differences(results, bootstrap, path)]
    yield "Time and memory", [*_computing(results)]
    curves = {each: results.mean_curve(each) for each in results.strategies}
    if any(_savings.cost(curve, prices).any() for curve in curves.values()):
        yield "Cost", [*_cost(results, curves, prices, pictures / "cost.png")]
    shown = [] if data is None else [*_galleries(folder, results, data, pictures)]
    if shown:
        text = "Picks of the last round, from the clusters with the most picks."
        yield "Clusters", [text, *shown]
    yield "Settings and versions", [*_settings(settings, results)]


def _accuracy(results, path):
    """Mean accuracy in each round, and the area."""
    if results.seeds[1:]:
        yield "Bands are standard errors over seeds."
    _pictures.draw_curves(results, path)
    yield Picture(path, f"Learning curves: test {results.score} by number of labels.")
    records = [{"labels": format_count(n)} for n in results.n_labels]
    records.append({"labels": "area"})
    for strategy in results.strategies:
        areas = _statistics.areas_under_curve(results, strategy)
        values = np.column_stack([results.values(strategy, "accuracy"), areas])
        means, errors = _statistics.mean_and_error(values)
        for record, mean, error in zip(records, means, errors, strict=True):
            record[strategy] = format_percent_number(mean)
            if not np.isnan(error):
                record[strategy] += f" ± {format_percent_number(error)}"
    yield Table(f"Test {results.score} (%)", records)
    yield (
        ("Mean over seeds ± its standard error. " if results.seeds[1:] else "")
        + "The area is the mean accuracy over labels by the trapezoid rule, including"
        " the common start."
    )


def _differences(results, bootstrap, path):
    """Points of area and labels saved, against random and against the best."""
    ranking = _statistics.ranking(results)
    reference = results.random or ranking[0]
    text = (
        "Labels saved are counted at the highest accuracy that both strategies reach;"
        " the share saved is a mean over all accuracies that both reach."
    )
    if results.seeds[1:]:
        text += (
            " In brackets are 95 % intervals: a paired t interval for points, a"
            " bootstrap over seeds for labels. If an interval contains 0, the"
            " difference is within noise. With many strategies, some intervals exclude"
            " 0 by chance."
        )
    yield text
    _pictures.draw_differences(results, reference, path)
    alt = f"Points of area, and of {results.score} by round, over {reference}."
    yield Picture(path, alt)
    for other in dict.fromkeys([reference, ranking[0]]):
        records = []
        for strategy in ranking:
            if strategy == other:
                continue
            difference = _statistics.area_difference(results, strategy, other)
            saving = bootstrap.saving(strategy, other)
            n_won = _statistics.seeds_won(results, strategy, other)
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
        yield Table(f"Against {other}", records)
    records = []
    for strategy in ranking:
        records.append({"strategy": strategy})
        curve = results.mean_curve(strategy)
        for accuracy in _statistics.equal_accuracies(results):
            n_labels = format_count(labels_needed(curve, accuracy))
            records[-1][format_percent(accuracy)] = n_labels
    yield Table("Labels needed for equal accuracy", records)
    yield (
        "On the mean curves. The last accuracy is the highest that all strategies"
        " reach."
    )


def _computing(results):
    """Seconds and memory of queries and trainings."""

    def mean(column):
        """Mean over seeds and queries, nan if no query has a value."""
        values = results.values(strategy, column)[:, 1:]
        known = values[~np.isnan(values)]
        return known.mean() if known.size else np.nan

    records = []
    for strategy in results.strategies:
        amounts = {
            "query (s)": mean("query_seconds"),
            "embedding (s)": mean("embedding_seconds"),
            "clustering (s)": mean("clustering_seconds"),
            "training (s)": results.values(strategy, "fit_seconds").mean(),
            "total (s)": results.seconds(strategy)[:, -1].mean(),
            "memory (MiB)": results.peak_memory(strategy),
        }
        counts = {each: mean(f"n_{each}") for each in ("clusters", "candidates")}
        cells = {name: format_amount(value) for name, value in amounts.items()}
        cells |= {name: format_count(value) for name, value in counts.items()}
        records.append({"strategy": strategy, **cells})
    yield Table("Time, memory and clusters", records)
    yield (
        "Means over rounds and seeds. Embedding and clustering are parts of the query."
        " The total is the computing for the last model: all queries, the last"
        " training, and earlier trainings if the queries need them. The memory is the"
        " highest peak of a query, as a mean over seeds."
    )


def _cost(results, curves, prices, path):
    """Cost at the end and for equal accuracy, and savings against random."""
    _pictures.draw_curves(results, path, prices)
    yield Picture(path, f"Test {results.score} by the cost of labels and computing.")
    end = _statistics.equal_accuracies(results)[-1]
    note = (
        f"At {prices}, on the mean curves. {format_percent(end)} is the highest"
        f" {results.score} that all strategies reach."
    )
    reference = curves.get(results.random)
    if reference is not None:
        note += (
            f" Savings are against {results.random}, as a mean over the accuracies that"
            " both reach."
        )
    records = []
    for strategy, curve in curves.items():
        all_rounds = _savings.cost(curve, prices)[-1]
        to_end = _savings.cost_at(end, curve, prices)
        record = {
            "strategy": strategy,
            "all rounds": format_amount(all_rounds),
            f"for {format_percent(end)}": format_amount(to_end),
        }
        if reference is not None:
            share = n_labels = np.nan
            if curve is not reference:
                share = _savings.overall_cost_reduction(curve, reference, prices)
                if prices.label:
                    n_labels = _savings.equivalent_saving(curve, reference, prices)
            record["saved (%)"] = format_percent_number(share)
            record["worth labels"] = format_count(n_labels)
        records.append(record)
    yield Table("Cost", records)
    yield note


def _galleries(folder, results, data, pictures):
    """Images of the last picks, for strategies with clusters."""
    seed, number = results.seeds[0], len(results.n_labels) - 1
    for i, strategy in enumerate(results.strategies):
        picks = folder.read_picks(strategy, seed, number)
        if "cluster" not in picks:
            continue
        chosen = _pictures.gallery_picks(picks["cluster"])
        thumbnails = data.thumbnails(picks["indices"][chosen])
        if thumbnails is None:  # the rows are not images
            continue
        captions = {
            each: f"cluster {each}\n{np.sum(picks['cluster'] == each)} of {size:,} rows"
            for each, size in enumerate(picks["pool_cluster_sizes"])
        }
        path = pictures / f"gallery-{i}.png"
        title = f"{strategy}, seed {seed}, round {number}"
        cluster = picks["cluster"][chosen]
        _pictures.draw_gallery(thumbnails, cluster, captions, path, title=title)
        yield Picture(path, f"Images picked by {title}, by cluster.")


def _settings(settings, results):
    """Settings of strategies and of the comparison, and versions of packages."""
    if results.versions[1:]:
        yield (
            "Rows were computed with different versions of packages, so differences"
            " between strategies may be differences between versions."
        )
    others = dict(settings)
    strategies = others.pop("strategies").items()
    rows = [{"name": k, "settings": _in_words(v)} for k, v in strategies]
    yield Table("Strategies", rows, is_text=True)
    others.pop("name", None)
    rows = [{"setting": k, "value": _in_words(v)} for k, v in others.items()]
    yield Table("Comparison", rows, is_text=True)
    if results.versions:
        versions = [{"packages": each} for each in results.versions]
        yield Table("Versions", versions, is_text=True)


def _in_words(value):
    if value in (None, {}, []):
        return "not set"
    if isinstance(value, dict):
        return "; ".join(f"{k}: {_in_words(each)}" for k, each in value.items())
    return ", ".join(map(_in_words, value)) if isinstance(value, list) else str(value)
