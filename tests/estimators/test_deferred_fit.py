"""DeferredFit trains once, at the first prediction, and behaves as its estimator."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted
from torch.utils.data import TensorDataset

from modal_clustermargin import RandomSampling
from modal_clustermargin.estimators import MLP, DeferredFit, NetworkClassifier
from modal_clustermargin.learners import ActiveLearner


class Counting(LogisticRegression):
    """Counts the fits of all its clones."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        Counting.n_fits += 1
        return super().fit(X, y, sample_weight)


@pytest.fixture(autouse=True)
def none_counted():
    Counting.n_fits = 0


@pytest.mark.parametrize("question", ["predict", "predict_proba"])
def test_trains_once_when_first_asked(blobs, question):
    X, y = blobs
    model = DeferredFit(Counting()).fit(X[:40], y[:40]).fit(X, y)
    assert (Counting.n_fits, model.is_pending_) == (0, True)
    answers = [getattr(model, question)(X) for _ in range(2)]
    assert (Counting.n_fits, model.is_pending_) == (1, False)
    expected = getattr(LogisticRegression().fit(X, y), question)(X)
    for answer in answers:
        np.testing.assert_array_equal(answer, expected)
    assert model.fit(X[:50], y[:50]).is_pending_
    assert not hasattr(model.estimator, "coef_")


def test_behaves_as_its_estimator(blobs):
    X, y = blobs
    net = NetworkClassifier(MLP, max_epochs=5, random_state=0)
    model = DeferredFit(net).fit(X, y)
    np.testing.assert_array_equal(model.embed(X), net.fit(X, y).embed(X))
    assert model.score(X, y) == net.score(X, y)
    assert model.n_features_in_ == 4
    without = DeferredFit(LogisticRegression()).fit(X, y)
    assert not hasattr(without, "embed")
    assert without.score(X, y, np.arange(90)) > 0.9


def test_classes_are_known_without_training(blobs):
    X, y = blobs
    model = DeferredFit(Counting()).fit(X, y)
    check_is_fitted(model)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert Counting.n_fits == 0
    declared = DeferredFit(NetworkClassifier(classes=[0, 1, 2, 3])).fit(X, y)
    np.testing.assert_array_equal(declared.classes_, [0, 1, 2, 3])


def test_waits_through_clone_pickle_and_fit_parameters(blobs):
    X, y = blobs
    weights = (y != 2).astype(float)
    model = DeferredFit(Counting()).fit(X, y, sample_weight=weights)
    again = pickle.loads(pickle.dumps(model))
    assert again.is_pending_
    assert 2 not in again.predict(X)
    assert not clone(model).is_pending_


# modAL 0.4.1, not this project.
def test_teaching_costs_nothing_in_modal(blobs):
    X, y = blobs
    learner = ActiveLearner(DeferredFit(Counting()), RandomSampling(), X[:9], y[:9])
    for _ in range(3):
        indices, rows = learner.query(X, n_instances=5)
        learner.teach(rows, y[indices])
    assert Counting.n_fits == 0
    assert learner.score(X, y) > 0.9
    assert Counting.n_fits == 1
    assert learner.X_training.shape == (24, 4)


def test_messages(blobs):
    X, _ = blobs
    with pytest.raises(NotFittedError, match=r"nothing to train on .* call fit"):
        DeferredFit(LogisticRegression()).predict(X)
    with pytest.raises(NotFittedError):
        check_is_fitted(DeferredFit(LogisticRegression()))


def test_an_error_while_training_keeps_the_data(blobs):
    X, y = blobs
    model = DeferredFit(LogisticRegression(C=-1)).fit(X, y)
    with pytest.raises(ValueError, match="'C' parameter"):
        model.predict(X)
    assert model.is_pending_
    model.estimator.set_params(C=1.0)
    assert model.score(X, y) > 0.9


def test_labels_of_a_dataset_and_labels_in_columns(blobs):
    X, y = map(torch.tensor, blobs)
    net = NetworkClassifier(MLP, max_epochs=1, module__n_hidden=4)
    waiting = DeferredFit(net).fit(TensorDataset(X, y))
    assert waiting.is_pending_
    assert waiting.predict(X).shape == (90,)
    waiting.fit(X, np.eye(3)[y])
    assert waiting.classes_.tolist() == [0, 1, 2]
    waiting.fit(X, y, sample_weight=(y > 0).int())
    assert waiting.classes_.tolist() == [0, 1, 2]
