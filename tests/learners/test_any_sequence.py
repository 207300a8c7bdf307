"""After any sequence of calls, the rows and labels of a learner match one to one."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sklearn.base import BaseEstimator

from modal_clustermargin import MarginSampling
from modal_clustermargin.learners import ActiveLearner, Committee

N_ROWS = 300
COLORS = ["red", "blue", "green"]
NAMES = np.array(COLORS)
MIXED = [[NAMES[i % 3].item(), i] for i in range(N_ROWS)]
FRAME = pd.DataFrame(MIXED, columns=["color", "id"], index=np.arange(N_ROWS) + 1000)
POOLS = {
    "array": (np.array(MIXED, dtype=object), NAMES[np.arange(N_ROWS) % 3]),
    "list": (MIXED, [color for color, _ in MIXED]),
    "frame": (FRAME.astype({"color": pd.CategoricalDtype(COLORS)}), FRAME["color"]),
}


class FailsOnDemand(BaseEstimator):
    """Fits nothing; each fit raises an error if the next is to fail."""

    error = None

    def fit(self, X, y):
        if self.error is not None:
            raise self.error
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def taken(rows, positions):
    if isinstance(rows, list):
        return [rows[i] for i in positions]
    return rows.iloc[positions] if hasattr(rows, "iloc") else rows[positions]


class LearnerSequence(RuleBasedStateMachine):
    @initialize(kind=st.sampled_from(sorted(POOLS)), committee=st.booleans())
    def start(self, kind, committee):
        self.X, self.y = POOLS[kind]
        known = np.arange(4)
        members = [
            ActiveLearner(
                FailsOnDemand(),
                MarginSampling(),
                taken(self.X, known),
                taken(self.y, known),
            )
            for _ in range(1 + committee)
        ]
        self.asked = Committee(members, MarginSampling()) if committee else members[0]
        self.known = [*known]

    @property
    def members(self):
        return getattr(self.asked, "learner_list", [self.asked])

    @property
    def left(self):
        return np.setdiff1d(np.arange(N_ROWS), self.known)[:20]

    @rule(n_instances=st.integers(1, 3))
    def query_and_teach(self, n_instances):
        left = self.left
        if isinstance(self.asked, Committee):  # its members have no classes to vote on
            positions = np.arange(n_instances)
            rows = taken(self.X, left[:n_instances])
        else:
            positions, rows = self.asked.query(taken(self.X, left), n_instances)
        self.asked.teach(rows, taken(self.y, left[positions]))
        self.known += [*left[positions]]

    @rule(error=st.sampled_from([ValueError, KeyboardInterrupt]))
    def teach_what_cannot_be_fitted(self, error):
        self.members[-1].estimator.error = error()
        with pytest.raises(error):
            self.asked.teach(taken(self.X, self.left[:2]), taken(self.y, self.left[:2]))
        self.members[-1].estimator.error = None

    @rule(label=st.sampled_from([None, np.nan, pd.NA, ""]))
    def teach_a_missing_label(self, label):
        with pytest.raises(ValueError, match="y has no label for 1 of 2 rows"):
            self.asked.teach(taken(self.X, self.left[:2]), ["red", label])

    @rule(n_labels=st.sampled_from([0, 1, 3]))
    def teach_other_numbers(self, n_labels):
        with pytest.raises(ValueError, match=r"inconsistent|0 sample"):
            self.asked.teach(taken(self.X, self.left[:2]), ["red"] * n_labels)

    @rule()
    def teach_other_types(self):
        rows = taken(self.X, self.left[:2])
        with pytest.raises(TypeError, match="y holds numbers"):
            self.asked.teach(rows, [0, 1])

    @rule()
    def pickle_it(self):
        self.asked = pickle.loads(pickle.dumps(self.asked))

    @rule(copied=st.sampled_from([copy.copy, copy.deepcopy]))
    def go_on_with_the_original(self, copied):
        """What a copy learns does not reach the original."""
        row = self.left[:1]
        if not isinstance(self.asked, Committee):  # whose copy has the same members
            copied(self.asked).teach(taken(self.X, row), taken(self.y, row))

    @invariant()
    def rows_and_labels_match(self):
        for member in self.members:
            rows, labels = member.X_training, member.y_training
            if isinstance(rows, pd.DataFrame):
                assert rows.index.equals(labels.index)
                assert rows["color"].dtype == self.X["color"].dtype
                rows = rows.to_numpy()
            colors, ids = zip(*map(tuple, rows), strict=True)
            assert list(ids) == self.known
            assert list(labels) == list(colors) == NAMES[np.array(ids) % 3].tolist()


TestLearnerSequence = LearnerSequence.TestCase
TestLearnerSequence.settings = settings(
    max_examples=20,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
