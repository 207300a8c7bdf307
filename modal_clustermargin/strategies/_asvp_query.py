"""One query of ASVP: its inputs, and the call of its selector with a proxy."""

import copy
import time
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple

import joblib
import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from modal_clustermargin.pools import (
    Pool,
    StoredRows,
    fingerprints,
    n_rows,
    pool_keys,
    row_keys,
)
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import embed
from modal_clustermargin.strategies._modal import (
    estimator_of,
    is_committee,
    training_data,
)

_STAGES = ("features", "indicator", "fine_tuning", "proxy", "selection")


class KeyedRows(NamedTuple):
    """A pool with the key of each row."""

    rows: Pool
    keys: np.ndarray  # uint64


class Query:
    """The checked inputs of one query, the network of its learner, and its costs.

    `estimator` is the estimator of a learner, or the classifier itself; `recipe` is the
    classifier that it trains, which may be in a `DeferredFit`. Without labelled rows,
    `labelled` is None, and `y` is empty.
    """

    def __init__(self, classifier, pool, n_instances, ids, embedding, labelled):
        if is_committee(classifier):
            raise ValueError(
                "ASVP needs a single network, but a Committee has several. Use ASVP"
                " with an ActiveLearner of one network."
            )
        self.classifier = classifier
        self.estimator = estimator_of(classifier)
        self.is_deferred = hasattr(self.estimator, "is_pending_")
        self.recipe = self.estimator.estimator if self.is_deferred else self.estimator
        if embedding is None and not hasattr(self.estimator, "embed"):
            raise ValueError(
                "ASVP selects by the features of a network, but"
                f" {self._name()} has no method embed. Use a"
                " modal_clustermargin.estimators.NetworkClassifier, or pass a function"
                " (classifier, X) that returns features as embedding=."
            )
        X, self.y = self._labelled_rows(labelled)
        self.pool = KeyedRows(pool, pool_keys(pool, ids))
        # Learners keep no ids, so content gives the keys of labelled rows.
        self.labelled = None if X is None else KeyedRows(Pool(X), fingerprints(X))
        self.parts = [self.pool] if X is None else [self.pool, self.labelled]
        self.n_instances, self.has_ids = int(n_instances), ids is not None
        self.seconds, self.n_embedded = dict.fromkeys(_STAGES, 0.0), 0

    @contextmanager
    def timed(self, stage):
        """Add the seconds of a block to a stage, without those of inner stages."""
        since, others = time.perf_counter(), sum(self.seconds.values())
        try:
            yield
        finally:
            inner = sum(self.seconds.values()) - others
            self.seconds[stage] += time.perf_counter() - since - inner

    def _labelled_rows(self, given):
        if given is None:
            given = training_data(self.classifier)
            if given[0] is None:
                given = getattr(self.estimator, "training_data_", (None, None))
            if given[0] is None and _is_fitted(self.estimator):
                raise ValueError(
                    "ASVP trains a proxy on the labelled rows, but a fitted"
                    f" {self._name()} does not keep them. Wrap it in a modAL"
                    " ActiveLearner or a DeferredFit, or pass labelled=(X, y)."
                )
        X, y = given(self.classifier) if callable(given) else given
        if X is None or not n_rows(X):
            return None, np.empty(0)
        if y is None:
            raise ValueError(
                "ASVP needs a label for each labelled row, and y is None; X is a"
                f" {type(X).__name__}. Pass labelled=(X, y) with arrays, where X may be"
                " row numbers for a DatasetRows to look up."
            )
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if len(y) != n_rows(X):
            raise ValueError(
                f"ASVP got {n_rows(X)} labelled rows and {len(y)} labels; one label for"
                " each row is expected."
            )
        return X, y

    def _name(self):
        inner, own = type(self.recipe).__name__, type(self.estimator).__name__
        return f"{own}({inner})" if self.is_deferred else own

    @cached_property
    def label_keys(self):
        """A key of each labelled row with its label, ascending: list of int."""
        if self.labelled is None:
            return []
        keys = [self.labelled.keys, fingerprints(self.y.astype(str))]
        return np.sort(row_keys(np.column_stack(keys))).tolist()

    @cached_property
    def key(self):
        """Hash of the labels, the pool and the number of picks."""
        return joblib.hash((self.label_keys, self.pool.keys, self.n_instances))

    def untrained(self):
        """The network before training, with its pre-trained weights."""
        first = self.pool.rows.take(slice(0, 1))
        if hasattr(self.estimator, "untrained"):
            return self.estimator.untrained(first)
        try:
            self.recipe.embed(first)
        except NotFittedError:  # the first training provides the weights
            return self.trained()
        return copy.deepcopy(self.recipe)

    def trained(self):
        """The network as the learner trains it; later trainings do not change it."""
        if self.is_deferred:
            return self.estimator.estimator_
        return copy.deepcopy(self.recipe)

    def make_proxy(self):
        """The proxy that the estimator offers, or a logistic regression."""
        if hasattr(self.estimator, "make_proxy"):
            return self.estimator.make_proxy()
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))

    def switch_to(self, recipe):
        """Let a learner with a `DeferredFit` train another classifier from now on."""
        if not self.is_deferred or self.estimator.estimator is recipe:
            return
        self.estimator.set_params(estimator=recipe)
        if not self.estimator.is_pending_ and _is_fitted(self.estimator):
            self.estimator.fit(*self.estimator.training_data_)


def _is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):  # TypeError: not an estimator
        return False
    return True


class ProxyLearner:
    """The classifier that a selector gets, with training data as a learner has.

    If `proxy` is None, it is not fitted: it embeds rows but does not predict.
    """

    def __init__(self, proxy, X_training=None, y_training=None):
        self.proxy = proxy
        self.X_training = X_training
        self.y_training = y_training

    def predict_proba(self, X):
        if self.proxy is None:
            raise NotFittedError("There are no labels to train a proxy on.")
        return self.proxy.predict_proba(_in_memory(X))

    def embed(self, X):
        X = _in_memory(X)
        return X if self.proxy is None else embed(self.proxy, X)


def _in_memory(X):
    return np.asarray(X) if isinstance(X, StoredRows) else X


def ask_selector(selector, learner, pool, n_instances, ids):
    """``(indices, metrics)`` of a selector; metrics are zeros if it has none."""
    if isinstance(selector, QueryStrategy):
        return selector.pick_with_metrics(learner, pool, n_instances, ids)
    answer = selector(learner, pool.X, n_instances)
    indices, metrics = answer if isinstance(answer, tuple) else (answer, None)
    indices = np.asarray(indices)
    n_found = len(np.intersect1d(indices, np.arange(len(ids))))
    if not indices.shape == (n_instances,) == (n_found,) or indices.dtype.kind == "f":
        raise ValueError(
            f"ASVP asked its selector for {n_instances} different positions in a pool"
            f" of {len(ids)} and got {indices.dtype} of shape {indices.shape}, with"
            f" {n_found} different positions in the pool."
        )
    if np.shape(metrics) != indices.shape:  # a learner's query returns rows
        metrics = np.zeros(n_instances)
    return indices, np.asarray(metrics, float)


def set_seed(estimator, seed):
    """Set each ``random_state`` that is None to this seed; return the estimator."""
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    for name, value in sorted(parameters.items()):
        if name.rpartition("__")[2] == "random_state" and value is None:
            estimator.set_params(**{name: int(seed)})
    return estimator
