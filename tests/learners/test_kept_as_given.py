"""Rows and labels are kept as they were given: values, types and index."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from modal_clustermargin import MarginSampling
from modal_clustermargin.learners import ActiveLearner, Committee
from tests.learners.make_learners import RecordsTraining, X, y

MIXED = [["red", 1], ["blue", 2], ["red", 3], ["blue", 4]]


def learner_of(X, y=(0, 1, 0, 1)):
    return ActiveLearner(RecordsTraining(), MarginSampling(), X, list(y))


class TestMixedTypes:
    def test_rows_of_lists(self):
        learner = learner_of(MIXED)
        learner.teach([["green", 5]], [1])
        assert learner.X_training == [*MIXED, ["green", 5]]

    def test_a_list_taught_to_an_array_of_objects(self):
        learner = learner_of(np.array(MIXED, dtype=object))
        learner.teach([["green", 5]], [1])
        assert learner.X_training.tolist() == [*MIXED, ["green", 5]]

    def test_objects_taught_to_an_array_of_numbers(self):
        labels = np.array([0, 1, 0, 1])
        learner = ActiveLearner(RecordsTraining(), MarginSampling(), X[:4], labels)
        learner.teach(X[4:6].astype(object), np.array([1, 0], dtype=object))
        assert learner.X_training.dtype == X.dtype
        assert learner.y_training.dtype == labels.dtype

    def test_labels_of_several_outputs(self):
        labels = [["red", 1], ["blue", 0]] * 2
        learner = learner_of(X[:4], labels)
        learner.teach(X[4:5], [["blue", 1]])
        assert learner.y_training == [*labels, ["blue", 1]]

    def test_a_list_of_arrays(self):
        learner = learner_of([*X[:4]])
        for new in ([*X[4:6]], X[4:6]):
            learner.teach(new, [0, 1])
        assert {type(row) for row in learner.X_training} == {np.ndarray}

    @pytest.mark.skipif(
        np.__version__.startswith("1."),
        reason="with numpy 1, scikit-learn cannot read a list of images",
    )
    def test_a_list_of_images(self):
        Image = pytest.importorskip("PIL.Image")
        images = [Image.fromarray(np.full((4, 4), i, "u1")) for i in range(6)]
        learner = learner_of(images[:4])
        learner.teach(images[4:], [0, 1])
        assert all(map(lambda a, b: a is b, learner.X_training, images))

    def test_a_committee_asks_about_the_rows_themselves(self):
        rows = [[color, i % 5] for i, color in enumerate(["red", "blue"] * 20)]
        labels = [int(size > 2) for _, size in rows]
        members = [
            ActiveLearner(
                make_pipeline(
                    OneHotEncoder(handle_unknown="ignore"), LogisticRegression(C=C)
                ),
                MarginSampling(),
                rows[:20],
                labels[:20],
            )
            for C in (1, 100)
        ]
        committee = Committee(members, MarginSampling())
        mean = np.mean([each.predict_proba(rows) for each in members], axis=0)
        np.testing.assert_allclose(committee.predict_proba(rows), mean)
        picks, _ = committee.query(rows, n_instances=10)
        margins = np.abs(mean[:, 0] - mean[:, 1])
        np.testing.assert_array_equal(picks, np.argsort(margins, kind="stable")[:10])

    @pytest.mark.parametrize(
        ("rows", "new", "message"),
        [
            (MIXED, [["red", "5"]], "X holds strings in column 1, .* holds numbers"),
            (np.array(MIXED, object), [[5, 5]], "X holds numbers in column 0"),
            (list("abab"), ["a", 3][1:], "X holds numbers, .* holds strings"),
            (np.array(list("abab")), ["a", 3], "X holds other values"),
        ],
    )
    def test_other_types_are_refused(self, rows, new, message):
        learner = learner_of(rows)
        with pytest.raises(TypeError, match=message):
            learner.teach(new, [1] * len(new))
        assert learner.X_training is rows


class TestIndex:
    FRAME = pd.DataFrame(X, index=np.arange(60) + 100)
    LABELS = pd.Series(y, index=FRAME.index, name="label")

    @pytest.mark.parametrize(
        "as_labels",
        [
            lambda y: y,
            pd.Series.tolist,
            pd.Series.to_numpy,
            lambda y: y.reset_index(drop=True),
            lambda y: torch.tensor(y.tolist()),
        ],
    )
    @pytest.mark.parametrize("column", [None, 0])
    def test_labels_have_the_index_of_the_rows(self, as_labels, column):
        rows = self.FRAME if column is None else self.FRAME[column]  # or a Series
        learner = ActiveLearner(
            RecordsTraining(), MarginSampling(), rows[:4], self.LABELS[:4]
        )
        learner.teach(rows[7:9], as_labels(self.LABELS[7:9]))
        pd.testing.assert_index_equal(
            learner.X_training.index, learner.y_training.index
        )
        pd.testing.assert_series_equal(
            learner.y_training, self.LABELS.iloc[[0, 1, 2, 3, 7, 8]]
        )

    def test_labels_in_a_frame(self):
        labels = self.LABELS.to_frame()
        learner = ActiveLearner(
            RecordsTraining(), MarginSampling(), self.FRAME[:4], labels[:4]
        )
        learner.teach(self.FRAME[7:9], labels[7:9].reset_index(drop=True))
        assert learner.y_training.index.tolist() == learner.X_training.index.tolist()

    def test_rows_without_an_index(self):
        learner = ActiveLearner(
            RecordsTraining(), MarginSampling(), X[:4], self.LABELS[:4]
        )
        learner.teach(X[4:6], self.LABELS[4:6])
        assert learner.y_training.equals(self.LABELS[:6])
        numbered = self.LABELS.reset_index(drop=True)
        learner.fit(X[:4], numbered[:4]).teach(X[4:6], y[4:6])
        assert learner.y_training.index.tolist() == [0, 1, 2, 3, 4, 5]


COLUMNS = {
    "category": (pd.Categorical(["red", "blue"] * 2), "red", "green"),
    "bool": ([True, False] * 2, 1, 2),
    "int": ([1, 2] * 2, 2.0, "2"),
    "str": (["red", "blue"] * 2, "green", 3),
    "Int64": (pd.array([1, None] * 2, dtype="Int64"), 4, "4"),
    "date": (pd.to_datetime(["2024-01-01"] * 4), pd.Timestamp("2025-01-01"), 2025),
}


class TestARowTypedByHand:
    """Its values take the types of the training data, or are refused."""

    def learner(self, values):
        frame = pd.DataFrame({"a": values})
        return ActiveLearner(
            RecordsTraining(),
            MarginSampling(),
            frame,
            [0, 1, 0, 1],
            force_all_finite=False,
        )

    @pytest.mark.parametrize("kind", COLUMNS)
    def test_a_column_keeps_its_type(self, kind):
        values, typed, wrong = COLUMNS[kind]
        learner = self.learner(values)
        known = learner.X_training
        learner.teach(pd.DataFrame([{"a": typed}], dtype=object), [1])
        assert learner.X_training["a"].dtype == known["a"].dtype
        assert learner.X_training["a"].iloc[-1] == typed
        known = learner.X_training
        with pytest.raises((TypeError, ValueError), match="X holds .* in column 'a'"):
            learner.teach(pd.DataFrame([{"a": wrong}]), [1])
        assert learner.X_training is known

    def test_the_message_lists_the_categories(self):
        learner = self.learner(COLUMNS["category"][0])
        with pytest.raises(ValueError, match=r"'green' .* are \['blue', 'red'\]"):
            learner.teach(pd.DataFrame({"a": ["green"]}), [1])

    def test_labels_of_categories(self):
        labels = pd.Series(COLUMNS["category"][0])
        learner = ActiveLearner(RecordsTraining(), MarginSampling(), X[:4], labels)
        learner.teach(X[4:5], ["red"])
        assert learner.y_training.dtype == labels.dtype
        with pytest.raises(ValueError, match="y holds 'green', but the categories"):
            learner.teach(X[5:6], ["green"])

    def test_labels_of_truth_values(self):
        learner = ActiveLearner(RecordsTraining(), MarginSampling(), X[:4], y[:4] > 0)
        learner.teach(X[4:6], [1, 0])
        assert learner.y_training.dtype == bool
        with pytest.raises(TypeError, match="y holds values other than True and False"):
            learner.teach(X[6:7], [2])

    def test_categories_taught_to_strings(self):
        learner = self.learner(["red", "blue"] * 2)
        dtype = learner.X_training["a"].dtype
        learner.teach(pd.DataFrame({"a": pd.Categorical(["red"])}), [1])
        assert learner.X_training["a"].dtype == dtype

    def test_a_number_with_decimals_is_kept(self):
        learner = self.learner([1, 2, 3, 4])
        learner.teach(pd.DataFrame({"a": [0.5]}), [1])
        assert learner.X_training["a"].tolist() == [1, 2, 3, 4, 0.5]
