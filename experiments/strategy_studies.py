"""
Labels that each strategy saves
===============================

This study runs every strategy of the package with ten seeds: on digits with a
convolutional network, with small and large batches; and on synthetic pools of 100,000
rows (redundant, long-tailed, plain), with batches of 1, 5 and 10 percent of the pool.
Each part has a folder with its report. The script prints one table of all parts and
draws one picture.
"""

import argparse
from pathlib import Path

import numpy as np

from modal_clustermargin.comparison import (
    Bootstrap,
    ComparisonFolder,
    ComparisonResults,
    areas_under_curve,
    compare,
    format_points,
    legend_below,
    open_figure,
    paired_difference,
    strategy_styles,
    tidy_axes,
    write_report,
)

# All factors and batches of a seed start with the same model, so they can share
# clusters.
CLUSTERS = {
    "strategy": "cluster-margin",
    "neighbors": "approximate",
    "memory": "../clusters",
}
STRATEGIES = {
    "cluster-margin": CLUSTERS,
    "cluster-margin, factor 1.25": {**CLUSTERS, "candidate_factor": 1.25},
    "cluster-margin, factor 10": {**CLUSTERS, "candidate_factor": 10},
    "badge": {},
    "coreset": {},
    "asvp": {"features": "rows"},
    "margin": {},
    "random": {},
}
CNN = {"name": "cnn", "max_epochs": 20}
MLP = {"name": "mlp", "n_hidden": 64, "max_epochs": 20, "batch_size": 256, "lr": 0.01}


def _digits(batch, rounds):
    return {
        "data": "digits",
        "model": CNN,
        "batch": batch,
        "rounds": rounds,
        "n_initial": 20,
    }


def _pool(kind, batch):
    return {
        "data": {"name": "synthetic", "kind": kind},
        "model": MLP,
        "batch": batch,
        "rounds": 4,
        "n_initial": "1%",
    }


STUDIES = {
    **{
        f"{kind}-{share}": _pool(kind, f"{share}%")
        for kind in ("redundant", "long_tail", "plain")
        for share in (1, 5, 10)
    },
    "digits-40": _digits(40, 8),
    "digits-200": _digits(200, 3),
}


def shortened(settings):
    """Settings of a small run."""
    data, model = settings["data"], {**settings["model"], "max_epochs": 2}
    if data == "digits":
        return {**settings, "model": model, "batch": 20, "rounds": 1}
    data = {**data, "n_pool": 300, "n_test": 100}
    return {**settings, "model": model, "data": data, "rounds": 1}


def lines_of(name, results, n_bootstrap):
    """Yield a line for each strategy: accuracy, points above margin, labels saved.

    "labels fewer than margin" is counted at the highest accuracy that both reach.
    """
    bootstrap = Bootstrap(results, n_bootstrap, np.random.RandomState(0))
    margin = areas_under_curve(results, "margin")
    for i, strategy in enumerate(results.strategies):
        own = areas_under_curve(results, strategy)
        above = paired_difference(own, margin)
        saved = bootstrap.saving(strategy, "random").share
        fewer = bootstrap.saving(strategy, "margin").labels
        yield [
            name if i == 0 else "",
            strategy,
            f"{100 * own.mean():.1f}",
            "" if strategy == "margin" else _with_interval(above),
            "" if strategy == "random" else _share(saved),
            "" if strategy == "margin" else _labels(fewer),
        ]


def _with_interval(estimate):
    text = format_points(estimate.value)
    if np.isnan(estimate.low):  # a single seed has no interval
        return text
    return f"{text} ± {100 * (estimate.high - estimate.value):.2f}"


def _share(estimate):
    return _in_words(estimate, "{:.0%}")


def _labels(estimate):
    return _in_words(estimate, "{:,.0f}")


def _in_words(estimate, form):
    if np.isnan(estimate.value):
        return "no accuracy in common"
    text = form.format(estimate.value)
    if np.isnan(estimate.low):
        return text
    return f"{text} ({form.format(estimate.low)} to {form.format(estimate.high)})"


def table(rows):
    """Rows as aligned text."""
    head = [
        "study",
        "strategy",
        "area, %",
        "points above margin",
        "saved against random",
        "labels fewer than margin",
    ]
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [
        "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def draw(studies, path):
    """Draw points of accuracy above margin sampling, with a panel for each study."""
    n_columns = min(3, len(studies))
    n_rows = -(-len(studies) // n_columns)
    with open_figure(path, (3.6 * n_columns, 2.7 * n_rows + 0.6)) as figure:
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for panel in panels[len(studies) :]:
            panel.remove()
        for panel, (name, results) in zip(panels, studies.items(), strict=False):
            margin = results.values("margin", "accuracy")
            for strategy, look in strategy_styles(results).items():
                above = 100 * (results.values(strategy, "accuracy") - margin)
                panel.plot(results.n_labels, above.mean(axis=0), label=strategy, **look)
            panel.set_title(name, fontsize=9)
            panel.set_ylabel("points above margin", fontsize=8)
            panel.tick_params(labelsize=8)
            tidy_axes(panel)
        legend_below(figure, panels[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("=\n\n")[-1])
    add = parser.add_argument
    add("--studies", nargs="+", choices=STUDIES, default=list(STUDIES))
    add("--seeds", type=int, default=10, help="how many (default: 10)")
    add("--first-seed", type=int, default=0)
    add("--jobs", type=int, default=1, help="processes, with one thread each")
    add("--output", type=Path, default=Path("strategy-studies"))
    add("--report-only", action="store_true", help="report the rows that exist")
    add("--short", action="store_true", help="small runs that take a minute")
    arguments = parser.parse_args()
    first, studies = arguments.first_seed, {}
    for name in arguments.studies:
        settings = STUDIES[name]
        if arguments.short:
            settings = shortened(settings)
        settings = {
            **settings,
            "name": name,
            "strategies": STRATEGIES,
            "seeds": list(range(first, first + arguments.seeds)),
            "device": "cpu",
        }
        path = arguments.output / name
        if not arguments.report_only:
            compare(settings, path, n_jobs=arguments.jobs)
        write_report(path)
        folder = ComparisonFolder(path)
        studies[name] = ComparisonResults(folder.rows(), settings=folder.settings())
    n_bootstrap = 100 if arguments.short else 2000
    rows = [
        line
        for name, results in studies.items()
        for line in lines_of(name, results, n_bootstrap)
    ]
    text = table(rows)
    (arguments.output / "strategy_studies.txt").write_text(text, encoding="utf-8")
    draw(studies, arguments.output / "strategy_studies.png")
    print(text)


if __name__ == "__main__":
    main()
