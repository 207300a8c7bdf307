"""Results of ASVP experiments as text, tables and a picture."""

import csv
from pathlib import Path

import numpy as np
from results import SAVINGS, mean_over_known

from modal_clustermargin.comparison import (
    open_figure,
    overall_cost_reduction,
    tidy_axes,
)

_COLORS = {
    "random": "#8d96a3",
    "standard": "#00798c",
    "SVPp": "#edae49",
    "ASVP": "#d1495b",
}


def report(results, prices):
    """Tables of an experiment, as text.

    Parameters
    ----------
    results : ASVPResults

    prices : Prices
        With a price of a label above 0.

    Returns
    -------
    text : str
    """
    head = f"{'labels':>10}" + "".join(f"{n:>15}" for n in results.n_labels)
    lines = [_title(results), "", "Test accuracy, mean ± standard error"]
    for training, curves in results.by_training.items():
        lines += ["", f"{training:<12}{head}"]
        for method in results.methods:
            mean, error, _ = mean_over_known(curves.values(method, "accuracy"))
            cells = [_cell(*pair, ".3f") for pair in zip(mean, error, strict=True)]
            lines.append(f"{method:>22}" + "".join(f"{cell:>15}" for cell in cells))
    lines += ["", f"{'Seconds':<12}{head}"]
    for method in results.methods:
        means = results.curves.seconds(method).mean(axis=0)
        lines.append(f"{method:>22}" + "".join(f"{mean:15.1f}" for mean in means))
    lines += ["", *_savings(results, prices), ""]
    for method in ("SVPp", "ASVP"):
        if method in results.methods:
            shares = zip(
                results.proxy_share(method), results.n_labels[:-1], strict=True
            )
            text = ", ".join(f"{share:.1%} at {n}" for share, n in shares)
            features = results.features_share(method)
            lines += [
                f"A round of {method} takes this share of a fine-tuning: {text} labels",
                f"All features of {method} take this share of all fine-tunings:"
                f" {features:.1%}",
            ]
    if "ASVP" in results.methods:
        at = ["never" if np.isnan(n) else f"{n:.0f}" for n in results.aligned_at()]
        lines.append(f"ASVP refreshes features at labels, by seed: {', '.join(at)}")
    return "\n".join(lines)


def _title(results):
    n_seeds = len(results.seeds)
    title = f"{results.name}, {n_seeds} seed{'s' if n_seeds > 1 else ''}"
    if results.unfinished:
        left_out = ", ".join(map(str, results.unfinished))
        title += f" (unfinished seeds are left out: {left_out})"
    return title


def _savings(results, prices):
    yield (
        f"Saved at {prices.label:g} per label and {prices.hour:g} per hour, by seed (of"
        " the mean curves)"
    )
    yield " " * 28 + "".join(f"{name:>26}" for name in SAVINGS)
    for method, reference in results.pairs():
        by_seed = results.savings(method, reference, prices)
        mean, error, n_seeds = mean_over_known(by_seed)
        of_means = results.savings_of_means(method, reference, prices)
        line = f"{method + ' against ' + reference:>28}"
        for i, form in enumerate((".3f", ".3f", ".0f")):
            line += f"{f'{_cell(mean[i], error[i], form)} ({of_means[i]:{form}})':>26}"
        if n_seeds < len(results.seeds):
            line += (
                f"   {n_seeds} of {len(results.seeds)} seeds have an accuracy in common"
            )
        yield line


def _cell(mean, error, form):
    return f"{mean:{form}}" + ("" if np.isnan(error) else f" ± {error:{form}}")


def write_tables(all_results, prices, folder):
    """Write curves.csv and savings.csv, the numbers of the reports.

    Parameters
    ----------
    all_results : list of ASVPResults

    prices : Prices
        With a price of a label above 0.

    folder : path-like
        An existing folder.
    """
    for name, rows_of in (("curves", _curve_rows), ("savings", _saving_rows)):
        rows = [row for each in all_results for row in rows_of(each, prices)]
        with (Path(folder) / f"{name}.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, rows[0])
            table.writeheader()
            table.writerows(
                {k: "" if v != v else v for k, v in row.items()}  # nan is empty
                for row in rows
            )


def _curve_rows(results, prices):
    for method in results.methods:
        for training, curves in results.by_training.items():
            accuracy = curves.values(method, "accuracy")
            mean, error, n_seeds = mean_over_known(accuracy)
            seconds = curves.seconds(method).mean(axis=0)
            for i, n in enumerate(results.n_labels):
                yield {
                    "experiment": results.name,
                    "method": method,
                    "training": training,
                    "n_labels": n,
                    "n_seeds": n_seeds,
                    "accuracy": mean[i],
                    "accuracy_error": error[i],
                    "seconds": seconds[i],
                }


def _saving_rows(results, prices):
    for method, reference in results.pairs():
        by_seed = results.savings(method, reference, prices)
        mean, error, n_seeds = mean_over_known(by_seed)
        of_means = results.savings_of_means(method, reference, prices)
        for i, saving in enumerate(SAVINGS):
            yield {
                "experiment": results.name,
                "method": method,
                "reference": reference,
                "price_label": prices.label,
                "price_hour": prices.hour,
                "saving": saving,
                "n_seeds": n_seeds,
                "mean": mean[i],
                "error": error[i],
                "of_mean_curves": of_means[i],
            }


def draw_asvp(all_results, prices, path):
    """Draw learning curves, and the cost saved, with a column for each experiment.

    Bands are standard errors over seeds. Each dotted line shows the number of labels at
    which ASVP refreshed the features in a seed.

    Parameters
    ----------
    all_results : list of ASVPResults

    prices : Prices

    path : path-like
        The suffix gives the format.
    """
    with open_figure(path, (4 * len(all_results), 6.4)) as figure:
        axes = figure.subplots(2, len(all_results), squeeze=False)
        for results, (above, below) in zip(all_results, axes.T, strict=True):
            _draw_curves(above, results)
            _draw_cost_saved(below, results, prices)
            tidy_axes(above)
            tidy_axes(below)
        axes[0, 0].legend(frameon=False, loc="lower right", fontsize=9)


def _draw_curves(panel, results):
    for method in results.methods:
        accuracy = results.curves.values(method, "accuracy")
        _draw_band(panel, results.n_labels, accuracy, method, marker="o", markersize=3)
    if "ASVP" in results.methods:
        aligned = results.aligned_at()
        label = "features refreshed"
        for n in np.unique(aligned[~np.isnan(aligned)]):
            style = {"color": _COLORS["ASVP"], "linewidth": 0.8, "linestyle": ":"}
            panel.axvline(n, label=label, **style)
            label = None
    panel.set_title(_title(results), fontsize=10)
    panel.set(xlabel="labels", ylabel="test accuracy")


def _draw_cost_saved(panel, results, prices):
    panel.set(xlabel="test accuracy", ylabel="cost saved, against random")
    if "random" not in results.methods:
        return
    panel.axhline(0, color=_COLORS["random"], linewidth=1)
    curves = {method: results.curves.curves(method) for method in results.methods}
    best = [curve.best_accuracy for each in curves.values() for curve in each]
    low, high = max(each[0] for each in best), min(each[-1] for each in best)
    at = np.linspace(low, high, 100)[1:] if low < high else np.array([high])
    for method in results.methods:
        if method != "random":
            pairs = zip(curves[method], curves["random"], strict=True)
            saved = [overall_cost_reduction(*pair, prices, at=at) for pair in pairs]
            _draw_band(panel, at, np.array(saved), method)


def _draw_band(panel, x, values, method, **style):
    mean, error, _ = mean_over_known(values)
    color = _COLORS.get(method)
    (line,) = panel.plot(x, mean, color=color, label=method, **style)
    low, high = mean - error, mean + error
    panel.fill_between(x, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
