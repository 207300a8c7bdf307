"""The sections of a comparison's report: what belongs together, in the order read."""

from typing import NamedTuple

import numpy as np

from modal_clustermargin.comparison._cluster_pictures import (
    draw_cluster_sizes,
    draw_gallery,
    gallery_picks,
)
from modal_clustermargin.comparison._costs import cost
from modal_clustermargin.comparison._findings import missing
from modal_clustermargin.comparison._formatting import counted
from modal_clustermargin.comparison._pictures import (
    draw_computing,
    draw_cost,
    draw_curves,
    draw_differences,
    draw_wins,
)
from modal_clustermargin.comparison._report_tables import (
    Table,
    accuracy_table,
    against_table,
    computing_table,
    cost_table,
    equal_accuracy_table,
    rounds_table,
    wins_table,
)
from modal_clustermargin.comparison._statistics import ranking

_INTERVALS = (
    "In brackets are 95 % intervals: of points, by the paired t distribution over"
    " seeds; of labels, by drawing seeds. Labels saved are those at the highest"
    " accuracy that both mean curves reach; the share saved is the mean over all that"
    " both reach. Each interval is for one comparison: of many, some leave 0 out by"
    " chance."
)


class Picture(NamedTuple):
    """A file in the folder, and what it shows, for those who do not see it."""

    path: object
    says: str


class Section(NamedTuple):
    """A title, sentences, pictures and tables."""

    title: str
    sentences: list
    pictures: list
    tables: list


def sections(settings, results, bootstrap, prices, pictures, *, picks, data):
    """All sections of a report; their pictures are drawn.

    Parameters
    ----------
    settings : dict
        The ``comparison.json``.

    results : ComparisonResults

    bootstrap : Bootstrap

    prices : Prices

    pictures : Path
        Folder to draw them into, that is there.

    picks : tuple of two lists of Picks
        Of the first query, and of the last.

    data : object with ``thumbnails(rows)``, or None

    Returns
    -------
    sections : list of Section
        Those that these results have something to show in.
    """
    several = len(results.strategies) > 1
    parts = [_accuracy(results, pictures)]
    if several:
        parts.append(_differences(results, bootstrap, pictures))
        parts.append(_wins(results, pictures))
    parts.append(_computing(results, pictures))
    parts.append(_cost(results, prices, pictures))
    parts += _clusters(results, picks, data, pictures)
    parts.append(_settings(settings, results))
    not_there = missing(results) or ["Nothing is missing."]
    return [*parts, Section("What is missing", not_there, [], [])]


def _accuracy(results, pictures):
    path = pictures / "curves.png"
    draw_curves(results, path)
    says = "Learning curves of all strategies: test accuracy by number of labels."
    text = "Bands are standard errors over seeds." if results.seeds[1:] else ""
    tables = [accuracy_table(results)]
    return Section(
        "Learning curves", [text] * bool(text), [Picture(path, says)], tables
    )


def _differences(results, bootstrap, pictures):
    reference = results.random or ranking(results)[0]
    path = pictures / "differences.png"
    draw_differences(results, reference, path)
    says = f"Points of area and of accuracy that strategies have over {reference}."
    tables = [
        *([against_table(results, bootstrap, reference)] * bool(results.random)),
        against_table(results, bootstrap),
        equal_accuracy_table(results),
        rounds_table(results, reference),
    ]
    intervals = [_INTERVALS] if results.seeds[1:] else []
    return Section("Differences", intervals, [Picture(path, says)], tables)


def _wins(results, pictures):
    path = pictures / "wins.png"
    draw_wins(results, path)
    says = "In how many seeds each strategy beats each other one."
    return Section("Pairwise wins", [], [Picture(path, says)], [wins_table(results)])


def _computing(results, pictures):
    path = pictures / "computing.png"
    draw_computing(results, path)
    says = "Seconds of a query by number of labels, and peak memory, by strategy."
    tables = [computing_table(results)]
    return Section("Time and memory", [], [Picture(path, says)], tables)


def _cost(results, prices, pictures):
    if not any(cost(results.mean_curve(s), prices).any() for s in results.strategies):
        text = f"With {prices} nothing costs anything: there is nothing to show."
        return Section("Cost", [text], [], [])
    path = pictures / "cost.png"
    draw_cost(results, prices, path)
    says = "Test accuracy by the money that labels and computing cost."
    return Section("Cost", [], [Picture(path, says)], [cost_table(results, prices)])


def _clusters(results, picks, data, pictures):
    first_query, last_query = picks
    if not first_query:
        return
    path = pictures / "cluster_sizes.png"
    draw_cluster_sizes(results, first_query, path)
    says = "Numbers of clusters of at least a size, of the pool and of the picks."
    seed = results.seeds[0]
    shown = [Picture(path, says)]
    sentences = [
        f"Sizes are those at the first query of seed {seed}: of all clusters of the"
        " pool, and of those that rows were picked from."
    ]
    for i, picks in enumerate(last_query if data is not None else ()):
        chosen = gallery_picks(picks.cluster)
        thumbnails = data.thumbnails(picks.indices[chosen])
        if thumbnails is None:
            continue
        path = pictures / f"gallery-{i}.png"
        title = f"{picks.strategy}, seed {seed}, round {picks.round}"
        cluster = picks.cluster[chosen]
        says = {each: _about_cluster(picks, each) for each in np.unique(cluster)}
        draw_gallery(thumbnails, cluster, says, path, title=title)
        shown.append(Picture(path, f"Images picked by {title}, by cluster."))
    if shown[1:]:
        sentences.append(
            "The galleries have the picks of the last round: clusters with most picks"
            " first, as many as there is room for. Beside them, how many of the"
            " cluster's rows were picked."
        )
    yield Section("Clusters", sentences, shown, [])


def _about_cluster(picks, cluster):
    size, n_picks = picks.size_of(cluster), int((picks.cluster == cluster).sum())
    of = "" if size is None else f" of {size:,}"
    return f"cluster {cluster}\n{n_picks} picked{of}"


def _settings(settings, results):
    rows = [
        [name, _said(value)]
        for name, value in settings.items()
        if name not in ("name", "strategies")
    ]
    strategies = [
        [label, _said(how)] for label, how in settings.get("strategies", {}).items()
    ]
    versions = [[each] for each in results.versions]
    sentences = [f"Means are over {counted(len(results.seeds), 'seed')}."]
    if versions[1:]:
        sentences.append(
            "Rows were computed with several versions, so that differences between"
            " strategies may be differences between versions."
        )
    tables = [
        Table("Strategies", ["name", "what it is"], strategies, is_words=True),
        Table("The comparison", ["setting", "value"], rows, is_words=True),
        Table("Versions", ["computed with"], versions, is_words=True),
    ]
    tables = [each for each in tables if each.rows]
    return Section("Settings and versions", sentences, [], tables)


def _said(value):
    """A setting in words: names and values, lists with commas."""
    if value in (None, {}, []):
        return "not set"
    if isinstance(value, dict):
        return "; ".join(
            str(each) if name in ("name", "strategy") else f"{name}: {_said(each)}"
            for name, each in value.items()
            if each not in (None, {}, [])
        )
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return str(value)
