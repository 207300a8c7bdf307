"""CoreSet: what it chooses, and which rows are covered already."""

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.estimators import MLP, NetworkClassifier
from modal_clustermargin.learners import ActiveLearner, Committee
from modal_clustermargin.strategies import CoreSet
from tests.strategies.make_pools import numbered_rows

ROWS = np.random.RandomState(4).normal(size=(60, 3))


def test_in_a_learner_the_labelled_rows_are_covered_already():
    X_pool = np.array([[0.0], [1.0], [5.0], [9.0]])
    learner = ActiveLearner(
        LogisticRegression(), CoreSet(), np.array([[0.0], [8.0]]), [0, 1]
    )
    indices, _ = learner.query(X_pool, n_instances=4)
    assert indices.tolist() == [2, 1, 3, 0]


def test_labelled_rows_of_a_committee_are_those_of_all_members():
    X_pool = np.array([[0.0], [1.0], [5.0], [9.0]])
    members = [
        ActiveLearner(LogisticRegression(), X_training=np.array(X), y_training=[0, 1])
        for X in ([[0.0], [0.5]], [[0.0], [8.0]])
    ]
    committee = Committee(members, query_strategy=CoreSet())
    assert committee.query(X_pool, n_instances=3)[0].tolist() == [2, 3, 1]


@pytest.mark.parametrize("embed", [None, lambda classifier, X: X])
def test_labelled_rows_given(embed):
    X_pool, labelled = np.array([[0.0], [1.0], [5.0], [9.0]]), [[0.0], [8.0]]
    forms = [
        labelled,
        np.array(labelled),
        torch.tensor(labelled),
        sparse.csr_array(labelled),
        lambda classifier: labelled,
    ]
    for form in forms if embed is None else forms[1:3]:
        picks = CoreSet(form, embedding=embed)(None, X_pool, 3)
        assert picks.tolist() == [2, 1, 3]


def test_without_labelled_rows_the_first_is_drawn():
    X_pool = numbered_rows(50)
    firsts = {CoreSet(random_state=seed)(None, X_pool, 2)[0] for seed in range(20)}
    assert len(firsts) > 10
    assert CoreSet([], random_state=0)(None, X_pool, 2).shape == (2,)


def test_embeddings_of_a_network_for_pool_and_labelled_rows():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(80, 4)).astype(np.float32), np.arange(80) % 3
    net = NetworkClassifier(MLP, module__n_hidden=5, max_epochs=3, random_state=0)
    learner = ActiveLearner(net, CoreSet(), X[:20], y[:20])
    indices, _ = learner.query(X[20:], n_instances=10)
    Z = net.embed(X)
    np.testing.assert_array_equal(CoreSet(Z[:20])(None, Z[20:], 10), indices)


def test_cosine_knows_no_lengths():
    X_pool = np.array([[100.0, 0], [1, 1], [0, 3], [0, 0]])
    strategy = CoreSet([[1.0, 0]], metric="cosine")
    indices, metrics = strategy.pick_with_metrics(None, X_pool, 4)
    assert indices.tolist() == [2, 3, 1, 0]
    np.testing.assert_allclose(metrics, [1, 1, 1 - 0.5**0.5, 0], atol=1e-7)


def test_labelled_rows_are_not_rounded_to_the_type_of_the_pool():
    X_pool = np.array([[16777216], [16777218]], np.float32)
    assert CoreSet([[16777217.0]])(None, X_pool, 2).tolist() == [0, 1]


def test_numbers_of_any_type():
    expected = CoreSet(ROWS[:5].round())(None, ROWS[5:].round(), 9)
    for dtype in (np.longdouble, np.float16, np.int8):
        rows = ROWS.round().astype(dtype)
        for pool in (rows[5:], np.asfortranarray(rows[5:])):
            np.testing.assert_array_equal(CoreSet(rows[:5])(None, pool, 9), expected)


def test_metrics_are_distances():
    indices, metrics = CoreSet(ROWS[:5]).pick_with_metrics(None, ROWS[5:], 6)
    for k in range(6):
        centers = np.r_[ROWS[:5], ROWS[5:][indices[:k]]]
        expected = cdist(ROWS[5:][indices[k : k + 1]], centers).min()
        np.testing.assert_allclose(metrics[k], expected)


def test_messages():
    with pytest.raises(ValueError, match="embeddings of 2 columns, .* X_pool have 3"):
        CoreSet(np.zeros((4, 2)))(None, ROWS, 2)
    learner = ActiveLearner(LogisticRegression(), CoreSet(), ROWS[:9], np.arange(9) % 2)
    with pytest.raises(ValueError, match=r"embedding= as an array.*as labelled="):
        CoreSet(embedding=ROWS)(learner, ROWS, 2)
