"""The results of an ASVP experiment, by method and seed."""

import numpy as np
from rounds import STAGES

from modal_clustermargin.comparison import (
    ComparisonResults,
    equivalent_saving,
    mean_and_error,
    overall_cost_reduction,
    sample_saving_ratio,
)

SAVINGS = ("labels", "cost", "equivalent labels")
TRAININGS = {"LP-FT": "lp_ft", "fine-tuning": "ft"}


class ASVPResults:
    """The results of one experiment, from seeds that have all rows of all methods.

    Parameters
    ----------
    rows : list of dict
        As `run_rounds` yields them or a `ResultTable` reads them.

    switch_at : int
        Number of labels from which the final training of all methods except ASVP is
        fine-tuning without a linear probe. ASVP itself decides when to switch.

    Attributes
    ----------
    methods : list of str

    n_labels : ndarray of shape (n_points,)
        Numbers of labels at which the networks were tested.

    seeds, unfinished : list of int
        Seeds with all rows of all methods, and the other seeds, which are left out.

    by_training : dict of str to ComparisonResults
        Learning curves for each way of training: "LP-FT", "fine-tuning", and
        "switched", which changes from LP-FT to fine-tuning.

    curves : ComparisonResults
        The learning curves of "switched", the final training.
    """

    def __init__(self, rows, switch_at):
        names = sorted({row["experiment"] for row in rows})
        if len(names) != 1:
            raise ValueError(
                "ASVPResults needs rows of one experiment; got"
                f" {', '.join(map(repr, names)) or 'no rows'}."
            )
        self.name = names[0]
        self.methods = list(dict.fromkeys(row["method"] for row in rows))
        self._rows = {
            (row["method"], int(row["seed"]), int(row["n_labels"])): row for row in rows
        }
        _, seeds, counts = (sorted(set(part)) for part in zip(*self._rows, strict=True))
        self.seeds = [
            seed
            for seed in seeds
            if all((m, seed, n) in self._rows for m in self.methods for n in counts)
        ]
        self.unfinished = [seed for seed in seeds if seed not in self.seeds]
        if not self.seeds:
            raise ValueError(
                f"ASVPResults needs a seed of {self.name} with all rows of all methods;"
                " got none. Wait until a run is finished."
            )
        self._counts = np.array(counts)
        first = self.methods[0], self.seeds[0]
        self._is_tested = np.array(
            [self._rows[(*first, n)].get("ft_accuracy", "") != "" for n in counts]
        )
        self.n_labels = self._counts[self._is_tested]
        is_switched = {
            method: np.broadcast_to(self.n_labels >= switch_at, self._shape)
            for method in self.methods
        }
        if "ASVP" in is_switched:
            is_switched["ASVP"] = self.values("ASVP", "is_switched") == 1
        chosen = {
            "LP-FT": dict.fromkeys(self.methods, False),
            "fine-tuning": dict.fromkeys(self.methods, True),
            "switched": is_switched,
        }
        self.by_training = {
            training: ComparisonResults(self._comparison_rows(is_ft))
            for training, is_ft in chosen.items()
        }
        self.curves = self.by_training["switched"]

    @property
    def _shape(self):
        return len(self.seeds), len(self.n_labels)

    def _comparison_rows(self, is_fine_tuned):
        """Rows for `ComparisonResults`: a round for each tested number of labels."""
        rows = []
        for method, fine_tuned in is_fine_tuned.items():
            accuracy, seconds = (
                np.where(
                    fine_tuned,
                    *(self.values(method, f"{p}_{c}") for p in ("ft", "lp_ft")),
                )
                for c in ("accuracy", "seconds")
            )
            queries = sum(self._all_values(method, f"{s}_seconds") for s in STAGES)
            # The seconds of a query are in the row of the labels before the query.
            before = np.cumsum(queries, axis=1) - queries
            queries = np.diff(before[:, self._is_tested], prepend=0, axis=1)
            for (i, j), score in np.ndenumerate(accuracy):
                rows.append(
                    {
                        "strategy": method,
                        "seed": self.seeds[i],
                        "round": j,
                        "n_labels": self.n_labels[j],
                        "accuracy": score,
                        "fit_seconds": seconds[i, j],
                        "query_seconds": queries[i, j],
                        "embedding_seconds": 0,
                        "clustering_seconds": 0,
                        "peak_memory_mib": "",
                        "n_clusters": "",
                        "n_candidates": "",
                        "fits_needed": 0,
                        "versions": "",
                    }
                )
        return rows

    def values(self, method, column):
        """A column at the tested numbers of labels, of shape (n_seeds, n_points)."""
        return self._all_values(method, column)[:, self._is_tested]

    def _all_values(self, method, column):
        return np.array(
            [
                [_number(self._rows[method, seed, n].get(column)) for n in self._counts]
                for seed in self.seeds
            ]
        )

    def pairs(self):
        """Pairs of a method and a reference: random or standard active learning."""
        for reference in ("random", "standard"):
            if reference in self.methods:
                for method in self.methods:
                    if method not in ("random", reference):
                        yield method, reference

    def savings(self, method, reference, prices):
        """`SAVINGS` by seed, of shape (n_seeds, 3); nan without a common accuracy."""
        pairs = zip(
            self.curves.curves(method), self.curves.curves(reference), strict=True
        )
        return np.array([_savings(*pair, prices) for pair in pairs])

    def savings_of_means(self, method, reference, prices):
        """`SAVINGS` of the mean curves, of shape (3,)."""
        curves = (self.curves.mean_curve(each) for each in (method, reference))
        return np.array(_savings(*curves, prices))

    def aligned_at(self):
        """Number of labels at which ASVP first refreshed features, by seed, or nan."""
        is_aligned = self._all_values("ASVP", "is_aligned") == 1
        first = self._counts[is_aligned.argmax(axis=1)].astype(float)
        return np.where(is_aligned.any(axis=1), first, np.nan)

    def proxy_share(self, method):
        """Seconds of a round per second of fine-tuning, of shape (n_points - 1,).

        A round consists of indicator, proxy and selection. Medians over seeds.
        """
        stages = ("indicator", "proxy", "selection")
        a_round = sum(self.values(method, f"{stage}_seconds") for stage in stages)
        return np.median(a_round / self.values(method, "ft_seconds"), axis=0)[:-1]

    def features_share(self, method):
        """Seconds of all features per second of all fine-tunings but the last."""
        features = self._all_values(method, "features_seconds").sum(axis=1)
        trainings = self.values(method, "ft_seconds")[:, :-1].sum(axis=1)
        return np.median(features / trainings)


def mean_over_known(values):
    """Mean and standard error over the seeds without nan, and their number.

    Parameters
    ----------
    values : ndarray of shape (n_seeds, n_values)

    Returns
    -------
    mean, error : ndarray of shape (n_values,)

    n_seeds : int
    """
    known = values[~np.isnan(values).any(axis=1)]
    if not len(known):
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing, 0
    return *mean_and_error(known), len(known)


def _savings(curve, reference, prices):
    return (
        sample_saving_ratio(curve, reference),
        overall_cost_reduction(curve, reference, prices),
        equivalent_saving(curve, reference, prices),
    )


def _number(value):
    if value in ("", None):
        return np.nan
    if value in ("True", "False"):
        return float(value == "True")
    return float(value)
