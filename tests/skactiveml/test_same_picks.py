"""The picks are those of a modAL loop, and utilities show them."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

skactiveml = pytest.importorskip("skactiveml")

from skactiveml.classifier import SklearnClassifier  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import LinearSVC  # noqa: E402

from modal_clustermargin import skactiveml as ours  # noqa: E402
from modal_clustermargin import strategies  # noqa: E402
from modal_clustermargin.clustering import NeighborGraph  # noqa: E402
from modal_clustermargin.estimators import (  # noqa: E402
    DeferredFit,
    NetworkClassifier,
)
from modal_clustermargin.learners import ActiveLearner  # noqa: E402

X, target = load_digits(return_X_y=True)
X, target = X[:300] / 16, target[:300].astype(float)
N_KNOWN, BATCH, N_ROUNDS = 60, 20, 2

LOGISTIC = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
NETWORK = NetworkClassifier(max_epochs=2, random_state=0)
CASES = {
    "ClusterMargin": (LOGISTIC, {}),
    "ClusterMargin, network": (NETWORK, {}),
    "ClusterMargin, pipeline": (make_pipeline(StandardScaler(), NETWORK), {}),
    "BADGE": (LOGISTIC, {}),
    "CoreSet": (None, {}),
    "MaxHerding": (None, {}),
    "UncertaintyHerding": (LOGISTIC, {"graph": NeighborGraph(9)}),
    "UncertaintyHerding, network": (NETWORK, {}),
    "ASVP": (NETWORK, {"indicator": strategies.AtRounds(1)}),
}


def labels(known):
    y = np.full(len(X), np.nan)
    y[known] = target[known]
    return y


def picks_of_modal(name, model, parameters):
    strategy = getattr(strategies, name)(**parameters)
    if "random_state" in strategy.get_params():
        strategy.set_params(random_state=7)
    model = LogisticRegression() if model is None else clone(model)
    if name == "ASVP":
        model = DeferredFit(model)
    learner = ActiveLearner(model, strategy, X[:N_KNOWN], target[:N_KNOWN])
    left, picked = np.arange(N_KNOWN, len(X)), []
    for _ in range(N_ROUNDS):
        indices, _ = learner.query(X[left], n_instances=BATCH)
        picked.append(left[indices])
        left = np.delete(left, indices)
        # In the order of X, as scikit-activeml trains: it matters to a network.
        known = np.setdiff1d(np.arange(len(X)), left)
        learner.fit(X[known], target[known])
    return picked


def picks_of_ours(name, model, parameters, **query):
    strategy = getattr(ours, name)(random_state=7, **parameters)
    known, picked = np.arange(N_KNOWN), []
    if model is not None:
        classes = np.unique(target)
        query["clf"] = SklearnClassifier(clone(model), classes=classes)
    for _ in range(N_ROUNDS):
        found = strategy.query(X=X, y=labels(known), batch_size=BATCH, **query)
        picked.append(found)
        known = np.concatenate([known, found])
    return picked


@pytest.mark.parametrize("case", CASES)
def test_a_loop_picks_what_the_same_loop_in_modal_picks(case):
    name, (model, parameters) = case.split(",")[0], CASES[case]
    expected = picks_of_modal(name, model, parameters)
    np.testing.assert_array_equal(picks_of_ours(name, model, parameters), expected)


@pytest.mark.parametrize(
    "name", ["ClusterMargin", "BADGE", "CoreSet", "MaxHerding", "UncertaintyHerding"]
)
def test_without_a_label_it_picks_what_it_picks_in_modal(name):
    """The rows are sorted by class, so the first rows are alike."""
    rows = X[np.argsort(target, kind="stable")]
    strategy = getattr(strategies, name)()
    if "random_state" in strategy.get_params():
        strategy.set_params(random_state=7)
    learner = ActiveLearner(LogisticRegression(), strategy)
    expected, _ = learner.query(rows, n_instances=20)
    strategy = getattr(ours, name)(random_state=7)
    query = {"X": rows, "y": np.full(len(rows), np.nan), "batch_size": 20}
    if name not in ("CoreSet", "MaxHerding"):
        query["clf"] = SklearnClassifier(LogisticRegression(), classes=range(10))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the classifier has no labels
        np.testing.assert_array_equal(strategy.query(**query), expected)
        picks, utilities = strategy.query(**query, return_utilities=True)
    np.testing.assert_array_equal(picks, expected)
    assert not np.isnan(utilities[0]).any()


def test_nothing_left_to_label():
    found = pytest.raises(ValueError, match="CoreSet has no candidates")
    with found, pytest.warns(UserWarning, match="batch_size"):
        ours.CoreSet().query(X, target)


@pytest.mark.parametrize("case", CASES)
def test_utilities_do_not_change_the_picks(case):
    name, (model, parameters) = case.split(",")[0], CASES[case]
    strategy = getattr(ours, name)(random_state=7, **parameters)
    query = {} if model is None else {"clf": SklearnClassifier(clone(model))}
    query |= {"X": X, "y": labels(np.arange(N_KNOWN)), "batch_size": 10}
    picks = strategy.query(**query)
    again, utilities = clone(strategy).query(**query, return_utilities=True)
    np.testing.assert_array_equal(again, picks)
    assert utilities.shape == (10, len(X))
    if name == "BADGE":
        np.testing.assert_allclose(np.nansum(utilities, axis=1), 1)
        assert np.nanargmax(utilities[0]) == picks[0]
        assert all(row[pick] > 0 for row, pick in zip(utilities, picks, strict=True))
    else:
        np.testing.assert_array_equal(np.nanargmax(utilities, axis=1), picks)


def test_candidates_as_samples_or_as_positions():
    y = labels(np.arange(N_KNOWN))
    clf = SklearnClassifier(clone(LOGISTIC))
    by_position = ours.BADGE(random_state=0).query(
        X, y, clf, candidates=np.arange(100, 300), batch_size=5
    )
    by_sample = ours.BADGE(random_state=0).query(
        X, y, clf, candidates=X[100:300], batch_size=5
    )
    np.testing.assert_array_equal(by_sample + 100, by_position)


def test_utilities_of_core_set_are_distances():
    strategy = ours.CoreSet()
    y = labels([0, 1])
    picks, utilities = strategy.query(X, y, batch_size=3, return_utilities=True)
    for i in range(3):
        centers = X[[0, 1, *picks[:i]]]
        nearest = np.sqrt(((X[:, None] - centers) ** 2).sum(axis=2)).min(axis=1)
        nearest[[0, 1, *picks[:i]]] = np.nan
        np.testing.assert_allclose(utilities[i], nearest)


def test_duplicates_are_picked_once_each():
    rows = np.repeat(X[:3], 20, axis=0)
    y = np.full(60, np.nan)
    y[:2] = 0, 1
    clf = SklearnClassifier(LogisticRegression(), classes=[0, 1])
    picks, utilities = ours.BADGE(random_state=0).query(
        rows, y, clf, batch_size=58, return_utilities=True
    )
    assert len(set(picks)) == 58
    np.testing.assert_allclose(np.nansum(utilities, axis=1), 1)


def test_a_flag_that_returns_no_embeddings():
    class Flagged(SklearnClassifier):
        def predict_proba(self, X, embeddings=False):
            return super().predict_proba(X)

    strategy = ours.BADGE(clf_embedding_flag_name="embeddings")
    with pytest.raises(ValueError, match="should make Flagged.predict_proba return"):
        strategy.query(X, labels(np.arange(60)), Flagged(LogisticRegression()))


@pytest.mark.parametrize("name", ["ClusterMargin", "BADGE", "UncertaintyHerding"])
def test_a_classifier_without_probabilities_is_refused_before_it_is_trained(name):
    class Untrained(LinearSVC):
        def fit(self, X, y):
            raise AssertionError

    clf = SklearnClassifier(Untrained(), classes=range(10))
    message = f"{name} needs a classifier with predict_proba, but SklearnClassifier has"
    with pytest.raises(ValueError, match=message):
        getattr(ours, name)().query(X, labels(np.arange(60)), clf)


def test_a_search_inside_a_classifier_has_the_embeddings_of_its_pipeline():
    pipeline = make_pipeline(PCA(3), LogisticRegression())
    clf = SklearnClassifier(GridSearchCV(pipeline, {}, cv=2), classes=range(10))
    strategy = ours.ClusterMargin()
    strategy.query(X, labels(np.arange(60)), clf, batch_size=3)
    assert strategy.strategy_.clustering_.n_features_in_ == 3


def test_without_scikit_activeml_the_extra_is_named():
    code = (
        "import sys; sys.modules['skactiveml'] = None\n"
        "import modal_clustermargin.skactiveml"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert 'pip install "modal-clustermargin[skactiveml]"' in done.stderr
