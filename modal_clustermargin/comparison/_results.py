"""The rows of a comparison as numbers by strategy, seed and round."""

from contextlib import suppress
from itertools import compress

import numpy as np

from modal_clustermargin.comparison._learning_curves import LearningCurve

_MAY_BE_EMPTY = ("peak_memory_mib", "n_clusters", "n_candidates")
_NUMBERS = (
    *("seed", "round", "n_labels", "accuracy", "fit_seconds"),
    *("query_seconds", "embedding_seconds", "clustering_seconds"),
    *(*_MAY_BE_EMPTY, "fits_needed"),
)
COLUMNS = ("strategy", *_NUMBERS, "versions")


class ComparisonResults:
    """The rows of a comparison, by strategy, seed and round.

    Only seeds with all rounds of all strategies are used, so that all strategies are
    compared on the same seeds. If there is no such seed, only the first rounds that
    some seed has for all strategies are used. Rows that cannot be compared raise
    ValueError.

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
    """

    def __init__(self, rows, *, settings=None):
        settings = settings or {}
        if not rows:
            raise ValueError(
                "ComparisonResults needs rows; got none. Let the comparison finish a"
                " round first."
            )
        planned = settings.get("strategies", {})
        found = dict.fromkeys(row["strategy"] for row in rows)
        self.strategies = [each for each in planned | found if each in found]
        labels = self.strategies
        is_random = (planned.get(s, {}).get("strategy", s) == "random" for s in labels)
        self.random = next(compress(labels, is_random), None)
        self.score = settings.get("score", "accuracy")
        self.versions = [*dict.fromkeys(x["versions"] for x in rows if x["versions"])]
        numbers = np.array([[_number(row, name) for name in _NUMBERS] for row in rows])
        seeds, at_seed = np.unique(numbers[:, 0], return_inverse=True)
        rounds, at_round = np.unique(numbers[:, 1], return_inverse=True)
        at_strategy = [self.strategies.index(row["strategy"]) for row in rows]
        shape = len(_NUMBERS), len(self.strategies), len(seeds), len(rounds)
        self._numbers = np.full(shape, np.nan)
        self._numbers[:, at_strategy, at_seed, at_round] = numbers.T
        is_known = ~np.isnan(self._numbers[0])
        self.n_rows = int(is_known.sum())
        n_seeds = len({*seeds, *settings.get("seeds", ())})
        last_round = int(max(rounds[-1], settings.get("rounds", 0)))
        self.n_planned = len(planned | found) * n_seeds * (last_round + 1)
        # The number of rounds that a seed has of every strategy, without a gap.
        n_rounds = np.logical_and.accumulate(is_known.all(axis=0), axis=1).sum(axis=1)
        if not n_rounds.any():
            raise ValueError(
                "ComparisonResults needs a seed with rows of every strategy,"
                f" {', '.join(map(repr, self.strategies))}; got none. Let the"
                " comparison continue."
            )
        is_used = n_rounds == n_rounds.max()
        self.seeds = seeds[is_used].astype(int).tolist()
        self._numbers = self._numbers[:, :, is_used, : n_rounds.max()]
        n_labels = self._numbers[_NUMBERS.index("n_labels")]
        if np.ptp(n_labels, axis=(0, 1)).any():
            raise ValueError(
                "ComparisonResults needs one number of labels in each round; got"
                " several. Compare strategies with the same batch and n_initial."
            )
        self.n_labels = n_labels[0, 0].astype(np.intp)

    def values(self, strategy, column):
        """A column: ndarray of shape (n_seeds, n_rounds), nan where it is empty."""
        place = _NUMBERS.index(column), self.strategies.index(strategy)
        return self._numbers[place].copy()

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
        if self.values(strategy, "fits_needed").any():
            fits = fits.cumsum(axis=1)
        return self.values(strategy, "query_seconds").cumsum(axis=1) + fits

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
        seconds = self.seconds(strategy).mean(axis=0)
        return LearningCurve(self.n_labels, accuracy, seconds)


def _number(row, name):
    """A number of a row; nan for an empty value in a column that allows it."""
    if row[name] in ("", None) and name in _MAY_BE_EMPTY:
        return np.nan
    with suppress(TypeError, ValueError):
        if np.isfinite(number := float(row[name])):
            return number
    raise ValueError(
        f"ComparisonResults needs a finite number as {name}; got {row[name]!r} for"
        f" strategy {row['strategy']!r}, seed {row['seed']}, round {row['round']}."
        " Delete that row in results.csv, and run the comparison again."
    )
