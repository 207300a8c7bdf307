"""The sections of a report, in their order."""

from typing import NamedTuple

import numpy as np

from modal_clustermargin.comparison._gallery import draw_gallery, gallery_picks
from modal_clustermargin.comparison._pictures import (
    draw_cost,
    draw_curves,
    draw_differences,
)
from modal_clustermargin.comparison._report_tables import (
    Table,
    accuracy_table,
    against_table,
    computing_table,
    cost_table,
    equal_accuracy_table,
)
from modal_clustermargin.comparison._savings import cost
from modal_clustermargin.comparison._statistics import ranking


class Picture(NamedTuple):
    """A PNG file, and a text for readers who cannot see it."""

    path: object
    alt: str


class Section(NamedTuple):
    """A title, sentences, pictures and tables."""

    title: str
    sentences: list
    pictures: list
    tables: list


def sections(folder, settings, results, bootstrap, prices, data):
    """Draw the pictures, and return all sections that are not empty."""
    pictures = folder.path / "pictures"
    pictures.mkdir(exist_ok=True)
    parts = [_accuracy(results, pictures)]
    if len(results.strategies) > 1:
        parts.append(_differences(results, bootstrap, pictures))
    parts.append(Section("Time and memory", [], [], [computing_table(results)]))
    if any(cost(results.mean_curve(s), prices).any() for s in results.strategies):
        parts.append(_cost(results, prices, pictures))
    if data is not None:
        parts += _galleries(folder, results, data, pictures)
    return [*parts, _settings(settings, results)]


def _accuracy(results, pictures):
    path = pictures / "curves.png"
    draw_curves(results, path)
    alt = f"Learning curves: test {results.score} by number of labels."
    text = ["Bands are standard errors over seeds."] if results.seeds[1:] else []
    return Section(
        "Learning curves", text, [Picture(path, alt)], [accuracy_table(results)]
    )


def _differences(results, bootstrap, pictures):
    best = ranking(results)[0]
    reference = results.random or best
    path = pictures / "differences.png"
    draw_differences(results, reference, path)
    alt = f"Points of area, and of {results.score} by round, over {reference}."
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
    references = dict.fromkeys([reference, best])
    tables = [against_table(results, bootstrap, each) for each in references]
    tables.append(equal_accuracy_table(results))
    return Section("Differences", [text], [Picture(path, alt)], tables)


def _cost(results, prices, pictures):
    path = pictures / "cost.png"
    draw_cost(results, prices, path)
    alt = f"Test {results.score} by the cost of labels and computing."
    return Section("Cost", [], [Picture(path, alt)], [cost_table(results, prices)])


def _galleries(folder, results, data, pictures):
    """Yield a section with images of the last picks, for strategies with clusters."""
    seed, number = results.seeds[0], len(results.n_labels) - 1
    shown = []
    for i, strategy in enumerate(results.strategies):
        picks = folder.read_picks(strategy, seed, number)
        if picks is None or picks.cluster is None:
            continue
        chosen = gallery_picks(picks.cluster)
        thumbnails = data.thumbnails(picks.indices[chosen])
        if thumbnails is None:  # the rows are not images
            continue
        path = pictures / f"gallery-{i}.png"
        title = f"{strategy}, seed {seed}, round {number}"
        cluster = picks.cluster[chosen]
        captions = {each: _caption(picks, each) for each in np.unique(cluster)}
        draw_gallery(thumbnails, cluster, captions, path, title=title)
        shown.append(Picture(path, f"Images picked by {title}, by cluster."))
    if shown:
        text = "Picks of the last round, from the clusters with the most picks."
        yield Section("Clusters", [text], shown, [])


def _caption(picks, cluster):
    n_picks = np.count_nonzero(picks.cluster == cluster)
    size = picks.pool_cluster_sizes[cluster]
    return f"cluster {cluster}\n{n_picks} of {size:,} rows"


def _settings(settings, results):
    strategies = [
        {"name": label, "settings": _setting_text(each)}
        for label, each in settings["strategies"].items()
    ]
    others = [
        {"setting": name, "value": _setting_text(value)}
        for name, value in settings.items()
        if name not in ("name", "strategies")
    ]
    sentences = []
    if results.versions[1:]:
        sentences.append(
            "Rows were computed with different versions of packages, so differences"
            " between strategies may be differences between versions."
        )
    versions = [{"packages": each} for each in results.versions]
    tables = [
        Table("Strategies", strategies, is_text=True),
        Table("Comparison", others, is_text=True),
        Table("Versions", versions, is_text=True),
    ]
    return Section("Settings and versions", sentences, [], tables)


def _setting_text(value):
    if value in (None, {}, []):
        return "not set"
    if isinstance(value, dict):
        return "; ".join(f"{k}: {_setting_text(each)}" for k, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_setting_text, value))
    return str(value)
