"""Results of ASVP experiments as text to read and as tables to compute with."""

import csv
from pathlib import Path

import numpy as np
from _asvp_results import (
    SAVINGS,
    mean_and_error,
)

_CURVES = (
    "experiment",
    "method",
    "training",
    "n_labels",
    "n_seeds",
    "accuracy",
    "accuracy_error",
    "seconds",
)
_SAVED = (
    "experiment",
    "method",
    "reference",
    "price_label",
    "price_hour",
    "saving",
    "n_seeds",
    "mean",
    "error",
    "of_mean_curves",
)


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
    head = "".join(f"{n:>15}" for n in results.n_labels)
    lines = [_title(results), "", "Test accuracy, mean ± its standard error"]
    ways = {method: results.accuracies(method) for method in results.methods}
    for way in ways[results.methods[0]]:
        lines += ["", f"{way:<12}{'labels':>10}{head}"]
        for method in results.methods:
            cells = _cells(*mean_and_error(ways[method][way])[:2], "{:.3f}")
            lines.append(f"{method:>22}" + "".join(f"{cell:>15}" for cell in cells))
    lines += ["", f"{'Seconds':<12}{'labels':>10}{head}"]
    for method in results.methods:
        means = results.seconds(method).mean(axis=0)
        lines.append(f"{method:>22}" + "".join(f"{mean:15.1f}" for mean in means))
    lines += ["", *_savings(results, prices), ""]
    for method in results.methods:
        if method in ("SVPp", "ASVP"):
            shares = zip(
                results.proxy_share(method), results.n_labels[:-1], strict=True
            )
            text = ", ".join(f"{share:.1%} at {n}" for share, n in shares)
            lines.append(f"A round of {method}, of the seconds of fine-tuning: {text};")
            share = results.features_share(method)
            lines.append(f"its features, of those of all fine-tunings: {share:.1%}")
    if "ASVP" in results.methods:
        at = ["never" if np.isnan(n) else f"{n:.0f}" for n in results.aligned_at()]
        lines.append(f"Features refreshed at labels, by seed: {', '.join(at)}")
    return "\n".join(lines)


def write_tables(all_results, prices, folder):
    """Write curves.csv and savings.csv: what the report says, to compute with.

    Parameters
    ----------
    all_results : list of ASVPResults

    prices : Prices
        With a price of a label above 0.

    folder : path-like
        That is there. Tables of before are replaced.
    """
    tables = {"curves.csv": (_CURVES, _curve_rows), "savings.csv": (_SAVED, _saved)}
    for name, (columns, rows_of) in tables.items():
        with (Path(folder) / name).open("w", newline="") as file:
            table = csv.DictWriter(file, columns)
            table.writeheader()
            for results in all_results:
                table.writerows(rows_of(results, prices))


def _curve_rows(results, prices):
    for method in results.methods:
        seconds = results.seconds(method).mean(axis=0)
        for way, accuracy in results.accuracies(method).items():
            mean, error, n_seeds = mean_and_error(accuracy)
            for i, n in enumerate(results.n_labels):
                values = (n, n_seeds, mean[i], _or_empty(error[i]))
                # Counted for the training that is final, which is the switched one.
                row = (results.name, method, way, *values)
                last = seconds[i] if way == "switched" else ""
                yield dict(zip(_CURVES, (*row, last), strict=True))


def _saved(results, prices):
    for method, reference in results.pairs():
        by_seed = results.savings(method, reference, prices)
        mean, error, n_seeds = mean_and_error(by_seed)
        of_means = results.savings_of_means(method, reference, prices)
        for i, saving in enumerate(SAVINGS):
            values = [_or_empty(each[i]) for each in (mean, error, of_means)]
            about = (results.name, method, reference, prices.label, prices.hour)
            row = (*about, saving, n_seeds, *values)
            yield dict(zip(_SAVED, row, strict=True))


def _title(results):
    n_seeds = len(results.seeds)
    title = f"{results.name}, {n_seeds} seed{'s' if n_seeds > 1 else ''}"
    if results.unfinished:
        left_out = ", ".join(map(str, results.unfinished))
        title += f" (left out, as rows are missing: {left_out})"
    return title


def _savings(results, prices):
    """Lines on what is saved; in brackets, of the curves of means."""
    yield (
        f"Saved, at {prices.label:g} a label and {prices.hour:g} an hour; in brackets,"
        " by the mean curves"
    )
    yield " " * 28 + "".join(f"{name:>26}" for name in SAVINGS)
    forms = ("{:.3f}", "{:.3f}", "{:.0f}")
    for method, reference in results.pairs():
        by_seed = results.savings(method, reference, prices)
        mean, error, n_seeds = mean_and_error(by_seed)
        of_means = results.savings_of_means(method, reference, prices)
        line = f"{method + ' against ' + reference:>28}"
        for i, form in enumerate(forms):
            (cell,) = _cells(mean[i : i + 1], error[i : i + 1], form)
            line += f"{cell + ' (' + form.format(of_means[i]) + ')':>26}"
        if n_seeds < len(results.seeds):
            # The others share no accuracy between the two methods.
            line += f"   of seeds, {n_seeds} in {len(results.seeds)}"
        yield line


def _cells(means, errors, form):
    return [
        form.format(mean) + ("" if np.isnan(error) else f" ± {form.format(error)}")
        for mean, error in zip(means, errors, strict=True)
    ]


def _or_empty(value):
    return "" if np.isnan(value) else value
