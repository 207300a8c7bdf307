"""What the rows of ASVP experiments come to: curves, savings, and a picture."""

import numpy as np

from modal_clustermargin.experiments._learning_curves import LearningCurve
from modal_clustermargin.experiments._savings import (
    equivalent_saving,
    overall_cost_reduction,
    sample_saving_ratio,
)

_COLORS = {
    "random": "#8d96a3",
    "standard": "#00798c",
    "SVPp": "#edae49",
    "ASVP": "#d1495b",
}
_SELECTION = ("features", "indicator", "fine_tuning", "proxy", "selection")


class ASVPResults:
    """Rows of one experiment, by method and seed.

    Parameters
    ----------
    rows : list of dict
        As `run_rounds` yields them or as they were read from a table; of one
        experiment.

    switch_at : int
        Labels from which on the final training of all methods but ASVP is plain
        fine-tuning; that of ASVP is what it decided.

    Attributes
    ----------
    methods : list of str

    n_labels : ndarray of shape (n_points,)
        Those at which networks were tested.

    seeds : list of int
        Those that all methods have all rows of; the others are left out.
    """

    def __init__(self, rows, switch_at):
        self.name = rows[0]["experiment"]
        self.switch_at = switch_at
        self._rows = {
            (row["method"], int(row["seed"]), int(row["n_labels"])): _numbers(row)
            for row in rows
        }
        self.methods = list(dict.fromkeys(row["method"] for row in rows))
        self._all_n_labels = np.unique([n for _, _, n in self._rows])
        self._is_tested = np.isin(
            self._all_n_labels,
            [
                n
                for (_, _, n), row in self._rows.items()
                if row.get("ft_seconds", -1) >= 0
            ],
        )
        self.n_labels = self._all_n_labels[self._is_tested]
        self.seeds = [
            seed
            for seed in sorted({seed for _, seed, _ in self._rows})
            if all(
                (method, seed, n) in self._rows
                for method in self.methods
                for n in self._all_n_labels
            )
        ]
        if not self.seeds:
            raise ValueError(
                f"No seed of {self.name} has all rows of all methods yet: let the runs"
                " come to an end first."
            )

    def values(self, method, column):
        """A column: ndarray of shape (n_seeds, n_points)."""
        return self._all_values(method, column)[:, self._is_tested]

    def _all_values(self, method, column):
        """A column, with the rounds after which nothing was tested."""
        return np.array(
            [
                [
                    self._rows[method, seed, n].get(column, np.nan)
                    for n in self._all_n_labels
                ]
                for seed in self.seeds
            ]
        )

    def final(self, method, column):
        """ "accuracy" or "seconds" of the final training: (n_seeds, n_points)."""
        fine_tunes = np.broadcast_to(
            self.n_labels >= self.switch_at, (len(self.seeds), len(self.n_labels))
        )
        if method == "ASVP":
            fine_tunes = self.values(method, "is_switched").astype(bool)
        both = [self.values(method, f"{name}_{column}") for name in ("ft", "lp_ft")]
        return np.where(fine_tunes, *both)

    def seconds(self, method):
        """Seconds of computing behind each point: (n_seeds, n_points)."""
        columns = [f"{stage}_seconds" for stage in _SELECTION]
        queries = sum(self._all_values(method, column) for column in columns)
        before = (np.cumsum(queries, axis=1) - queries)[:, self._is_tested]
        return before + self.final(method, "seconds")

    def curves(self, method):
        """A LearningCurve for each seed."""
        accuracy, seconds = self.final(method, "accuracy"), self.seconds(method)
        return [
            LearningCurve(self.n_labels, *points)
            for points in zip(accuracy, seconds, strict=True)
        ]

    def savings(self, method, reference, prices):
        """Saving ratio, cost reduction, equivalent saving: shape (n_seeds, 3)."""
        pairs = zip(self.curves(method), self.curves(reference), strict=True)
        return np.array(
            [
                (
                    sample_saving_ratio(curve, other),
                    overall_cost_reduction(curve, other, prices),
                    equivalent_saving(curve, other, prices),
                )
                for curve, other in pairs
            ]
        )

    def cost_reduction(self, method, reference, prices, accuracies):
        """Share of the cost saved at accuracies: shape (n_seeds, n_accuracies)."""
        pairs = zip(self.curves(method), self.curves(reference), strict=True)
        return np.array(
            [
                overall_cost_reduction(curve, other, prices, at=accuracies)
                for curve, other in pairs
            ]
        )

    def aligned_at(self):
        """Labels at which ASVP refreshed the features, by seed; nan if it did not."""
        aligned = self._all_values("ASVP", "is_aligned").astype(bool)
        first = self._all_n_labels[aligned.argmax(axis=1)].astype(float)
        return np.where(aligned.any(axis=1), first, np.nan)

    def proxy_share(self):
        """A proxy's round over a fine-tuning on the same labels: shape (n_points,).

        Rounds of SVPp, the features of the pool shared out over them; medians over
        seeds. The last point has no round.
        """
        stages = ("indicator", "proxy", "selection")
        a_round = sum(self.values("SVPp", f"{stage}_seconds") for stage in stages)
        features = self._all_values("SVPp", "features_seconds")[:, :-1].mean(axis=1)
        share = (a_round + features[:, np.newaxis]) / self.values("SVPp", "ft_seconds")
        return np.median(share, axis=0)[:-1]


def report(results, prices):
    """Tables of an experiment, as text.

    Parameters
    ----------
    results : ASVPResults

    prices : Prices

    Returns
    -------
    text : str
    """
    n_seeds = len(results.seeds)
    head = "labels".rjust(22) + "".join(f"{n:>15}" for n in results.n_labels)
    lines = [f"{results.name}, {n_seeds} seeds", "", "Test accuracy, mean ± its error"]
    for title, column in (
        ("LP-FT", lambda method: results.values(method, "lp_ft_accuracy")),
        ("fine-tuning", lambda method: results.values(method, "ft_accuracy")),
        ("switched", lambda method: results.final(method, "accuracy")),
    ):
        lines += ["", f"{title:<10}{head[10:]}"]
        for method in results.methods:
            cells = "".join(f"{cell:>15}" for cell in _cells(column(method), "{:.3f}"))
            lines.append(f"{method:>22}{cells}")
    lines += ["", f"Seconds{head[7:]}"]
    for method in results.methods:
        cells = "".join(f"{each:15.1f}" for each in results.seconds(method).mean(0))
        lines.append(f"{method:>22}{cells}")
    lines += [
        "",
        f"Saved, at {prices.label} a label and {prices.hour} an hour"
        f"{'labels':>14}{'cost':>18}{'equivalent labels':>22}",
    ]
    for method, reference in _pairs(results.methods):
        saved = results.savings(method, reference, prices)
        cells = _cells(saved[:, :2], "{:.3f}") + _cells(saved[:, 2:], "{:.0f}")
        wide = "".join(f"{cell:>19}" for cell in cells)
        lines.append(f"{method + ' against ' + reference:>38}{wide}")
    shares = ", ".join(
        f"{share:.1%} at {n}"
        for share, n in zip(results.proxy_share(), results.n_labels[:-1], strict=True)
    )
    at = ", ".join("never" if np.isnan(n) else f"{n:.0f}" for n in results.aligned_at())
    lines += [
        "",
        f"A round by proxy, of the seconds of fine-tuning: {shares}",
        f"Features refreshed at {at} labels",
    ]
    return "\n".join(lines)


def draw(all_results, prices, path):
    """Learning curves, and what is saved of the cost of an accuracy.

    Bands are standard errors over seeds.

    Parameters
    ----------
    all_results : list of ASVPResults

    prices : Prices

    path : path-like
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shape = (2, len(all_results))
    figure, axes = plt.subplots(
        *shape, figsize=(4 * shape[1], 6.4), layout="constrained", squeeze=False
    )
    for results, (above, below) in zip(all_results, axes.T, strict=True):
        for method in results.methods:
            accuracy = results.final(method, "accuracy")
            mean, error = _mean_and_error(accuracy)
            look = {"color": _COLORS.get(method), "label": method}
            above.plot(results.n_labels, mean, marker="o", markersize=3, **look)
            above.fill_between(
                results.n_labels,
                mean - error,
                mean + error,
                color=look["color"],
                alpha=0.2,
                linewidth=0,
            )
            if method == "random":
                below.axhline(0, color=look["color"], linewidth=1)
                continue
            at = _accuracies_of_all(results)
            saved = results.cost_reduction(method, "random", prices, at)
            mean, error = saved.mean(axis=0), _error(saved)
            below.plot(at, mean, **look)
            below.fill_between(
                at,
                mean - error,
                mean + error,
                color=look["color"],
                alpha=0.2,
                linewidth=0,
            )
        for n in np.unique(results.aligned_at()[~np.isnan(results.aligned_at())]):
            above.axvline(n, color=_COLORS["ASVP"], linewidth=0.8, linestyle=":")
        above.set_title(f"{results.name}, {len(results.seeds)} seeds", fontsize=10)
        above.set(xlabel="labels", ylabel="test accuracy")
        below.set(xlabel="test accuracy", ylabel="cost saved, against random")
        for each in (above, below):
            each.grid(color="0.92")
            each.spines[["top", "right"]].set_visible(False)
    axes[0, 0].legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _accuracies_of_all(results):
    """Accuracies that every method reaches with every seed, and none begins with."""
    best = [
        curve.best_accuracy
        for method in results.methods
        for curve in results.curves(method)
    ]
    low, high = max(each[0] for each in best), min(each[-1] for each in best)
    return np.linspace(low, high, 100)[1:] if low < high else np.array([high])


def _error(values):
    """Standard error of the mean over seeds; zero of a single one."""
    if len(values) == 1:
        return np.zeros(values.shape[1])
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


def _numbers(row):
    """The values of a row as numbers, where they are; nan where there is none."""
    return {name: _number(value) for name, value in row.items()}


def _number(value):
    if value in ("True", "False"):
        return float(value == "True")
    try:
        return float(value)
    except ValueError:
        return value or np.nan


def _pairs(methods):
    """Each method beside each of the two that it may be compared with."""
    for reference in ("random", "standard"):
        if reference in methods:
            others = (each for each in methods if each not in ("random", reference))
            yield from ((method, reference) for method in others)


def _cells(values, form):
    mean, error = _mean_and_error(values)
    return [
        f"{form.format(m)} ± {form.format(e)}" for m, e in zip(mean, error, strict=True)
    ]


def _mean_and_error(values):
    """Mean over seeds, and its standard error; zero of a single seed.

    Seeds without a value, such as savings at accuracies that only one method reaches,
    are left out.
    """
    whole = values[~np.isnan(values).any(axis=1)]
    values = whole if len(whole) else values
    return values.mean(axis=0), _error(values)
