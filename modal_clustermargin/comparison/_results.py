"""What the rows of a comparison come to: numbers by strategy, seed and round.

What they say of who is better is in ``_statistics.py``.
"""

import numpy as np

from modal_clustermargin.comparison._learning_curves import LearningCurve

COLUMNS = (
    "strategy",
    "seed",
    "round",
    "n_labels",
    "accuracy",
    "fit_seconds",
    "query_seconds",
    "embedding_seconds",
    "clustering_seconds",
    "peak_memory_mib",
    "n_clusters",
    "n_candidates",
    "fits_needed",
    "versions",
)
_MAY_BE_EMPTY = ("peak_memory_mib", "n_clusters", "n_candidates")
_NUMBERS = tuple(each for each in COLUMNS if each not in ("strategy", "versions"))


class ComparisonResults:
    """Rows of a comparison, by strategy, seed and round.

    Means are over the seeds in which every strategy has every round, so that all
    strategies are compared on the same starts. Where no seed is that far, the rounds
    end at the last one that some seed has of all strategies.

    Parameters
    ----------
    rows : list of dict
        With `COLUMNS`, as a `ResultTable` reads them. Of two rows with one strategy,
        seed and round, the later counts.

    settings : dict, default=None
        The ``comparison.json`` of the run: what was to be done (its "strategies",
        "seeds" and "rounds"), and in which order strategies are shown. None means
        that the rows are all there was to be.

    Attributes
    ----------
    strategies : list of str
        Those with rows.

    random : str or None
        The strategy that samples at random, if there is one.

    seeds : list of int
        Those with all rounds of all strategies.

    unfinished : list of int
        The other seeds that there are, or were to be.

    without_rows : list of str
        Strategies that were to be run and have no rows.

    n_labels : ndarray of shape (n_rounds,), dtype=intp
        Of each round, the common start first.

    n_rows, n_expected : int
        Rows there are, and rows there were to be.

    last_round : int
        The last round that there was to be.

    score : str
        What the column "accuracy" holds: the "score" of the settings, such as
        "average precision", or else "accuracy".

    versions : list of str
        What the rows say they were computed with, each once.

    Raises
    ------
    ValueError
        If there are no rows, a value is not a number, rounds have several numbers of
        labels, or no seed has a first row of every strategy.
    """

    def __init__(self, rows, *, settings=None):
        settings = settings or {}
        if not rows:
            raise ValueError(
                "ComparisonResults got no rows: let the comparison finish a round"
                " first."
            )
        values = [_numbers(row) for row in rows]
        self._rows = {
            (row["strategy"], int(each["seed"]), int(each["round"])): each
            for row, each in zip(rows, values, strict=True)
        }
        found = dict.fromkeys(row["strategy"] for row in rows)
        planned = settings.get("strategies", {})
        self.score = settings.get("score", "accuracy")
        self.strategies = [each for each in planned if each in found]
        self.strategies += [each for each in found if each not in planned]
        self.without_rows = [each for each in planned if each not in found]
        self.random = _random_one(self.strategies, planned)
        seeds = sorted({s for _, s, _ in self._rows} | set(settings.get("seeds", ())))
        rounds = sorted({r for _, _, r in self._rows})
        self.last_round = max([*rounds, settings.get("rounds", 0)])
        n_strategies = len(self.strategies) + len(self.without_rows)
        self.n_rows = len(self._rows)
        self.n_expected = n_strategies * len(seeds) * (self.last_round + 1)
        self._rounds, self.seeds = self._whole(rounds, seeds)
        self.unfinished = [seed for seed in seeds if seed not in self.seeds]
        self.n_labels = np.array([self._labels_at(r) for r in self._rounds], np.intp)
        self.versions = list(
            dict.fromkeys(row["versions"] for row in rows if row["versions"])
        )

    def values(self, strategy, column):
        """A column: ndarray of shape (n_seeds, n_rounds), nan where it is empty."""
        return np.array(
            [
                [self._rows[strategy, seed, r][column] for r in self._rounds]
                for seed in self.seeds
            ]
        )

    def peak_memory(self, strategy):
        """Most MiB of any query, mean over seeds; nan where it is not known."""
        peaks = self.values(strategy, "peak_memory_mib")[:, 1:]
        known = peaks[:, ~np.isnan(peaks).any(axis=0)]
        return float(known.max(axis=1).mean()) if known.size else np.nan

    def seconds(self, strategy):
        """Computing behind each point, as `LearningCurve` has it.

        All queries up to the point and the training at it; trainings before it only
        if the strategy's queries need them. Shape (n_seeds, n_rounds).
        """
        fits = self.values(strategy, "fit_seconds")
        seconds = self.values(strategy, "query_seconds").cumsum(axis=1)
        if self.values(strategy, "fits_needed").any():
            return seconds + fits.cumsum(axis=1)
        return seconds + fits

    def curves(self, strategy):
        """A `LearningCurve` for each seed."""
        accuracy, seconds = self.values(strategy, "accuracy"), self.seconds(strategy)
        return [
            LearningCurve(self.n_labels, *points)
            for points in zip(accuracy, seconds, strict=True)
        ]

    def mean_curve(self, strategy):
        """The `LearningCurve` of the means over seeds."""
        # Rounded: labels leap where a curve is level, and rounding is no rise.
        accuracy = self.values(strategy, "accuracy").mean(axis=0).round(12)
        return LearningCurve(
            self.n_labels, accuracy, self.seconds(strategy).mean(axis=0)
        )

    def _whole(self, rounds, seeds):
        """The rounds that are compared, and the seeds that have them all."""
        for end in range(len(rounds), 0, -1):
            whole = [
                seed
                for seed in seeds
                if all(
                    (strategy, seed, r) in self._rows
                    for strategy in self.strategies
                    for r in rounds[:end]
                )
            ]
            if whole:
                return rounds[:end], whole
        raise ValueError(
            "ComparisonResults needs one seed with rows of every strategy; got none"
            f" for {', '.join(map(repr, self.strategies))}. Let the runs go on."
        )

    def _labels_at(self, r):
        counts = {
            int(self._rows[strategy, seed, r]["n_labels"])
            for strategy in self.strategies
            for seed in self.seeds
        }
        if len(counts) > 1:
            raise ValueError(
                "ComparisonResults needs one number of labels in each round; got"
                f" {', '.join(map(str, sorted(counts)))} in round {r}. Compare"
                " strategies that were run with one batch and one start."
            )
        return counts.pop()


def _random_one(strategies, planned):
    """The label of random sampling: by what it is, or by its name."""
    for label in strategies:
        name = planned.get(label, {}).get("strategy", label)
        if str(name).lower() in ("random", "randomsampling", "random_sampling"):
            return label
    return None


def _numbers(row):
    """The numbers of a row, nan where one may be empty and is; or ValueError."""
    numbers = {}
    for name in _NUMBERS:
        value = row[name]
        if value in ("", None) and name in _MAY_BE_EMPTY:
            numbers[name] = np.nan
            continue
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError):
            numbers[name] = np.nan
        if not np.isfinite(numbers[name]):
            raise ValueError(
                f"ComparisonResults needs a finite number as {name}; got {value!r} for"
                f" strategy {row['strategy']!r}, seed {row['seed']}, round"
                f" {row['round']}. Delete that row in the folder's"
                f" seeds/{row['seed']}.csv, and run the comparison on."
            )
    return numbers
