"""To scikit-learn, a learner is an estimator of the kind of its estimator."""

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from modal_clustermargin import ClusterMargin, MarginSampling, learners
from modal_clustermargin.learners import ActiveLearner, Committee
from tests.learners.make_learners import X, y

ORDER = np.argsort(y, kind="stable")  # sorted by class, as tables often are


def committee_of(*estimators):
    return Committee(
        [ActiveLearner(each, MarginSampling(), X[:20], y[:20]) for each in estimators],
        ClusterMargin(),
    )


def test_the_kind_of_estimator():
    assert is_classifier(ActiveLearner(LogisticRegression()))
    assert is_classifier(committee_of(LogisticRegression()))
    regressor = ActiveLearner(LinearRegression())
    assert is_regressor(regressor)
    assert is_regressor(learners.CommitteeRegressor([regressor]))
    assert is_regressor(learners.BayesianOptimizer(LinearRegression()))

    class Plain:
        def fit(self, X, y): ...

    assert not is_classifier(ActiveLearner(Plain()))


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", "neg_log_loss"])
def test_cross_validation_as_of_its_estimator(scoring):
    learner = ActiveLearner(LogisticRegression(), MarginSampling(), X[:20], y[:20])
    scores = [
        cross_val_score(each, X[ORDER], y[ORDER], scoring=scoring, cv=3)
        for each in (LogisticRegression(), learner, committee_of(LogisticRegression()))
    ]
    np.testing.assert_allclose(scores[1], scores[0])
    np.testing.assert_allclose(scores[2], scores[0])


def test_other_attributes():
    learner = ActiveLearner(LogisticRegression())
    with pytest.raises(NotFittedError):
        check_is_fitted(learner)
    assert not hasattr(learner, "classes_")
    learner.fit(X, y)
    check_is_fitted(learner)
    assert learner.classes_.tolist() == [0, 1]
    assert learner.n_features_in_ == 3
    votes = cross_val_predict(learner, X[ORDER], y[ORDER], method="predict_proba")
    assert votes.shape == (60, 2)
    scores = ActiveLearner(LinearSVC(), MarginSampling(), X, y)
    np.testing.assert_array_equal(
        scores.decision_function(X), scores.estimator.decision_function(X)
    )


@pytest.mark.parametrize("estimator", [LinearSVC(), LinearRegression()])
def test_an_estimator_without_probabilities(estimator):
    learner = ActiveLearner(estimator, ClusterMargin(), X[:20], y[:20])
    assert not hasattr(learner, "predict_proba")
    with pytest.raises(ValueError, match="needs a classifier with predict_proba"):
        learner.query(X, n_instances=3)
    # One member without probabilities is enough.
    committee = committee_of(LogisticRegression(), LinearSVC())
    with pytest.raises(ValueError, match="needs a classifier with predict_proba"):
        committee.query(X, n_instances=3)
