"""Multi-label data: a column for each label."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import average_precision_score

from modal_clustermargin import MarginSampling
from modal_clustermargin.estimators import MLP, LinearProbe, NetworkClassifier
from modal_clustermargin.learners import ActiveLearner


@pytest.fixture(scope="module")
def tagged():
    """Scaled rows of counts, and columns of 0 and 1 for five labels."""
    X, y = make_multilabel_classification(300, 20, n_classes=5, random_state=0)
    return X / X.max(), y


@pytest.fixture
def net():
    return NetworkClassifier(MLP, max_epochs=40, random_state=0)


def test_each_label_has_its_own_probability(net, tagged):
    X, y = tagged
    proba = net.fit(X[:200], y[:200]).predict_proba(X)
    assert proba.shape == (300, 5)
    assert not np.allclose(proba.sum(axis=1), 1)
    with torch.no_grad():
        logits = net.module_.eval()(torch.tensor(X, dtype=torch.float32))
    np.testing.assert_allclose(proba, torch.sigmoid(logits), atol=1e-6)
    np.testing.assert_array_equal(net.predict(X), proba >= 0.5)
    assert average_precision_score(y[200:], proba[200:], average="macro") > 0.7
    np.testing.assert_array_equal(net.classes_, np.arange(5))
    assert isinstance(net.criterion_, torch.nn.BCEWithLogitsLoss)


def test_one_label_per_sample_is_not_multi_label(net, blobs):
    X, y = blobs
    assert not net.fit(X, y).is_multi_label_
    np.testing.assert_allclose(net.predict_proba(X).sum(axis=1), 1, atol=1e-6)


def test_names_of_columns_and_more_fits(net, tagged):
    X, y = tagged
    names = ["sky", "sea", "dog", "cat", "boat"]
    net.set_params(classes=names, max_epochs=2).fit(X, y)
    assert net.classes_.tolist() == names
    before = net.history[-1, "train_loss"]
    net.set_params(max_epochs=10).partial_fit(X, y)
    assert net.history[-1, "train_loss"] < before


def test_probing_and_modal(net, tagged):
    X, y = tagged
    net.set_params(linear_probe=LinearProbe(max_epochs=200), max_epochs=0)
    learner = ActiveLearner(net, MarginSampling(), X[:100], y[:100])
    indices, _ = learner.query(X[100:], n_instances=7)
    margins = np.abs(2 * learner.predict_proba(X[100:]) - 1).mean(axis=1)
    assert set(indices) == set(np.argsort(margins)[:7])
    assert net.fit(X, y).predict_proba(X).shape == (300, 5)


class TestMessages:
    def test_values_other_than_0_and_1(self, net, tagged):
        X, y = tagged
        y = y.astype(float)
        y[3, 2] = np.nan
        with pytest.raises(ValueError, match=r"y\[3, 2\] is nan"):
            net.fit(X, y)

    def test_lists_of_labels(self, net, tagged):
        X, _ = tagged
        with pytest.raises(ValueError, match="MultiLabelBinarizer"):
            net.fit(X, [["sky", "sea"]] * 300)

    def test_other_columns_later(self, net, tagged):
        X, y = tagged
        net.set_params(max_epochs=1).fit(X, y)
        with pytest.raises(
            ValueError, match="y has 4 columns, and there are 5 classes"
        ):
            net.partial_fit(X, y[:, :4])
        with pytest.raises(ValueError, match="one label per sample in another"):
            net.partial_fit(X, y[:, 0])
