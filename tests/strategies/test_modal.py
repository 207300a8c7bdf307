"""How strategies tell modAL's learners and committees from other classifiers."""

import numpy as np
import pytest
from modAL.models import ActiveLearner, Committee
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.strategies import _modal, embed

X = np.array([[0.0, 1], [1, 0], [2, 5], [3, 1]])
y = np.array([0, 1, 0, 1])


def learner():
    return ActiveLearner(LogisticRegression(), X_training=X, y_training=y)


def test_a_classifier_a_learner_and_a_committee():
    classifier, one = LogisticRegression(), learner()
    both = Committee([one, learner()])
    assert [_modal.is_learner(each) for each in (classifier, one)] == [False, True]
    assert _modal.is_committee(both)
    assert _modal.members(both) == both.learner_list
    assert _modal.members(one) == [one]
    assert _modal.estimator_of(one) is one.estimator
    assert _modal.estimator_of(classifier) is classifier
    assert _modal.training_data(classifier) == (None, None)
    assert _modal.training_data(one)[0] is one.X_training


@pytest.mark.parametrize("make", [learner, lambda: Committee([learner(), learner()])])
def test_without_training_data_the_answers_are_the_same(make):
    asked = make()
    sent = _modal.without_training_data(asked)
    np.testing.assert_array_equal(sent.predict_proba(X), asked.predict_proba(X))
    np.testing.assert_array_equal(embed(sent, X), X)
    for there, here in zip(_modal.members(sent), _modal.members(asked), strict=True):
        assert there.X_training is there.y_training is None
        assert here.X_training is not None


def test_a_classifier_alone_is_sent_as_it_is():
    classifier = LogisticRegression()
    assert _modal.without_training_data(classifier) is classifier
    assert not _modal.takes_metrics(classifier)


def test_a_query_with_return_metrics_takes_metrics():
    class Learner:
        def query(self, X_pool, return_metrics=False):
            """As in modAL 0.4.2."""

    assert _modal.takes_metrics(Learner())
