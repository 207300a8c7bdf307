"""Training data in every container: extended, or rejected as a whole."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modal_clustermargin import ClusterMargin, MarginSampling, learners
from modal_clustermargin.learners import ActiveLearner, Committee
from tests.learners.make_learners import (
    FRAME,
    KINDS,
    LABELS,
    RecordsTraining,
    X,
    as_array,
    y,
)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_round_with_rows_in_any_container(kind, labels):
    known, known_y = KINDS[kind](X[:20]), LABELS[labels](y[:20])
    learner = ActiveLearner(RecordsTraining(), MarginSampling(), known, known_y)
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


class TestRowsThatDoNotMatch:
    """The training data stays as it was."""

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
    def test_the_message_names_the_difference(self, kind, new_X, new_y, error, message):
        known = KINDS[kind](X[:20])
        learner = ActiveLearner(RecordsTraining(), MarginSampling(), known, y[:20])
        with pytest.raises(error, match=message):
            learner.teach(new_X, new_y)
        assert learner.X_training is known
        assert len(learner.y_training) == 20

    def test_in_the_constructor(self):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            ActiveLearner(RecordsTraining(), MarginSampling(), X[:4], y[:3])

    def test_a_fit_that_raises(self):
        learner = self.learner()
        with pytest.raises(ValueError, match="class"):
            learner.fit(X[:3], [1, 1, 1])
        assert len(learner.X_training) == 20

    @pytest.mark.parametrize("rows", [range(4), tuple(X[:4]), {"a": X[:4]}])
    def test_an_unknown_container(self, rows):
        name = type(rows).__name__
        with pytest.raises(TypeError, match=f"cannot add rows to X that is a {name}"):
            ActiveLearner(RecordsTraining(), MarginSampling(), rows, y[:4])

    @pytest.mark.parametrize(
        "label", [None, np.nan, pd.NA, pd.NaT, ""], ids=["None", "nan", "NA", "NaT", ""]
    )
    @pytest.mark.parametrize("as_labels", [list, pd.Series, np.array])
    def test_a_missing_label(self, as_labels, label):
        known = np.array(["no", "yes"])[y[:20]]
        learner = ActiveLearner(LogisticRegression(), MarginSampling(), X[:20], known)
        kept = learner.X_training
        labels = ["yes", label]
        if as_labels is np.array:
            labels = np.array(labels, dtype=object)
        with pytest.raises(ValueError, match="no label for 1 of 2 rows, .* position 1"):
            learner.teach(X[20:22], labels)
        assert learner.X_training is kept
        learner.teach(X[20:21], ["yes"])
        with pytest.raises(ValueError, match="no label for 1 of 2"):
            learner.fit(X[20:22], labels)

    def test_missing_labels_beside_tensors_and_of_several_outputs(self):
        tensors = torch.as_tensor(X)
        learner = ActiveLearner(RecordsTraining(), MarginSampling(), tensors, y)
        with pytest.raises(ValueError, match="no label for 1 of 2 rows"):
            learner.teach(tensors[:2], torch.tensor([0, torch.nan]))
        with pytest.raises(ValueError, match="no label for 1 of 2 rows"):
            learner.fit(X[:2], [["red", 1], ["blue", None]])
        with pytest.raises(ValueError, match="no label for 1 of 2 rows"):
            learners.BayesianOptimizer(RecordsTraining()).teach(X[:2], [1.0, np.nan])

    def test_a_fit_that_raises_in_teach(self):
        learner = self.learner()
        kept = learner.X_training, learner.y_training
        with pytest.raises(TypeError, match="bogus"):
            learner.teach(X[20:22], y[20:22], bogus=1)
        assert (learner.X_training, learner.y_training) == kept
        optimizer = learners.BayesianOptimizer(RecordsTraining())
        with pytest.raises(TypeError, match="bogus"):
            optimizer.teach(X[:2], X[:2, 0], bogus=1)
        assert optimizer.X_training is optimizer.y_training is None

    @pytest.mark.parametrize("call", ["teach", "fit"])
    def test_a_member_that_refuses(self, call):
        """No member of the committee has the rows then."""
        members = [self.learner(), self.learner(X[:, :2]), self.learner()]
        committee = Committee(members)
        rows = X[20:22] if call == "teach" else np.full((2, 3), "a")
        with pytest.raises(ValueError, match=r"shape|could not convert"):
            getattr(committee, call)(rows, y[20:22])
        assert [len(each.X_training) for each in members] == [20, 20, 20]


class TestTables:
    """Tables of other libraries are refused in the first call, with the repair."""

    def table(self, library):
        pandas = pd.DataFrame(X, columns=list("abc"))
        if library == "polars":
            return pytest.importorskip("polars").DataFrame(dict(pandas))
        return pytest.importorskip("pyarrow").Table.from_pandas(pandas)

    @pytest.mark.parametrize("library", ["polars", "pyarrow"])
    def test_refused_before_anything_is_asked(self, library):
        table = self.table(library)
        with pytest.raises(TypeError, match=rf"of {library}\. Pass X\.to_pandas\(\)"):
            ActiveLearner(RecordsTraining(), MarginSampling(), table, y)

        def strategy(learner, X_pool):
            raise AssertionError("the strategy was asked")

        learner = ActiveLearner(RecordsTraining(), strategy, X, y)
        for asked in (learner, Committee([learner], strategy)):
            with pytest.raises(TypeError, match=r"Pass X_pool\.to_pandas\(\)"):
                asked.query(table)

    @pytest.mark.parametrize("library", ["polars", "pyarrow"])
    def test_a_column_of_labels(self, library):
        if library == "polars":
            column = pytest.importorskip("polars").Series(y)
        else:
            column = pytest.importorskip("pyarrow").chunked_array([y])
        learner = ActiveLearner(RecordsTraining(), MarginSampling(), X, column)
        learner.teach(X[:20], column[:20])
        np.testing.assert_array_equal(learner.y_training, [*y, *y[:20]])


@pytest.mark.parametrize(
    "as_labels",
    [tuple, pd.Categorical, pd.Index, lambda y: pd.Series(y).array],
    ids=["tuple", "Categorical", "Index", "values"],
)
def test_other_containers_of_labels(as_labels):
    """Among them what `.values` gives for strings in pandas 3."""
    words = np.array(["no", "yes"])[y]
    learner = ActiveLearner(
        LogisticRegression(), MarginSampling(), X[:20], as_labels(words[:20])
    )
    learner.teach(X[20:22], as_labels(words[20:22]))
    assert list(learner.y_training) == words[:22].tolist()


def test_arrays_lists_and_tensors_can_be_mixed():
    """The container of the first rows stays."""
    for new_X in (X[:2], X[:2].tolist(), torch.as_tensor(X[:2])):
        for kind in ("array", "list", "tensor"):
            known = KINDS[kind](X[:20])
            learner = ActiveLearner(RecordsTraining(), MarginSampling(), known, y[:20])
            learner.teach(new_X, pd.Series(y[:2], index=[7, 3]))
            assert type(learner.X_training) is type(known)
            np.testing.assert_array_equal(
                np.asarray(learner.X_training), np.vstack([X[:20], X[:2]])
            )


def test_a_categorical_column_takes_new_categories():
    frames = [
        pd.DataFrame({"color": pd.Categorical(colors)})
        for colors in (["red", "blue"], ["red", "green"])
    ]
    learner = ActiveLearner(RecordsTraining(), MarginSampling(), frames[0], [0, 1])
    learner.teach(frames[1], [0, 1])
    color = learner.X_training["color"]
    assert color.tolist() == ["red", "blue", "red", "green"]
    assert set(color.cat.categories) == {"red", "blue", "green"}
