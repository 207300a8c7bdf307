"""BADGE: what it chooses, and from which gradients."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import nn

from modal_clustermargin.estimators import MLP, NetworkClassifier
from modal_clustermargin.pools import Pool
from modal_clustermargin.strategies import BADGE, pool_residuals
from tests.strategies.make_pools import (
    ByRowNumber,
    Unfitted,
    numbered_rows,
    of_margins,
    random_classes,
)


def test_residuals_are_the_gradients_of_a_network():
    """Those that torch computes for the weights of the last layer."""
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(20, 4)).astype(np.float32), np.arange(20) % 3
    net = NetworkClassifier(MLP, module__n_hidden=5, max_epochs=3).fit(X, y)
    outer = np.einsum("ic,id->icd", pool_residuals(net, Pool(X), "BADGE"), net.embed(X))
    for row, expected in enumerate(outer):
        logits = net.module_(torch.tensor(X[row : row + 1]))
        net.module_.zero_grad()
        nn.functional.cross_entropy(logits, logits.argmax(dim=1)).backward()
        gradient = -net.module_.head.weight.grad
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_residuals_of_labels_and_of_several_outputs():
    X_pool = numbered_rows(2)
    labels = ByRowNumber([[0.9, 0.2, 0.6], [0.5, 0.1, 0.0]])
    np.testing.assert_allclose(
        pool_residuals(labels, Pool(X_pool), "BADGE"),
        [[0.1, -0.2, 0.4], [0.5, -0.1, 0]],
        atol=1e-7,
    )

    class Forest:
        def predict_proba(self, X):
            return [np.array([[0.3, 0.7], [0.5, 0.5]]), np.array([[1.0], [1.0]])]

    np.testing.assert_allclose(
        pool_residuals(Forest(), Pool(X_pool), "BADGE"),
        [[-0.3, 0.3, 0], [0.5, -0.5, 0]],
        atol=1e-7,
    )


def test_messages_of_probabilities():
    class Answers:
        def __init__(self, *blocks):
            self.blocks = list(blocks)

        def predict_proba(self, X):
            return self.blocks.pop(0)

    n_pool = 1100
    X_pool = numbered_rows(n_pool)
    for answers, message in (
        (Answers([]), "an empty list"),
        (Answers([np.full((1024, 1), -7.0)]), "between 0 and 1"),
        (
            Answers(np.full((1024, 2), 0.5), np.ones((76, 1))),
            "of 2 classes for the first rows of X_pool, and of 1 from row 1024",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            BADGE()(answers, X_pool, 5)


def test_first_is_the_longest_or_drawn():
    classifier, X_pool = random_classes()
    residuals = pool_residuals(classifier, Pool(X_pool), "BADGE")
    lengths = (residuals**2).sum(axis=1) * (X_pool**2).sum(axis=1)
    longest = int(lengths.argmax())
    assert BADGE(random_state=0)(classifier, X_pool, 5)[0] == longest
    firsts = {
        BADGE(first="drawn", random_state=seed)(classifier, X_pool, 1)[0]
        for seed in range(20)
    }
    assert len(firsts) > 10


def test_certain_rows_are_picked_last():
    margins = np.r_[np.ones(50), np.linspace(0, 0.5, 10)]
    picks = BADGE(random_state=0)(of_margins(margins), numbered_rows(60), 14)
    assert set(picks[:11]) > set(range(50, 60))
    assert len(set(picks)) == 14


def test_unfitted_draws_by_the_embeddings():
    X_pool = np.r_[np.zeros((50, 2)), 9 * np.eye(2)]
    picks = BADGE(random_state=0)(Unfitted(), X_pool, 3)
    assert {50, 51} < set(picks)


def test_embeddings_of_ones_own():
    classifier, X_pool = random_classes()
    embeddings = np.r_[np.zeros((57, 2)), 5 * np.eye(3, 2) + 1]
    for own in (embeddings, lambda *_: embeddings):
        picks = BADGE(own, random_state=0)(classifier, X_pool, 4)
        assert set(picks) > {57, 58, 59}


def test_metrics_are_squared_distances():
    classifier, X_pool = random_classes()
    indices, metrics = BADGE(random_state=0).pick_with_metrics(classifier, X_pool, 4)
    residuals = pool_residuals(classifier, Pool(X_pool), "BADGE")
    G = np.einsum("ic,id->icd", residuals, X_pool).reshape(60, -1)
    nearest = cdist(G[indices[3:]], G[indices[:3]], "sqeuclidean").min()
    np.testing.assert_allclose(metrics[3], nearest)
    np.testing.assert_allclose(metrics[0], (G[indices[0]] ** 2).sum())
