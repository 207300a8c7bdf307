"""Committees whose members are learners of this package."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LinearRegression, LogisticRegression

from modal_clustermargin import ClusterMargin, MarginSampling, learners
from modal_clustermargin.learners import ActiveLearner, Committee
from tests.learners.make_learners import X, y


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


def test_a_committee_of_regressors():
    members = [
        ActiveLearner(LinearRegression(), MarginSampling(), X[part], X[part, 0])
        for part in (slice(0, 20), slice(20, 40))
    ]
    committee = learners.CommitteeRegressor(members)
    positions, _ = committee.query(X[40:], n_instances=2)
    assert len(positions) == 2
    assert committee.vote(sparse.csr_array(X)).shape == (60, 2)
