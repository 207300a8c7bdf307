"""Learners that work on scikit-learn and pandas of today, and keep modAL's promises."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from modAL.models import ActiveLearner as ModALActiveLearner
from modAL.uncertainty import uncertainty_sampling
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modal_clustermargin import ClusterMargin, MarginSampling, learners
from modal_clustermargin.learners import ActiveLearner, Committee

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = (X[:, 0] > 0).astype(int)

KINDS = {
    "array": np.asarray,
    "list": np.ndarray.tolist,
    "csr": sparse.csr_array,
    "coo": sparse.coo_matrix,
    "frame": lambda X: pd.DataFrame(
        X, columns=list("abc"), index=np.arange(len(X)) + 7
    ),
    "frame of numbered columns": pd.DataFrame,
    "tensor": torch.as_tensor,
}
LABELS = {
    "array": np.asarray,
    "list": np.ndarray.tolist,
    "series": pd.Series,
    "strings": lambda y: np.array(["no", "yes"])[y],
}


class Seen(BaseEstimator):
    """Remembers what it was trained on."""

    def fit(self, X, y):
        self.seen_ = X, y
        return self

    def predict_proba(self, X):
        return np.full((X.shape[0] if hasattr(X, "shape") else len(X), 2), 0.5)


def as_array(X):
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_round_with_rows_of_any_kind(kind, labels):
    known, known_y = KINDS[kind](X[:20]), LABELS[labels](y[:20])
    learner = ActiveLearner(Seen(), MarginSampling(), known, known_y)
    positions, instances = learner.query(KINDS[kind](X[20:]), n_instances=2)
    new, new_y = X[20:][positions], LABELS[labels](y[20:][positions])
    np.testing.assert_array_equal(as_array(instances), new)
    learner.teach(instances, new_y)
    seen, seen_y = learner.estimator.seen_
    assert type(seen) is type(known)
    assert type(seen_y) is type(known_y)
    np.testing.assert_array_equal(as_array(seen), np.vstack([X[:20], new]))
    np.testing.assert_array_equal(seen_y, np.concatenate([known_y, new_y]))
    learner.teach(instances, new_y, only_new=True)
    np.testing.assert_array_equal(as_array(learner.estimator.seen_[0]), new)


def test_a_frame_of_mixed_types():
    frame = pd.DataFrame({"size": X[:, 0], "color": np.where(y, "red", "blue")})
    columns = make_column_transformer(
        (StandardScaler(), ["size"]),
        (OneHotEncoder(handle_unknown="ignore"), ["color"]),
    )
    pipeline = make_pipeline(columns, LogisticRegression())
    strategy = ClusterMargin(random_state=0)
    learner = ActiveLearner(pipeline, strategy, frame[:20], y[:20], on_transformed=True)
    positions, instances = learner.query(frame[20:], n_instances=5)
    learner.teach(instances[["color", "size"]], y[20:][positions])
    assert learner.X_training.dtypes.tolist() == frame.dtypes.tolist()
    assert learner.X_training["size"].tolist()[20:] == instances["size"].tolist()
    assert learner.score(frame, y) == 1


class TestWhatDoesNotBelongTogether:
    """Nothing is kept of it."""

    def learner(self, X=X, y=y):
        return ActiveLearner(LogisticRegression(), MarginSampling(), X[:20], y[:20])

    @pytest.mark.parametrize(
        ("kind", "new_X", "new_y", "error", "message"),
        [
            (
                "array",
                X[:2, :2],
                y[:2],
                ValueError,
                r"X has rows of shape \(2,\), and what",
            ),
            ("array", X[:2], y[:3], ValueError, "inconsistent numbers of samples"),
            ("array", np.full((2, 3), np.nan), y[:2], ValueError, "NaN"),
            (
                "array",
                X[:2],
                np.zeros((2, 2)),
                ValueError,
                r"y has rows of shape \(2,\)",
            ),
            (
                "csr",
                sparse.csr_array(X[:2, :2]),
                y[:2],
                ValueError,
                "X has rows of shape",
            ),
            ("list", X[:2, :2].tolist(), y[:2], ValueError, "X has rows of shape"),
            (
                "tensor",
                torch.as_tensor(X[:2, :2]),
                y[:2],
                ValueError,
                "X has rows of shape",
            ),
            ("frame", X[:2], y[:2], TypeError, "X is a ndarray, .* Pass a DataFrame"),
            (
                "frame",
                pd.DataFrame(X[:2], columns=list("abd")),
                y[:2],
                ValueError,
                r"X has other columns .* without \['c'\], and with \['d'\] more",
            ),
        ],
    )
    def test_messages(self, kind, new_X, new_y, error, message):
        known = KINDS[kind](X[:20])
        learner = ActiveLearner(Seen(), MarginSampling(), known, y[:20])
        with pytest.raises(error, match=message):
            learner.teach(new_X, new_y)
        assert learner.X_training is known
        assert len(learner.y_training) == 20

    def test_a_kind_that_is_not_known(self):
        learner = ActiveLearner(Seen(), MarginSampling(), "text", y[:4])
        with pytest.raises(TypeError, match="X cannot be kept as a str"):
            learner.teach(X[:4], y[:4])


class TestQuery:
    @pytest.mark.parametrize("n_instances", [1, 2, 3])
    @pytest.mark.parametrize("kind", ["array", "frame of numbered columns"])
    def test_one_call_whatever_the_strategy_returns(self, kind, n_instances):
        calls = []

        def bare(learner, X_pool, n_instances):
            calls.append(n_instances)
            return np.arange(n_instances)

        def pair(learner, X_pool, n_instances):
            return bare(learner, X_pool, n_instances), np.ones(n_instances)

        pool = KINDS[kind](X)
        for strategy in (bare, pair):
            learner = ActiveLearner(Seen(), strategy)
            _, instances = learner.query(pool, n_instances)
            np.testing.assert_array_equal(as_array(instances), X[:n_instances])
            committee = Committee([learner], strategy)
            _, instances = committee.query(pool, n_instances)
            np.testing.assert_array_equal(as_array(instances), X[:n_instances])
        assert len(calls) == 4
        assert learner.query(pool, 2, return_metrics=True)[2].tolist() == [1, 1]
        with pytest.warns(UserWarning, match="metrics are None"):
            assert (
                ActiveLearner(Seen(), bare).query(pool, 2, return_metrics=True)[2]
                is None
            )

    def test_an_error_of_the_strategy_is_raised_at_once(self):
        calls = []

        def failing(learner, X_pool):
            calls.append(1)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ActiveLearner(Seen(), failing).query(X)
        assert len(calls) == 1

    def test_one_position_a_mask_and_a_dict(self):
        answers = [3, np.arange(60) == 3]
        for answer in answers:
            learner = ActiveLearner(
                Seen(), lambda learner, X_pool, answer=answer: answer
            )
            _, row = learner.query(X)
            np.testing.assert_array_equal(np.ravel(row), X[3])
            _, row = learner.query(X.tolist())
            np.testing.assert_array_equal(np.ravel(row), X[3])
            _, rows = learner.query({"rows": X, "numbers": np.arange(60)})
            assert np.ravel(rows["numbers"]).tolist() == [3]

    def test_modals_own_strategy(self):
        learner = ActiveLearner(
            LogisticRegression(), uncertainty_sampling, X[:20], y[:20]
        )
        _, instances = learner.query(X[20:], n_instances=2)
        assert instances.shape == (2, 3)


class TestLearner:
    def test_is_one_of_modals(self):
        assert issubclass(ActiveLearner, ModALActiveLearner)

    def test_printed_cloned_pickled(self):
        learner = ActiveLearner(
            LogisticRegression(C=2), MarginSampling(), X[:20], y[:20]
        )
        assert "C=2" in repr(learner)
        for copy in (clone(learner), pickle.loads(pickle.dumps(learner))):
            np.testing.assert_array_equal(
                copy.predict_proba(X), learner.predict_proba(X)
            )

    def test_bootstraps_by_its_random_state(self):
        before = np.random.get_state()[1].tolist()
        drawn = []
        for kind in ("array", "frame"):
            learner = ActiveLearner(Seen(), MarginSampling(), random_state=3)
            learner.fit(KINDS[kind](X), y, bootstrap=True)
            drawn.append(as_array(learner.estimator.seen_[0]))
            assert len(learner.X_training) == 60
        np.testing.assert_array_equal(*drawn)
        assert len(np.unique(drawn[0], axis=0)) < 60
        assert np.random.get_state()[1].tolist() == before

    def test_numbers_that_are_not_finite_if_they_are_allowed(self):
        holes = np.full((3, 3), np.nan)
        learner = ActiveLearner(
            Seen(), MarginSampling(), X[:20], y[:20], force_all_finite=False
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
        committee = Committee([learner, ActiveLearner(Seen(), MarginSampling())])
        assert committee.transform_without_estimating(frame).shape == (60, 9)


def test_a_committee_of_frames():
    frame = pd.DataFrame(X, columns=list("abc"))
    members = [
        ActiveLearner(LogisticRegression(C=C), MarginSampling(), frame[:20], y[:20])
        for C in (0.1, 1)
    ]
    committee = Committee(members, ClusterMargin(random_state=0))
    positions, instances = committee.query(frame[20:], 5)
    committee.teach(instances, y[20:][positions])
    assert [len(member.X_training) for member in members] == [25, 25]
    assert committee.predict(frame).shape == (60,)


def test_deep_active_learner_where_modal_has_one():
    import modAL.models.learners

    if hasattr(modAL.models.learners, "DeepActiveLearner"):
        assert learners.DeepActiveLearner.query is ActiveLearner.query
    else:
        with pytest.raises(AttributeError, match=r"needs modAL 0\.4\.2 or later"):
            learners.DeepActiveLearner  # noqa: B018 the access is the test
    with pytest.raises(AttributeError, match="has no attribute 'Bogus'"):
        learners.Bogus  # noqa: B018 the access is the test
