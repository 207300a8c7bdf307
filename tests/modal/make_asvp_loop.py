"""A loop of ASVP with a real network and modAL's learner, which may be killed."""

import os
import sys

import numpy as np
from sklearn.datasets import load_digits

from modal_clustermargin.estimators import (
    DeferredFit,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    SmallConvNet,
)
from modal_clustermargin.learners import ActiveLearner
from modal_clustermargin.strategies import ASVP, AtRounds, MarginSampling

X, y = load_digits(return_X_y=True)
X = (X.reshape(-1, 1, 8, 8) / 16).astype(np.float32)

PROXY = ProxyClassifier(max_epochs=5)


class MarginSamplingWithEnd(MarginSampling):
    """Ends the process, as a kill does, when no calls are left."""

    n_calls_left = -1

    def _select(self, *arguments):
        if MarginSamplingWithEnd.n_calls_left == 0:
            os._exit(9)
        MarginSamplingWithEnd.n_calls_left -= 1
        return super()._select(*arguments)


def make_learner(strategy, kind=NetworkClassifier):
    """A learner with a deferred network and 60 labelled digits."""
    network = kind(
        SmallConvNet,
        linear_probe=LinearProbe(max_epochs=2),
        max_epochs=2,
        random_state=0,
    )
    return ActiveLearner(DeferredFit(network), strategy, X[:60], y[:60])


def run(learner, n_rounds=3):
    """Rounds of query and teach on 240 digits; returns the picked images."""
    X_pool, y_pool, picked = X[60:300], y[60:300], []
    for _ in range(n_rounds):
        indices, instances = learner.query(X_pool, n_instances=15)
        np.testing.assert_array_equal(instances, X_pool[indices])
        picked.append(instances)
        learner.teach(instances, y_pool[indices])
        X_pool = np.delete(X_pool, indices, axis=0)
        y_pool = np.delete(y_pool, indices)
    return np.concatenate(picked)


def run_in_folder(folder, n_calls=-1):
    """The picks and the history of a loop, which ends after `n_calls` calls."""
    MarginSamplingWithEnd.n_calls_left = n_calls
    selector = MarginSamplingWithEnd()
    strategy = ASVP(selector, PROXY, AtRounds(1), store=folder, random_state=0)
    return run(make_learner(strategy)), strategy.history_


if __name__ == "__main__":
    # Import by the full name, so that a later process can unpickle the classes.
    from tests.modal.make_asvp_loop import run_in_folder as run_here

    run_here(sys.argv[1], int(sys.argv[2]))
