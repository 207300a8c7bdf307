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
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
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


FRAME = KINDS["frame"](X)


class Seen(BaseEstimator):
    """Remembers what it was trained on."""

    def fit(self, X, y):
        self.seen_ = X, y
        return self

    def predict_proba(self, X):
        return np.full((X.shape[0] if hasattr(X, "shape") else len(X), 2), 0.5)


class Weighed(BaseEstimator):
    def fit(self, X, y, sample_weight=None):
        self.weights_ = sample_weight


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
            ("array", X[:2, :2], y[:2], ValueError, r"X has rows of shape \(2,\), but"),
            ("array", X[:2], y[:3], ValueError, "inconsistent numbers of samples"),
            ("array", np.full((2, 3), np.nan), y[:2], ValueError, "NaN"),
            ("array", X[:2], np.zeros((2, 2)), ValueError, r"y has rows of shape"),
            (
                "array",
                X[:2],
                ["a", "b"],
                TypeError,
                "y holds strings, .* data holds num",
            ),
            ("array", FRAME[:2], y[:2], TypeError, "X is a DataFrame, but .* ndarray"),
            ("array", sparse.csr_array(X[:2]), y[:2], TypeError, "X is a csr_array"),
            ("csr", sparse.csr_array(X[:2, :2]), y[:2], ValueError, "X has rows of"),
            (
                "csr",
                X[:2],
                y[:2],
                TypeError,
                "X is a ndarray, but .* csr_array. Pass a",
            ),
            ("list", X[:2, :2].tolist(), y[:2], ValueError, "X has rows of shape"),
            ("list", FRAME[:2], y[:2], TypeError, "X is a DataFrame, but .* list"),
            ("tensor", torch.as_tensor(X[:2, :2]), y[:2], ValueError, "X has rows of"),
            ("tensor", torch.full((2, 3), torch.nan), y[:2], ValueError, "NaN or inf"),
            ("tensor", torch.empty(0, 3), y[:0], ValueError, "at least one row"),
            ("frame", X[:2], y[:2], TypeError, "X is a ndarray, .* Pass a DataFrame"),
            (
                "frame",
                FRAME[:2].rename(columns={"c": "d"}),
                y[:2],
                ValueError,
                r"columns of X differ .* \['c'\] are missing, and \['d'\] are new",
            ),
            (
                "frame",
                FRAME[:2].astype({"b": str}),
                y[:2],
                TypeError,
                "X holds strings in column 'b', but .* numbers. Convert",
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

    def test_at_the_start(self):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            ActiveLearner(Seen(), MarginSampling(), X[:4], y[:3])

    def test_a_fit_that_fails(self):
        learner = self.learner()
        with pytest.raises(ValueError, match="class"):
            learner.fit(X[:3], [1, 1, 1])
        assert len(learner.X_training) == 20

    def test_a_committee_of_which_one_member_cannot_keep_it(self):
        frame = ActiveLearner(Seen(), MarginSampling(), FRAME[:20], y[:20])
        committee = Committee([self.learner(), frame])
        with pytest.raises(TypeError, match="X is a ndarray"):
            committee.teach(X[:2], y[:2])
        assert [len(each.X_training) for each in committee] == [20, 20]

    def test_a_kind_that_is_not_known(self):
        learner = ActiveLearner(Seen(), MarginSampling(), range(4), y[:4])
        with pytest.raises(TypeError, match="cannot add rows to X that is a range"):
            learner.teach(X[:4, 0], y[:4])


def test_kinds_that_may_go_under_one_another():
    """The kind of the first is kept."""
    for new_X in (X[:2], X[:2].tolist(), torch.as_tensor(X[:2])):
        for kind in ("array", "list", "tensor"):
            known = KINDS[kind](X[:20])
            learner = ActiveLearner(Seen(), MarginSampling(), known, y[:20])
            learner.teach(new_X, pd.Series(y[:2], index=[7, 3]))
            assert type(learner.X_training) is type(known)
            np.testing.assert_array_equal(
                np.asarray(learner.X_training), np.vstack([X[:20], X[:2]])
            )


def test_a_column_of_categories_takes_new_ones():
    frames = [
        pd.DataFrame({"color": pd.Categorical(colors)})
        for colors in (["red", "blue"], ["red", "green"])
    ]
    learner = ActiveLearner(Seen(), MarginSampling(), frames[0], [0, 1])
    learner.teach(frames[1], [0, 1])
    color = learner.X_training["color"]
    assert color.tolist() == ["red", "blue", "red", "green"]
    assert set(color.cat.categories) == {"red", "blue", "green"}


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

    def test_a_tuple_that_is_no_pair(self):
        learner = ActiveLearner(Seen(), lambda learner, X_pool: (1, 2, 3))
        with pytest.raises(ValueError, match="<lambda> returned a tuple of length 3"):
            learner.query(X)

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
        learner = ActiveLearner(Weighed(), MarginSampling(), random_state=3)
        learner.fit(X, y, bootstrap=True, sample_weight=X[:, 0])
        np.testing.assert_array_equal(learner.estimator.weights_, drawn[0][:, 0])
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


def test_a_committee_of_lists_and_of_strings():
    rows, words = X.tolist(), np.array(["no", "yes"])[y]
    members = [
        ActiveLearner(LogisticRegression(C=C), MarginSampling(), rows[:20], words[:20])
        for C in (0.1, 1)
    ]
    committee = Committee(members)  # by modAL's vote entropy
    # modAL's measures of disagreement ask rows for their shape.
    positions, _ = committee.query(X[20:], n_instances=3)
    committee.teach([rows[20 + i] for i in positions], words[20:][positions])
    assert set(committee.predict(rows)) == {"no", "yes"}
    assert committee.vote(rows).shape == (60, 2)


class TestBayesianOptimizer:
    @pytest.mark.parametrize("labels", [np.asarray, pd.Series, list])
    def test_the_largest_value_so_far(self, labels):
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


def test_a_committee_of_regressors():
    members = [
        ActiveLearner(LinearRegression(), MarginSampling(), X[part], X[part, 0])
        for part in (slice(0, 20), slice(20, 40))
    ]
    committee = learners.CommitteeRegressor(members)
    positions, _ = committee.query(X[40:], n_instances=2)
    assert len(positions) == 2
    assert committee.vote(sparse.csr_array(X)).shape == (60, 2)


def test_deep_active_learner_where_modal_has_one():
    import modAL.models.learners

    if hasattr(modAL.models.learners, "DeepActiveLearner"):
        assert learners.DeepActiveLearner.query is ActiveLearner.query
    else:
        with pytest.raises(ImportError, match=r"needs modAL 0\.4\.2 or later"):
            from modal_clustermargin.learners import DeepActiveLearner  # noqa: F401
        assert "DeepActiveLearner" not in learners.__all__
        with pytest.raises(AttributeError, match="has no attribute 'Bogus'"):
            learners.Bogus  # noqa: B018 the access is the test
