"""`ActiveLearner`, `BayesianOptimizer` and `DeepActiveLearner`."""

import pickle

import modAL.models
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modal_clustermargin import MarginSampling, learners
from modal_clustermargin.learners import ActiveLearner, Committee
from tests.learners.make_learners import (
    KINDS,
    RecordsTraining,
    RecordsWeights,
    X,
    as_array,
    y,
)


class TestLearner:
    def test_printed_cloned_pickled(self):
        learner = ActiveLearner(
            LogisticRegression(C=2), MarginSampling(), X[:20], y[:20]
        )
        assert isinstance(learner, modAL.models.ActiveLearner)
        assert "C=2" in repr(learner)
        for copy in (clone(learner), pickle.loads(pickle.dumps(learner))):
            np.testing.assert_array_equal(
                copy.predict_proba(X), learner.predict_proba(X)
            )

    def test_random_state_draws_the_bootstrap(self):
        before = np.random.get_state()[1].tolist()
        drawn = []
        for kind in ("array", "frame"):
            learner = ActiveLearner(RecordsTraining(), MarginSampling(), random_state=3)
            learner.fit(KINDS[kind](X), y, bootstrap=True)
            drawn.append(as_array(learner.estimator.seen_[0]))
            assert len(learner.X_training) == 60
        np.testing.assert_array_equal(*drawn)
        assert len(np.unique(drawn[0], axis=0)) < 60
        learner = ActiveLearner(RecordsWeights(), MarginSampling(), random_state=3)
        learner.fit(X, y, bootstrap=True, sample_weight=X[:, 0])
        np.testing.assert_array_equal(learner.estimator.weights_, drawn[0][:, 0])
        assert np.random.get_state()[1].tolist() == before

    def test_nan_is_accepted_without_force_all_finite(self):
        holes = np.full((3, 3), np.nan)
        learner = ActiveLearner(
            RecordsTraining(), MarginSampling(), X[:20], y[:20], force_all_finite=False
        )
        learner.teach(holes, y[:3])
        assert len(learner.X_training) == 23

    def test_transforms_of_frames_side_by_side(self):
        frame = pd.DataFrame(X, columns=list("abc"))
        scaler = StandardScaler().set_output(transform="pandas")
        pipeline = make_pipeline(scaler, LogisticRegression())
        voting = VotingClassifier([("one", pipeline), ("two", clone(pipeline))])
        learner = ActiveLearner(voting, MarginSampling(), frame[:20], y[:20])
        assert learner.transform_without_estimating(frame).shape == (60, 6)
        assert learner.transform_without_estimating(
            frame[:0].reindex([0]).fillna(0)
        ).shape == (1, 6)
        committee = Committee(
            [learner, ActiveLearner(RecordsTraining(), MarginSampling())]
        )
        assert committee.transform_without_estimating(frame).shape == (60, 9)


class TestBayesianOptimizer:
    @pytest.mark.parametrize("labels", [np.asarray, pd.Series, list])
    def test_y_max_is_the_largest_value_so_far(self, labels):
        values = labels([1.0, 5.0, 2.0])
        if isinstance(values, pd.Series):
            values.index = [2, 0, 1]
        optimizer = learners.BayesianOptimizer(
            GaussianProcessRegressor(optimizer=None),
            X_training=X[:3],
            y_training=values,
        )
        assert optimizer.y_max == 5
        np.testing.assert_array_equal(optimizer.X_max, X[1])
        optimizer.teach(X[3:5], labels([4.0, 9.0]))
        np.testing.assert_array_equal(optimizer.get_max()[0], X[4])
        optimizer.fit(X[5:7], labels([0.0, 1.0]))
        assert optimizer.y_max == 1

    def test_a_query(self):
        optimizer = learners.BayesianOptimizer(
            GaussianProcessRegressor(optimizer=None),
            X_training=X[:5],
            y_training=X[:5, 0],
        )
        positions, _ = optimizer.query(X[5:])
        assert np.size(positions) == 1


def test_deep_active_learner_exists_where_modal_has_one():
    if hasattr(modAL.models.learners, "DeepActiveLearner"):
        assert learners.DeepActiveLearner.query is ActiveLearner.query
    else:
        with pytest.raises(ImportError, match=r"needs modAL 0\.4\.2 or later"):
            from modal_clustermargin.learners import DeepActiveLearner  # noqa: F401
        assert "DeepActiveLearner" not in learners.__all__
        with pytest.raises(AttributeError, match="has no attribute 'Bogus'"):
            learners.Bogus  # noqa: B018 the access is the test
