"""The rounds of one strategy with one seed."""

import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.metrics import average_precision_score

from modal_clustermargin.comparison import _strategies
from modal_clustermargin.comparison._folder import ComparisonFolder
from modal_clustermargin.comparison._measured_query import NO_QUERY, measured_query
from modal_clustermargin.comparison._models import make_model
from modal_clustermargin.strategies import CoreSet

_PACKAGES = ("modal-clustermargin", "numpy", "scikit-learn", "torch")


class _State(NamedTuple):
    """The state from which a killed run continues after its last query."""

    round: int
    labelled: np.ndarray  # positions in the pool
    strategy: object
    measures: dict  # of the query, columns of the next row
    model: object  # not fitted; None for the model of the settings


@dataclass
class Run:
    """The rounds of one strategy with one seed.

    A row is on disk after every training, and the state of the run after every query. A
    killed run continues from that state. The runs of a seed share `first_model`, a list
    that the first run fills.
    """

    folder: ComparisonFolder
    settings: dict
    label: str
    seed: int
    data: object
    first_model: list

    @property
    def is_deferred(self):
        """Whether the strategy decides when and how its network is trained."""
        return _strategies.needs_network(self.settings["strategies"][self.label])

    def rounds(self, known):
        """Train, test and query in each round; yield the rows that are not known."""
        settings = self.settings["strategies"][self.label]
        state = self.folder.read_state(self.label, self.seed)
        if state is None:
            rows = np.random.RandomState(self.seed).permutation(len(self.data.y))
            labelled = rows[: self.settings["n_initial"]]
            strategy = _strategies.make_strategy(settings, self.seed, self.folder.path)
            state = _State(0, labelled, strategy, NO_QUERY, None)
        while True:
            classifier, result = self._train(state)
            if state.round not in known:
                row = {
                    "strategy": self.label,
                    "seed": self.seed,
                    "round": state.round,
                    "n_labels": len(state.labelled),
                    "fits_needed": int(_strategies.asks_model(settings)),
                    "versions": " ".join(f"{x}={version(x)}" for x in _PACKAGES),
                    **state.measures,
                    **result,
                }
                self.folder.append(row)
                yield row
            if state.round == self.settings["rounds"]:
                return
            state = self._query(state, classifier)
            self.folder.write_state(self.label, self.seed, state)

    def _train(self, state):
        """Train and test: (the classifier that the strategy gets, the result)."""
        is_shared = state.round == 0 and not self.is_deferred
        if is_shared and self.first_model:
            return self.first_model
        X, y = self.data.X[state.labelled], self.data.y[state.labelled]
        model = state.model
        if model is None:
            model = make_model(self.settings, self.data, self.seed)
        start = time.perf_counter()
        trained = clone(model).fit(X, y)
        seconds = time.perf_counter() - start
        result = {"fit_seconds": seconds, "accuracy": score(trained, self.data)}
        if self.is_deferred:
            from modal_clustermargin.estimators import DeferredFit

            # The strategy trains the network only if it needs the network.
            trained = DeferredFit(model).fit(X, y)
        elif is_shared:
            self.first_model += [trained, result]
        return trained, result

    def _query(self, state, classifier):
        """Ask the strategy for a batch, and return the state of the next round."""
        rows = np.setdiff1d(np.arange(len(self.data.y)), state.labelled)
        strategy, number = state.strategy, state.round + 1
        if isinstance(strategy, CoreSet):
            strategy.set_params(labelled=self.data.X[state.labelled])
        X, batch = self.data.X[rows], self.settings["batch"]
        asked = classifier
        if ":" in self.settings["strategies"][self.label]["strategy"]:
            asked = self._learner(classifier, state.labelled)
        picks, measures, clusters = measured_query(strategy, asked, X, batch)
        picks = {"indices": rows[picks], **clusters}
        self.folder.write_picks(self.label, self.seed, number, **picks)
        labelled = np.concatenate([state.labelled, picks["indices"]])
        model = classifier.estimator if self.is_deferred else None
        return _State(number, labelled, strategy, measures, model)

    def _learner(self, classifier, labelled):
        """A learner around the trained classifier, as modAL gives it to a strategy."""
        from modal_clustermargin.learners import ActiveLearner

        learner = ActiveLearner(classifier)  # with X_training=, it would train again
        learner.X_training = self.data.X[labelled]
        learner.y_training = self.data.y[labelled]
        return learner


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
