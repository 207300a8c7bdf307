"""The rounds of one strategy with one seed."""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from sklearn.base import clone
from sklearn.metrics import average_precision_score

from modal_clustermargin.clustering import AverageLinkage
from modal_clustermargin.comparison._measured_query import (
    NO_QUERY,
    TimedEmbedding,
    measured_query,
)
from modal_clustermargin.comparison._models import make_model
from modal_clustermargin.comparison._strategies import (
    asks_model,
    make_strategy,
    needs_network,
)
from modal_clustermargin.strategies import BADGE, ClusterMargin, CoreSet

_PACKAGES = ("modal-clustermargin", "numpy", "scikit-learn", "torch")


@dataclass
class _State:
    """The state from which a killed run continues after its last query."""

    round: int
    labelled: np.ndarray  # positions in the pool
    strategy: object
    query: dict  # columns of the next row
    model: object  # not fitted; None for the model of the settings


class Run:
    """The rounds of one strategy with one seed.

    A row is on disk after every training, and the state of the run after every query. A
    killed run continues from that state. The runs of a seed share `first_model`, a dict
    that the first run fills.
    """

    def __init__(self, label, settings, data, seed, folder, first_model):
        self.label, self.seed, self.data, self.folder = label, seed, data, folder
        self.settings = settings
        self.strategy_settings = settings["strategies"][label]
        # A strategy that needs a network decides when and how the network is trained.
        self.is_deferred = needs_network(self.strategy_settings)
        self.first_model = first_model

    def rounds(self):
        """Train, test and query in each round.

        Yields
        ------
        row : dict
            Each new row of the table of the seed.
        """
        table = self.folder.table(self.seed)
        known = {
            int(row["round"]) for row in table.rows() if row["strategy"] == self.label
        }
        last = self.settings["rounds"]
        if not known >= set(range(last + 1)):
            state = self.folder.read_state(self.label, self.seed)
            state = state or self._first_state()
            while True:
                if state.round not in known or state.round < last:
                    classifier, result = self._train(state)
                if state.round not in known:
                    versions = " ".join(f"{x}={version(x)}" for x in _PACKAGES)
                    row = state.query | result | {"versions": versions}
                    table.append(row)
                    yield row
                if state.round == last:
                    break
                state = self._query(state, classifier)
                self.folder.write_state(self.label, self.seed, state)
        self.folder.delete_state(self.label, self.seed)

    def _first_state(self):
        rng = np.random.RandomState(self.seed)
        labelled = rng.permutation(len(self.data.y))[: self.settings["n_initial"]]
        query = self._columns(0, labelled, NO_QUERY)
        return _State(0, labelled, self._make_strategy(), query, None)

    def _make_strategy(self):
        strategy = make_strategy(self.strategy_settings, self.seed)
        is_ours = type(strategy) in (BADGE, ClusterMargin, CoreSet)
        if is_ours and strategy.embedding is None:
            strategy.set_params(embedding=TimedEmbedding())
        clustering = getattr(strategy, "clustering", None)
        if isinstance(clustering, AverageLinkage) and clustering.memory is not None:
            # A relative path is relative to the folder of the comparison.
            clustering.set_params(memory=self.folder.path / clustering.memory)
        return strategy

    def _train(self, state):
        """Train and test: (the classifier that the strategy gets, the result)."""
        is_shared = state.round == 0 and not self.is_deferred
        if is_shared and self.first_model:
            return self.first_model["classifier"], self.first_model["result"]
        X, y = self.data.X[state.labelled], self.data.y[state.labelled]
        model = state.model
        if model is None:
            model = make_model(
                self.settings["model"], self.data, self.seed, self.settings["device"]
            )
        start = time.perf_counter()
        trained = clone(model).fit(X, y)
        seconds = time.perf_counter() - start
        with self._named_errors():
            result = {"fit_seconds": seconds, "accuracy": score(trained, self.data)}
        if self.is_deferred:
            from modal_clustermargin.estimators import DeferredFit

            # The strategy trains the network only if it needs the network.
            trained = DeferredFit(model).fit(X, y)
        elif is_shared:
            self.first_model |= {"classifier": trained, "result": result}
        return trained, result

    def _query(self, state, classifier):
        """Ask the strategy for a batch, and return the state of the next round."""
        rows = np.setdiff1d(np.arange(len(self.data.y)), state.labelled)
        strategy, number = state.strategy, state.round + 1
        if isinstance(strategy, CoreSet):
            strategy.set_params(labelled=self.data.X[state.labelled])
        with self._named_errors():
            picks, measures, clusters = measured_query(
                strategy, classifier, self.data.X[rows], self.settings["batch"]
            )
        picks = rows[picks]
        self.folder.write_picks(
            self.label, self.seed, number, indices=picks, **clusters
        )
        labelled = np.concatenate([state.labelled, picks])
        model = classifier.estimator if self.is_deferred else None
        query = self._columns(number, labelled, measures)
        return _State(number, labelled, strategy, query, model)

    def _columns(self, number, labelled, measures):
        return {
            "strategy": self.label,
            "seed": self.seed,
            "round": number,
            "n_labels": len(labelled),
            "fits_needed": int(asks_model(self.strategy_settings)),
            **measures,
        }

    @contextmanager
    def _named_errors(self):
        """Put the name of the run before the message of a ValueError."""
        try:
            yield
        except ValueError as error:
            name = f"With strategy {self.label!r}, seed {self.seed}"
            raise ValueError(f"{name}: {error}") from error


def score(model, data):
    """Accuracy, or mean average precision for multi-label data."""
    y = data.y_test
    if y.ndim == 1:
        return float(np.mean(model.predict(data.X_test) == y))
    proba = model.predict_proba(data.X_test)
    is_nan = np.isnan(proba).any(axis=1)
    if is_nan.any():
        raise ValueError(
            f"The model returns NaN probabilities for {is_nan.sum()} of {len(is_nan)}"
            " test rows. If all rows are NaN, training has diverged: use another"
            " folder and a lower lr in [model], or larger batches. Otherwise the"
            " values of these rows overflow in the model."
        )
    has_positives = y.any(axis=0)
    return float(average_precision_score(y[:, has_positives], proba[:, has_positives]))
