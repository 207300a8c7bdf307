"""What the rows of ASVP experiments come to: numbers by method and seed.

Tables of them are in ``_asvp_report.py``, a picture is in ``_asvp_pictures.py``.
"""

import numpy as np

from modal_clustermargin.comparison import (
    LearningCurve,
    equivalent_saving,
    overall_cost_reduction,
    sample_saving_ratio,
)

SAVINGS = ("labels", "cost", "equivalent labels")
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

    seeds, unfinished : list of int
        Those that all methods have all rows of; and the others, which are left out.

    Raises
    ------
    ValueError
        If there are no rows, rows of several experiments, or no seed with all rows.
    """

    def __init__(self, rows, switch_at):
        names = sorted({row["experiment"] for row in rows})
        if len(names) != 1:
            raise ValueError(
                "ASVPResults needs rows of one experiment; got"
                f" {', '.join(map(repr, names)) or 'no rows'}."
                " Make one for each experiment."
            )
        self.name = names[0]
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
        seeds = sorted({seed for _, seed, _ in self._rows})
        self.seeds = [
            seed
            for seed in seeds
            if all(
                (method, seed, n) in self._rows
                for method in self.methods
                for n in self._all_n_labels
            )
        ]
        self.unfinished = [seed for seed in seeds if seed not in self.seeds]
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

    def accuracies(self, method):
        """Test accuracy by way of training: dict of str to (n_seeds, n_points)."""
        return {
            "LP-FT": self.values(method, "lp_ft_accuracy"),
            "fine-tuning": self.values(method, "ft_accuracy"),
            "switched": self.final(method, "accuracy"),
        }

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

    def mean_curve(self, method):
        """The LearningCurve of the means over seeds."""
        accuracy, seconds = self.final(method, "accuracy"), self.seconds(method)
        return LearningCurve(self.n_labels, accuracy.mean(axis=0), seconds.mean(axis=0))

    def savings(self, method, reference, prices):
        """By seed, `SAVINGS` against a reference: shape (n_seeds, 3)."""
        pairs = zip(self.curves(method), self.curves(reference), strict=True)
        return np.array([_savings(*pair, prices) for pair in pairs])

    def savings_of_means(self, method, reference, prices):
        """`SAVINGS` of the mean curve against the reference's: shape (3,)."""
        curves = self.mean_curve(method), self.mean_curve(reference)
        return np.array(_savings(*curves, prices))

    def pairs(self):
        """Each method beside each of the two that it may be compared with."""
        for reference in ("random", "standard"):
            if reference in self.methods:
                others = {"random", reference}
                yield from (
                    (each, reference) for each in self.methods if each not in others
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

    def proxy_share(self, method):
        """A round by proxy over a fine-tuning on the same labels: (n_points - 1,).

        The indicator, the proxy and the selection; medians over seeds.
        """
        stages = ("indicator", "proxy", "selection")
        a_round = sum(self.values(method, f"{stage}_seconds") for stage in stages)
        share = a_round / self.values(method, "ft_seconds")
        return np.median(share, axis=0)[:-1]

    def features_share(self, method):
        """Seconds in features over those of the fine-tunings that rounds do without.

        The median over seeds.
        """
        features = self._all_values(method, "features_seconds").sum(axis=1)
        trainings = self.values(method, "ft_seconds")[:, :-1].sum(axis=1)
        return np.median(features / trainings)


def mean_and_error(values):
    """Mean over seeds, its standard error, and how many seeds are behind them.

    Seeds without a value, such as savings at accuracies that only one method reaches,
    are left out.

    Parameters
    ----------
    values : ndarray of shape (n_seeds, n_values)

    Returns
    -------
    mean, error : ndarray of shape (n_values,)
        The error of a single seed is not known: nan.

    n_seeds : int
    """
    values = values[~np.isnan(values).any(axis=1)]
    n_seeds, n_values = values.shape
    unknown = np.full(n_values, np.nan)
    mean = values.mean(axis=0) if n_seeds else unknown
    error = values.std(axis=0, ddof=1) / np.sqrt(n_seeds) if n_seeds > 1 else unknown
    return mean, error, n_seeds


def _savings(curve, reference, prices):
    return (
        sample_saving_ratio(curve, reference),
        overall_cost_reduction(curve, reference, prices),
        equivalent_saving(curve, reference, prices),
    )


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
