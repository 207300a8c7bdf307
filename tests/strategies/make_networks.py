"""Deterministic networks with embeddings, and loops of ASVP around them."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.strategies import MarginSampling

PROXY = LogisticRegression()


class Network(ClassifierMixin, BaseEstimator):
    """Embeds rows by an angle that depends on the number of rows it was trained on.

    The class counts the trainings and embedded rows of all instances.
    """

    fits = ()
    n_embedded = 0

    def __init__(self, linear_probe="a probe"):
        self.linear_probe = linear_probe

    def fit(self, X, y):
        Network.fits += ((len(X), self.linear_probe),)
        self.angle_ = len(X) / 50 + (self.linear_probe is None)
        self.model_ = LogisticRegression().fit(self.turned(X), y)
        return self

    def turned(self, X):
        c, s = np.cos(self.angle_), np.sin(self.angle_)
        return np.asarray(X, float) @ [[c, s], [-s, c]] + [self.angle_, 0]

    def embed(self, X):
        if not hasattr(self, "angle_"):
            raise NotFittedError
        Network.n_embedded += len(X)
        return self.turned(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(self.turned(X))

    def predict(self, X):
        return self.model_.predict(self.turned(X))


class Pretrained(Network):
    """A network with embeddings before training."""

    def untrained(self, X):
        return turned_by(0.0, self)


class WithHead(Pretrained):
    """A network whose head classifies embeddings."""

    def head_classifier(self, X):
        return self.model_


def turned_by(angle, network=None):
    """A clone of a network that embeds by an angle."""
    network = clone(Pretrained() if network is None else network)
    network.angle_ = float(angle)
    return network


@pytest.fixture(autouse=True)
def zero_counts():
    """For modules that import it: counts start at zero in every test."""
    Network.fits, Network.n_embedded = (), 0


def make_rows(n_rows, seed=0):
    X = np.random.RandomState(seed).normal(size=(n_rows, 2))
    return X, (X[:, 0] > 0) + (X[:, 1] > 0.3).astype(int)


X, Y = make_rows(120)


def deferred(labelled=20, network=None):
    """A DeferredFit with some of the rows as its training data."""
    rows = np.arange(labelled) if np.ndim(labelled) == 0 else np.asarray(labelled)
    network = Pretrained() if network is None else network
    return DeferredFit(network).fit(X[rows], Y[rows])


def run(strategy, network=None, n_rounds=4, n_instances=5, n_initial=20, ids=False):
    """Rounds as in a scikit-learn script; returns picked positions and the network."""
    network = DeferredFit(Pretrained()) if network is None else network
    labelled, picked = np.arange(n_initial), []
    for _ in range(n_rounds):
        network.fit(X[labelled], Y[labelled])
        left = np.setdiff1d(np.arange(len(X)), labelled)
        given = {"ids": left + 1000} if ids else {}
        picks = left[strategy(network, X[left], n_instances, **given)]
        labelled = np.concatenate([labelled, picks])
        picked.append(picks.tolist())
    return picked, network


def split_after(picked, n_initial=20):
    """Positions of labelled rows and of the pool, after the rounds of `run`."""
    labelled = np.array([*range(n_initial), *np.ravel(picked)], int)
    return labelled, np.setdiff1d(np.arange(len(X)), labelled)


def run_by_hand(features_of, n_rounds=4, n_instances=5, n_initial=20):
    """The rounds of `run` with a logistic regression on features, written out."""
    labelled, picked = np.arange(n_initial), []
    for _ in range(n_rounds):
        left = np.setdiff1d(np.arange(len(X)), labelled)
        F = features_of(labelled)
        model = LogisticRegression().fit(F[labelled], Y[labelled])
        picks = left[MarginSampling()(model, F[left], n_instances)]
        labelled = np.concatenate([labelled, picks])
        picked.append(picks.tolist())
    return picked
