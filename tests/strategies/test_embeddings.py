"""The embeddings of a classifier, found in pipelines and in wrappers around them."""

import warnings

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.learners import ActiveLearner
from modal_clustermargin.pools import Pool
from modal_clustermargin.strategies import (
    ClusterMargin,
    classifier_embeddings,
    embed,
)

X = np.random.default_rng(0).normal(size=(40, 5))
y = np.arange(40) % 2
SCALED = StandardScaler().fit_transform(X)


def scaled():
    return make_pipeline(StandardScaler(), LogisticRegression())


WRAPPERS = {
    "search": lambda inner: GridSearchCV(inner, {}, cv=2),
    "deferred": DeferredFit,
    "threshold": lambda inner: TunedThresholdClassifierCV(inner, cv=2),
    "calibrated": lambda inner: CalibratedClassifierCV(inner, cv=2, ensemble=False),
    "search in a pipeline": lambda inner: make_pipeline(GridSearchCV(inner, {}, cv=2)),
    "deferred search": lambda inner: DeferredFit(GridSearchCV(inner, {}, cv=2)),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_has_the_embeddings_of_what_it_trained(name):
    wrapper = WRAPPERS[name](scaled())
    before, is_final = classifier_embeddings(wrapper, Pool(X), "BADGE")
    np.testing.assert_array_equal(before.X, X)
    assert not is_final
    rows, is_final = classifier_embeddings(wrapper.fit(X, y), Pool(X), "BADGE")
    np.testing.assert_allclose(rows.X, SCALED)
    assert is_final


def test_a_wrapped_pipeline_makes_embeddings_of_texts():
    texts = [f"word{i % 7} other{i % 5}" for i in range(40)]
    inner = make_pipeline(CountVectorizer(), LogisticRegression())
    strategy = ClusterMargin()
    classifier = CalibratedClassifierCV(inner, cv=2).fit(texts, y)
    assert len(strategy(classifier, texts, 3)) == 3
    assert strategy.clustering_.n_features_in_ == 12  # words


def test_votes_of_pipelines_have_the_embeddings_of_all():
    pair = make_pipeline(PCA(2), LogisticRegression())
    named = [("all", scaled()), ("none", LogisticRegression()), ("two", pair)]
    voting = VotingClassifier(named, voting="soft").fit(X, y)
    learner = ActiveLearner(voting, X_training=X, y_training=y)
    pairs = np.abs(PCA(2).fit_transform(X))
    np.testing.assert_allclose(np.abs(embed(learner, X)), np.c_[np.abs(SCALED), pairs])


def test_steps_that_resample_or_pass_leave_rows_as_they_are():
    sampling = pytest.importorskip("imblearn.over_sampling")
    sampler = sampling.RandomOverSampler(random_state=0)
    pipeline = pytest.importorskip("imblearn.pipeline")
    steps = StandardScaler(), "passthrough", sampler, LogisticRegression()
    classifier = pipeline.make_pipeline(*steps).fit(X, y)
    np.testing.assert_allclose(embed(classifier, X), SCALED)
    wrapped = GridSearchCV(pipeline.make_pipeline(*steps), {}, cv=2).fit(X, y)
    np.testing.assert_allclose(embed(wrapped, X), SCALED)


@pytest.mark.parametrize(
    "classifier",
    [
        BaggingClassifier(scaled(), n_estimators=2, max_features=3),
        OneVsRestClassifier(scaled()),
        StackingClassifier([("one", scaled()), ("two", scaled())], cv=2),
    ],
    ids=repr,
)
def test_says_that_embeddings_of_parts_are_not_used(classifier):
    classifier.fit(X, y)
    with pytest.warns(UserWarning, match="the rows themselves are used. Pass"):
        rows, is_final = classifier_embeddings(classifier, Pool(X), "BADGE")
    np.testing.assert_array_equal(rows.X, X)
    assert is_final


@pytest.mark.parametrize(
    "classifier",
    [
        RandomForestClassifier(3),
        MLPClassifier((), max_iter=1, solver="lbfgs"),
        GridSearchCV(LogisticRegression(), {}, cv=2),
        make_pipeline(LogisticRegression()),
    ],
    ids=repr,
)
def test_rows_are_the_embeddings_where_no_step_transforms(classifier):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the network does not converge
        classifier.fit(X, y)
        warnings.simplefilter("error")
        assert embed(classifier, X) is X
