"""NetworkClassifier inside modAL's learners."""

import modAL.models
import numpy as np
import pandas as pd
import pytest
from modAL.uncertainty import margin_sampling

from modal_clustermargin import learners
from modal_clustermargin.estimators import MLP, NetworkClassifier, SmallConvNet
from modal_clustermargin.learners import ActiveLearner, Committee


def fast(module=SmallConvNet, **parameters):
    parameters = {"max_epochs": 10, "random_state": 0, **parameters}
    return NetworkClassifier(module, **parameters)


def test_a_loop_of_queries_learns_digits(digits):
    X, y = digits
    learner = ActiveLearner(fast(), margin_sampling, X[:40], y[:40])
    first = learner.score(X[500:], y[500:])
    X_pool, y_pool = X[40:500], y[40:500]
    for _ in range(3):
        picks, images = learner.query(X_pool, n_instances=20)
        assert images.shape == (20, 1, 8, 8)
        learner.teach(images, y_pool[picks])
        X_pool, y_pool = np.delete(X_pool, picks, 0), np.delete(y_pool, picks)
    assert len(learner.X_training) == 100
    assert learner.score(X[500:], y[500:]) > max(first, 0.85)


def test_teach_brings_a_new_class(blobs):
    X, y = blobs
    learner = ActiveLearner(fast(MLP), margin_sampling, X[y < 2], y[y < 2])
    learner.teach(X[y == 2], y[y == 2])
    assert learner.predict_proba(X).shape == (90, 3)


def test_frames(blobs):
    X, y = pd.DataFrame(blobs[0]), pd.Series(blobs[1])
    learner = ActiveLearner(fast(MLP), margin_sampling, X[:30], y[:30])
    picks, rows = learner.query(X[30:], n_instances=5)
    # No teach: to add rows, modAL 0.4.1 calls an append that pandas 2 dropped.
    assert learner.predict_proba(rows).shape == (len(picks), 3)


def test_a_committee_votes(blobs):
    X, y = blobs
    members = [
        ActiveLearner(fast(MLP, random_state=seed), margin_sampling, X[:30], y[:30])
        for seed in range(2)
    ]
    picks, _ = Committee(members).query(X, n_instances=4)
    assert len(set(picks)) == 4


@pytest.mark.skipif(
    not hasattr(modAL.models, "DeepActiveLearner"), reason="modAL 0.4.2 has it"
)
def test_deep_active_learner(digits):
    X, y = digits
    net = fast(classes=range(10))
    learner = learners.DeepActiveLearner(net, margin_sampling)
    learner.query(X[:50], n_instances=5)
    learner.teach(X[:200], y[:200])
    first = net.score(X[200:], y[200:])
    learner.teach(X[:200], y[:200])
    assert net.score(X[200:], y[200:]) > first
