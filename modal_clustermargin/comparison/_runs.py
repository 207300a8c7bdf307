"""A strategy, round by round, on a data set with one seed."""

import functools
import time
from importlib.metadata import version
from types import FunctionType

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.metrics import average_precision_score

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.clustering import AverageLinkage
from modal_clustermargin.comparison._measured_queries import (
    NO_QUERY,
    measured_query,
    time_its_embedding,
)
from modal_clustermargin.comparison._models import make_model
from modal_clustermargin.comparison._strategies import (
    asks_model,
    make_strategy,
    needs_network,
)
from modal_clustermargin.strategies import CoreSet

_PACKAGES = ("modal-clustermargin", "numpy", "scikit-learn", "torch")


class Run:
    """Rounds of a strategy; goes on from where it was, if it was killed.

    Parameters
    ----------
    label : str
        Of the strategy in the settings.

    settings : dict
        Of the comparison, with numbers in the place of shares.

    data : DataSet

    seed : int

    folder : ComparisonFolder

    shared : dict
        Filled with the first model, which is the same for all strategies of a seed.
    """

    def __init__(self, label, settings, data, seed, folder, shared):
        self.label, self.seed, self.data, self.folder = label, seed, data, folder
        self.settings = settings
        self.of_strategy = settings["strategies"][label]
        # Whether the strategy decides if the network is trained, and how.
        self.is_deferred = needs_network(self.of_strategy)
        self.shared = shared
        self._recipe = None

    def rounds(self):
        """Train, test, choose; again and again.

        Yields
        ------
        row : dict
            Of each round that is not in the table yet, which it is by then.
        """
        table = self.folder.table(self.seed)
        known = {
            int(row["round"]) for row in table.rows() if row["strategy"] == self.label
        }
        n_rounds = self.settings["rounds"]
        is_done = known >= set(range(n_rounds + 1))
        if not is_done:
            number, labelled, strategy, row = self._begin()
        while not is_done:
            if number not in known or number < n_rounds:
                classifier, result = self._train(labelled, number)
            if number not in known:
                row |= result | {"versions": _versions()}
                table.append(row)
                yield row
            if number == n_rounds:
                break
            number += 1
            labelled, row = self._query(strategy, classifier, labelled, number)
            self._save(number, labelled, strategy, row)
        self.folder.state(self.label, self.seed).unlink(missing_ok=True)

    # ---- a round -------------------------------------------------------------

    def _begin(self):
        path = self.folder.state(self.label, self.seed)
        if path.exists():
            number, labelled, strategy, row, self._recipe = joblib.load(path)
            if strategy is None:
                strategy = self._strategy()
            return number, labelled, strategy, row
        rng = np.random.RandomState(self.seed)
        labelled = rng.permutation(len(self.data.y))[: self.settings["n_initial"]]
        return 0, labelled, self._strategy(), self._row(0, labelled, NO_QUERY)

    def _strategy(self):
        strategy = make_strategy(self.of_strategy, self.seed)
        time_its_embedding(strategy)
        clustering = getattr(strategy, "clustering", None)
        if isinstance(clustering, AverageLinkage) and clustering.memory is not None:
            # Of the folder, wherever that is moved to.
            clustering.set_params(memory=self.folder.path / clustering.memory)
        return strategy

    def _train(self, labelled, number):
        """The model of a round, and what it came to."""
        is_first = number == 0 and not self.is_deferred
        if is_first and self.shared:
            return self.shared["classifier"], self.shared["result"]
        X, y = self.data.X[labelled], self.data.y[labelled]
        model = self._recipe or make_model(
            self.settings["model"], self.data, self.seed, self.settings["device"]
        )
        since = time.perf_counter()
        trained = clone(model).fit(X, y)
        result = {"fit_seconds": time.perf_counter() - since}
        try:
            result |= self._score(trained)
        except ValueError as error:
            raise self._told(error) from error
        if self.is_deferred:
            from modal_clustermargin.estimators import DeferredFit

            # What was trained to be tested is not what the strategy asks.
            trained = DeferredFit(model).fit(X, y)
        elif is_first:
            self.shared |= {"classifier": trained, "result": result}
        return trained, result

    def _query(self, strategy, classifier, labelled, number):
        rows = np.setdiff1d(np.arange(len(self.data.y)), labelled)
        if isinstance(strategy, CoreSet):
            strategy.set_params(labelled=self.data.X[labelled])
        try:
            picks, measures, clusters = measured_query(
                strategy, classifier, self.data.X[rows], self.settings["batch"]
            )
        except ValueError as error:
            raise self._told(error) from error
        if self.is_deferred:
            self._recipe = classifier.estimator
        picks = rows[picks]
        self.folder.write_picks(
            self.label, self.seed, number, indices=picks, **clusters
        )
        labelled = np.concatenate([labelled, picks])
        return labelled, self._row(number, labelled, measures)

    # ---- what lasts ----------------------------------------------------------

    def _row(self, number, labelled, query):
        return {
            "strategy": self.label,
            "seed": self.seed,
            "round": number,
            "n_labels": len(labelled),
            "fits_needed": int(asks_model(self.of_strategy)),
            **query,
        }

    def _save(self, number, labelled, strategy, row):
        if isinstance(strategy, FunctionType | functools.partial):
            strategy = None  # has nothing to remember, and may be no file's
        with written_whole(self.folder.state(self.label, self.seed)) as file:
            joblib.dump((number, labelled, strategy, row, self._recipe), file)

    def _told(self, error):
        """The error, and which of many runs it is of."""
        return ValueError(f"With strategy {self.label!r}, seed {self.seed}: {error}")

    def _score(self, model):
        y = self.data.y_test
        if y.ndim == 1:
            hits = model.predict(self.data.X_test) == y
            return {"accuracy": float(np.mean(hits))}
        proba = model.predict_proba(self.data.X_test)
        lost = np.isnan(proba).any(axis=1)
        if lost.any():
            raise ValueError(
                f"The model gives NaN as probabilities of {lost.sum()} of {len(lost)}"
                " rows of the test. If these are all, training has diverged: compare in"
                " another folder with a lower lr in [model], or with larger batches."
                " If they are not, they overflow in the model."
            )
        seen = y.any(axis=0)
        precision = average_precision_score(y[:, seen], proba[:, seen])
        return {"accuracy": float(precision)}


def _versions():
    return " ".join(f"{name}={version(name)}" for name in _PACKAGES)
