"""ASVP in modAL's loop, under whichever version is on the path."""

import subprocess
import sys

import numpy as np
import pytest

from modal_clustermargin.estimators import NetworkClassifier
from modal_clustermargin.learners import ActiveLearner
from modal_clustermargin.strategies import (
    ASVP,
    AtRounds,
    ClusterMargin,
    EveryRound,
    Never,
)
from tests.modal.make_asvp_loop import PROXY, X, make_learner, run, run_in_folder

has_metrics = "return_metrics" in ActiveLearner.query.__code__.co_varnames


class Counted(NetworkClassifier):
    """Records for each training whether it begins with a linear probe."""

    fits = ()

    def fit(self, X, y=None, **arguments):
        if self.max_epochs:
            Counted.fits += (self.linear_probe is not None,)
        return super().fit(X, y, **arguments)


@pytest.fixture(autouse=True)
def zero_counts():
    Counted.fits = ()


def test_teach_trains_nothing_until_a_prediction():
    selector = ClusterMargin(random_state=0)
    strategy = ASVP(selector, PROXY, Never(), random_state=0)
    learner = make_learner(strategy, Counted)
    picked = run(learner)
    assert len(np.unique(picked, axis=0)) == 45
    assert Counted.fits == ()
    assert [each.n_embedded for each in strategy.history_] == [300, 0, 0]
    assert len(set(strategy.selector_.last_query_.cluster)) > 5
    assert learner.predict(X[:5]).shape == (5,)
    assert Counted.fits == (True,)


@pytest.mark.parametrize(
    ("indicator", "expected"), [(AtRounds(1), (False,)), (EveryRound(), (False,) * 2)]
)
def test_the_network_is_fine_tuned_in_rounds_of_the_indicator(indicator, expected):
    learner = make_learner(ASVP(None, PROXY, indicator, random_state=0), Counted)
    run(learner, n_rounds=2)
    assert Counted.fits == expected
    assert learner.estimator.estimator.linear_probe is None
    assert learner.estimator.is_pending_


@pytest.mark.skipif(not has_metrics, reason="modAL before 0.4.2 has no metrics")
def test_modal_gets_the_margins_of_the_proxy_where_it_takes_metrics():
    learner = make_learner(ASVP(None, PROXY, Never(), random_state=0))
    answer = learner.query(X[60:200], n_instances=2, return_metrics=True)
    indices, _, metrics = answer
    assert indices.shape == metrics.shape == (2,)
    assert (np.diff(metrics) >= 0).all()


def test_a_loop_continues_after_its_process_was_killed(tmp_path):
    whole, rounds = run_in_folder(tmp_path / "whole")
    command = [sys.executable, "-m", "tests.modal.make_asvp_loop"]
    command += [str(tmp_path / "killed"), "2"]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == 9, killed.stderr
    picked, rounds_again = run_in_folder(tmp_path / "killed")
    np.testing.assert_array_equal(picked, whole)
    for history in (rounds, rounds_again):
        assert [each.n_embedded for each in history] == [300, 300, 0]
        assert [each.is_aligned for each in history] == [False, True, False]
