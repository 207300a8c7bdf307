"""A query calls its strategy once, whatever the strategy returns."""

import numpy as np
import pytest
from modAL.uncertainty import uncertainty_sampling
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.learners import ActiveLearner, Committee
from tests.learners.make_learners import KINDS, RecordsTraining, X, as_array, y


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
            learner = ActiveLearner(RecordsTraining(), strategy)
            _, instances = learner.query(pool, n_instances)
            np.testing.assert_array_equal(as_array(instances), X[:n_instances])
            committee = Committee([learner], strategy)
            _, instances = committee.query(pool, n_instances)
            np.testing.assert_array_equal(as_array(instances), X[:n_instances])
        assert len(calls) == 4
        assert learner.query(pool, 2, return_metrics=True)[2].tolist() == [1, 1]
        with pytest.warns(UserWarning, match="metrics are None"):
            assert (
                ActiveLearner(RecordsTraining(), bare).query(
                    pool, 2, return_metrics=True
                )[2]
                is None
            )

    def test_an_error_of_the_strategy_is_raised_at_once(self):
        calls = []

        def failing(learner, X_pool):
            calls.append(1)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ActiveLearner(RecordsTraining(), failing).query(X)
        assert len(calls) == 1

    def test_a_class_is_not_a_strategy(self):
        class Mine: ...

        with pytest.raises(TypeError, match=r"got the class Mine\. Pass Mine\(\)"):
            ActiveLearner(RecordsTraining(), Mine).query(X, 1)

    def test_a_tuple_of_three_is_an_error(self):
        learner = ActiveLearner(RecordsTraining(), lambda learner, X_pool: (1, 2, 3))
        with pytest.raises(ValueError, match="<lambda> returned a tuple of length 3"):
            learner.query(X)

    def test_one_position_a_mask_and_a_dict(self):
        answers = [3, np.arange(60) == 3]
        for answer in answers:
            learner = ActiveLearner(
                RecordsTraining(), lambda learner, X_pool, answer=answer: answer
            )
            _, row = learner.query(X)
            np.testing.assert_array_equal(np.ravel(row), X[3])
            _, row = learner.query(X.tolist())
            np.testing.assert_array_equal(np.ravel(row), X[3])
            _, rows = learner.query({"rows": X, "numbers": np.arange(60)})
            assert np.ravel(rows["numbers"]).tolist() == [3]

    def test_a_strategy_of_modal(self):
        learner = ActiveLearner(
            LogisticRegression(), uncertainty_sampling, X[:20], y[:20]
        )
        _, instances = learner.query(X[20:], n_instances=2)
        assert instances.shape == (2, 3)
