"""The rows of a comparison as numbers by strategy, seed and round."""

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
    """The rows of a comparison, by strategy, seed and round.

    Only seeds with all rounds of all strategies are used, so that all strategies are
    compared on the same seeds. If there is no such seed, only the first rounds that
    some seed has for all strategies are used.

    Parameters
    ----------
    rows : list of dict
        As `compare` returns them. If two rows have the same strategy, seed and round,
        the later row is used.

    settings : dict, default=None
        The settings in ``comparison.json``: "strategies", "seeds" and "rounds" that
        were planned, and the order of the strategies. None means that the rows are
        complete.

    Attributes
    ----------
    strategies : list of str
        Strategies with rows.

    random : str or None
        The label of random sampling; None without random sampling.

    seeds : list of int
        Seeds with all rounds of all strategies.

    n_labels : ndarray of shape (n_rounds,), dtype=intp
        Number of labels in each round. Round 0 is the common start.

    n_rows, n_planned : int
        Numbers of rows and of planned rows.

    score : str
        What the column "accuracy" holds: "accuracy" or "average precision".

    versions : list of str
        The versions of packages that computed the rows, each once.

    Raises
    ------
    ValueError
        If there are no rows, if a value is not a number, if the numbers of labels in
        a round differ, or if no seed has a first row of every strategy.
    """

    def __init__(self, rows, *, settings=None):
        settings = settings or {}
        if not rows:
            raise ValueError(
                "ComparisonResults needs rows; got none. Let the comparison finish a"
                " round first."
            )
        self._rows = {}
        for row in rows:
            values = _numbers(row)
            place = row["strategy"], int(values["seed"]), int(values["round"])
            self._rows[place] = values
        found = dict.fromkeys(row["strategy"] for row in rows)
        planned = settings.get("strategies", {})
        self.score = settings.get("score", "accuracy")
        self.strategies = [each for each in planned if each in found]
        self.strategies += [each for each in found if each not in planned]
        names = {each: planned.get(each, {}).get("strategy", each) for each in found}
        self.random = next((s for s in self.strategies if names[s] == "random"), None)
        seeds = sorted({s for _, s, _ in self._rows} | set(settings.get("seeds", ())))
        rounds = sorted({r for _, _, r in self._rows})
        last_round = max([*rounds, settings.get("rounds", 0)])
        self.n_rows = len(self._rows)
        self.n_planned = len({*planned, *found}) * len(seeds) * (last_round + 1)
        self._rounds, self.seeds = self._complete(rounds, seeds)
        self.n_labels = np.array([self._labels_in(r) for r in self._rounds], np.intp)
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
        """Peak MiB of any query, mean over seeds; nan if it is unknown."""
        peaks = self.values(strategy, "peak_memory_mib")[:, 1:]
        known = peaks[:, ~np.isnan(peaks).any(axis=0)]
        return float(known.max(axis=1).mean()) if known.size else np.nan

    def seconds(self, strategy):
        """Seconds of computing up to each round, ndarray of shape (n_seeds, n_rounds).

        The sum of all queries up to the round and the training in the round. Earlier
        trainings are added only if the queries of the strategy need them.
        """
        fits = self.values(strategy, "fit_seconds")
        seconds = self.values(strategy, "query_seconds").cumsum(axis=1)
        if self.values(strategy, "fits_needed").any():
            return seconds + fits.cumsum(axis=1)
        return seconds + fits

    def curves(self, strategy):
        """The `LearningCurve` of each seed: list."""
        accuracy, seconds = self.values(strategy, "accuracy"), self.seconds(strategy)
        return [
            LearningCurve(self.n_labels, *points)
            for points in zip(accuracy, seconds, strict=True)
        ]

    def mean_curve(self, strategy):
        """The `LearningCurve` of the means over seeds."""
        # If a curve is flat, a rounding error must not count as a rise.
        accuracy = self.values(strategy, "accuracy").mean(axis=0).round(12)
        return LearningCurve(
            self.n_labels, accuracy, self.seconds(strategy).mean(axis=0)
        )

    def _complete(self, rounds, seeds):
        """The longest run of rounds that some seeds have, and these seeds."""
        for end in range(len(rounds), 0, -1):
            complete = [
                seed
                for seed in seeds
                if all(
                    (strategy, seed, r) in self._rows
                    for strategy in self.strategies
                    for r in rounds[:end]
                )
            ]
            if complete:
                return rounds[:end], complete
        raise ValueError(
            "ComparisonResults needs a seed with rows of every strategy,"
            f" {', '.join(map(repr, self.strategies))}; got none. Let the comparison"
            " continue."
        )

    def _labels_in(self, r):
        counts = {
            int(self._rows[strategy, seed, r]["n_labels"])
            for strategy in self.strategies
            for seed in self.seeds
        }
        if len(counts) > 1:
            raise ValueError(
                "ComparisonResults needs one number of labels in each round; got"
                f" {', '.join(map(str, sorted(counts)))} in round {r}. Compare"
                " strategies with the same batch and n_initial."
            )
        return counts.pop()


def _numbers(row):
    """The numbers of a row; nan for an empty value in a column that allows it."""
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
                f" {row['round']}. Delete that row in seeds/{row['seed']}.csv, and run"
                " the comparison again."
            )
    return numbers
