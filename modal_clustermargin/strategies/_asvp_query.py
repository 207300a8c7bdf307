"""One query of ASVP: its inputs, and the call of its selector with a proxy."""

import copy
from functools import cached_property

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from modal_clustermargin.pools import (
    Pool,
    StoredRows,
    lasting_ids,
    n_rows,
    pool_keys,
)
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import checked_matrix, embed
from modal_clustermargin.strategies._modal import (
    estimator_of,
    is_committee,
    training_data,
)


class KeyedRows:
    """A pool with the key of each row, and with a distinct id even for equal rows."""

    def __init__(self, pool, ids=None):
        self.pool = pool
        self.keys = pool_keys(pool, ids)  # uint64
        self.ids = lasting_ids(self.keys)  # int64


class Query:
    """The checked inputs of one query, and the trainings of its network.

    Attributes
    ----------
    estimator : classifier
        The estimator of a learner, or the classifier itself.

    recipe : classifier
        The classifier that the estimator trains: the classifier in a `DeferredFit`, or
        the estimator itself.

    y : ndarray of shape (n_labelled,) or (n_labelled, n_labels), or None
        None without labelled rows.

    pool, labelled : KeyedRows
        `labelled` is None without labelled rows.

    parts : list of KeyedRows
        Those of the two that are not None.
    """

    def __init__(self, classifier, pool, n_instances, ids, embedding, labelled):
        if is_committee(classifier):
            raise ValueError(
                "ASVP needs a single network, but a Committee has several. Use ASVP"
                " with an ActiveLearner of one network."
            )
        self.classifier = classifier
        self.estimator = estimator_of(classifier)
        if embedding is None and not hasattr(self.estimator, "embed"):
            raise ValueError(
                "ASVP selects by the features of a network, but"
                f" {_name(self.estimator)} has no method embed. Use a"
                " modal_clustermargin.estimators.NetworkClassifier, or pass a function"
                " (classifier, X) that returns features as embedding=."
            )
        self.is_deferred = hasattr(self.estimator, "is_pending_")
        self.recipe = self.estimator.estimator if self.is_deferred else self.estimator
        self.n_instances = n_instances
        self.has_ids = ids is not None
        X, self.y = self._labelled_rows(labelled)
        self.pool = KeyedRows(pool, ids)
        # Learners keep no ids, so content gives the keys of labelled rows.
        self.labelled = None if self.y is None else KeyedRows(Pool(X))
        self.parts = [self.pool] if X is None else [self.pool, self.labelled]

    def _labelled_rows(self, given):
        if callable(given):
            given = given(self.classifier)
        if given is None and training_data(self.classifier)[0] is not None:
            given = training_data(self.classifier)
        if given is None:
            given = getattr(self.estimator, "training_data_", None)
        if given is None and _is_fitted(self.estimator):
            raise ValueError(
                "ASVP trains a proxy on the labelled rows, but a fitted"
                f" {_name(self.estimator)} does not keep them. Wrap it in a modAL"
                " ActiveLearner or a DeferredFit, or pass labelled=(X, y)."
            )
        X, y = given if given is not None else (None, None)
        if X is None or n_rows(X) == 0:
            return None, None
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

    @cached_property
    def labels_key(self):
        """Hash of the labelled rows and their labels, whatever their order."""
        return labels_key(self.labelled.ids, self.y)

    @cached_property
    def key(self):
        """Hash of the query, whatever the order of rows."""
        known = None if self.labelled is None else self.labels_key
        return joblib.hash((known, np.sort(self.pool.keys), int(self.n_instances)))

    def untrained(self):
        """Return the network before training, with its pre-trained weights."""
        first = self.pool.pool.take(slice(0, 1))
        if hasattr(self.estimator, "untrained"):
            return self.estimator.untrained(first)
        try:
            self.recipe.embed(first)
        except NotFittedError:  # the first training provides the weights
            return self.trained()
        return copy.deepcopy(self.recipe)

    def trained(self):
        """Return the network as the learner trains it; later trainings keep it."""
        if self.is_deferred:
            return self.estimator.estimator_
        return copy.deepcopy(self.recipe)

    def train(self, recipe, folder):
        """Return a clone of a classifier, trained on the labelled rows.

        A classifier with a `checkpoint_dir` saves its state in `folder`, if there is
        one.
        """
        network = clone(recipe)
        parameters = network.get_params(deep=False)
        if folder is not None and parameters.get("checkpoint_dir", "") is None:
            network.set_params(checkpoint_dir=folder)
        return network.fit(self.labelled.pool.X, self.y)

    def switch_to(self, recipe):
        """Let a learner with a `DeferredFit` train another classifier from now on."""
        if not self.is_deferred or self.estimator.estimator is recipe:
            return
        self.estimator.set_params(estimator=recipe)
        if not self.estimator.is_pending_ and _is_fitted(self.estimator):
            self.estimator.fit(*self.estimator.training_data_)

    def make_proxy(self):
        """Return the proxy that the estimator offers, or a logistic regression."""
        if hasattr(self.estimator, "make_proxy"):
            return self.estimator.make_proxy()
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def labels_key(ids, labels):
    """Hash of rows and their labels, whatever their order."""
    order = np.argsort(ids)
    return joblib.hash((ids[order], np.asarray(labels)[order].astype(str)))


def network_name(classifier):
    """Text that names the class of a classifier and its module."""
    parameters = getattr(classifier, "get_params", dict)(deep=False)
    module = {
        name: getattr(value, "__qualname__", repr(value))
        for name, value in parameters.items()
        if name.partition("__")[0] == "module"
    }
    return f"{type(classifier).__name__}({module or ''})"


def _is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):  # TypeError: not an estimator
        return False
    return True


def _name(estimator):
    inner = getattr(estimator, "estimator", None)
    own = type(estimator).__name__
    return own if inner is None else f"{own}({type(inner).__name__})"


class ProxyLearner:
    """The classifier that a selector gets, with training data as a learner has.

    If `proxy` is None, the classifier is not fitted: it embeds rows but does not
    predict.
    """

    def __init__(self, proxy, X_training=None, y_training=None):
        self.proxy = proxy
        self.X_training = X_training
        self.y_training = y_training

    def predict_proba(self, X):
        """Class probabilities of rows of features."""
        if self.proxy is None:
            raise NotFittedError("There are no labels to train a proxy on.")
        return self.proxy.predict_proba(_in_memory(X))

    def embed(self, X):
        """Embeddings of the proxy."""
        if self.proxy is None:
            return np.asarray(X)
        return checked_matrix(embed(self.proxy, _in_memory(X)), n_rows(X), "ASVP")


def _in_memory(X):
    return np.asarray(X) if isinstance(X, StoredRows) else X


def ask_selector(selector, learner, pool, n_instances, ids):
    """Return ``(indices, metrics)`` of a selector; metrics are zeros if it has none.

    A selector that is a function takes ``(classifier, X_pool, n_instances)`` and
    returns positions, or a tuple that begins with positions.
    """
    if isinstance(selector, QueryStrategy):
        return selector.pick_with_metrics(learner, pool, n_instances, ids)
    answer = selector(learner, pool.X, n_instances)
    indices, metrics = answer if isinstance(answer, tuple) else (answer, None)
    indices = np.asarray(indices)
    n_found = len(np.unique(indices[(indices >= 0) & (indices < len(ids))]))
    is_sound = indices.shape == (n_instances,) and indices.dtype.kind in "iu"
    if not is_sound or n_found < n_instances:
        raise ValueError(
            f"ASVP asked its selector for {n_instances} different positions in a pool"
            f" of {len(ids)} and got {indices.dtype} of shape {indices.shape}, with"
            f" {n_found} different positions in the pool."
        )
    if np.shape(metrics) != indices.shape:  # a learner's query returns rows
        metrics = np.zeros(n_instances)
    return indices, metrics


def set_seed(estimator, seed):
    """Set each ``random_state`` that is None to this seed; return the estimator."""
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    for name, value in sorted(parameters.items()):
        if name.rpartition("__")[2] == "random_state" and value is None:
            estimator.set_params(**{name: int(seed)})
    return estimator
