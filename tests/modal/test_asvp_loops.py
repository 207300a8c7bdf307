"""ASVP in modAL's loop, under whichever version is on the path."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.datasets import load_digits

from modal_clustermargin.estimators import (
    DeferredFit,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    SmallConvNet,
)
from modal_clustermargin.learners import ActiveLearner
from modal_clustermargin.strategies import (
    ASVP,
    AtRounds,
    ClusterMargin,
    EveryRound,
    Never,
)

X, y = load_digits(return_X_y=True)
X = (X.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
has_metrics = "return_metrics" in ActiveLearner.query.__code__.co_varnames


class Counted(NetworkClassifier):
    """Counts what is trained, by whether it has a linear probe before."""

    fits = ()

    def fit(self, X, y=None, **arguments):
        if self.max_epochs:
            Counted.fits += (self.linear_probe is not None,)
        return super().fit(X, y, **arguments)


@pytest.fixture(autouse=True)
def none_counted():
    Counted.fits = ()


def learner_with(strategy):
    network = Counted(
        SmallConvNet,
        linear_probe=LinearProbe(max_epochs=5),
        max_epochs=3,
        random_state=0,
    )
    return ActiveLearner(DeferredFit(network), strategy, X[:60], y[:60])


def loop(learner, n_rounds=4):
    X_pool, y_pool, picked = X[60:400], y[60:400], []
    for _ in range(n_rounds):
        indices, instances = learner.query(X_pool, n_instances=15)
        np.testing.assert_array_equal(instances, X_pool[indices])
        picked.append(instances)
        learner.teach(instances, y_pool[indices])
        X_pool = np.delete(X_pool, indices, axis=0)
        y_pool = np.delete(y_pool, indices)
    return np.concatenate(picked)


def asvp(indicator, **parameters):
    proxy = ProxyClassifier(max_epochs=10)
    return ASVP(None, proxy, indicator, random_state=0, **parameters)


def test_teach_trains_nothing_until_somebody_asks():
    strategy = asvp(Never())
    learner = learner_with(strategy)
    picked = loop(learner)
    assert len(np.unique(picked, axis=0)) == 60
    assert Counted.fits == ()
    assert [each.n_embedded for each in strategy.history_] == [400, 0, 0, 0]
    assert learner.score(X[400:600], y[400:600]) > 0.3
    assert Counted.fits == (True,)


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [(AtRounds(2), (False,)), (EveryRound(), (False,) * 4)],
)
def test_fine_tuning_is_done_in_rounds_that_the_indicator_names(indicator, expected):
    learner = learner_with(asvp(indicator))
    loop(learner)
    assert Counted.fits == expected
    assert learner.estimator.estimator.linear_probe is None
    assert learner.estimator.is_pending_


def test_cluster_margin_selects_over_the_features_of_the_proxy():
    strategy = ASVP(
        ClusterMargin(random_state=0), ProxyClassifier(max_epochs=10), Never()
    )
    picked = loop(learner_with(strategy))
    assert len(np.unique(picked, axis=0)) == 60
    assert len(set(strategy.selector_.last_query_.cluster)) > 5


@pytest.mark.skipif(not has_metrics, reason="modAL before 0.4.2 has no metrics")
def test_gives_the_margins_of_the_proxy_where_modal_takes_them():
    strategy = asvp(Never())
    answer = learner_with(strategy).query(X[60:200], n_instances=2, return_metrics=True)
    indices, _, metrics = answer
    assert indices.shape == metrics.shape == (2,)
    assert (np.diff(metrics) >= 0).all()


LOOP = """
    import os, sys, warnings
    import numpy as np
    from modal_clustermargin.learners import ActiveLearner
    from sklearn.datasets import load_digits
    from modal_clustermargin.estimators import (
        DeferredFit, LinearProbe, NetworkClassifier, ProxyClassifier, SmallConvNet
    )
    from modal_clustermargin.strategies import ASVP, AtRounds, MarginSampling

    n_calls_left = int(sys.argv[2])

    class Mortal(MarginSampling):
        def _select(self, *arguments):
            global n_calls_left
            n_calls_left -= 1
            if n_calls_left == 0:
                os._exit(9)
            return super()._select(*arguments)

    X, y = load_digits(return_X_y=True)
    X = (X.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    network = NetworkClassifier(
        SmallConvNet, linear_probe=LinearProbe(max_epochs=5), max_epochs=3,
        random_state=0,
    )
    strategy = ASVP(
        Mortal(), ProxyClassifier(max_epochs=10), AtRounds(1), store=sys.argv[1],
        random_state=0,
    )
    learner = ActiveLearner(DeferredFit(network), strategy, X[:60], y[:60])
    X_pool, y_pool = X[60:400], y[60:400]
    for _ in range(4):
        indices, instances = learner.query(X_pool, n_instances=15)
        learner.teach(instances, y_pool[indices])
        X_pool = np.delete(X_pool, indices, axis=0)
        y_pool = np.delete(y_pool, indices)
    print(repr(learner.X_training.sum(axis=(1, 2, 3)).tolist()))
    print([each.n_embedded for each in strategy.history_])
    print([each.is_aligned for each in strategy.history_])
"""


def run_loop(folder, n_calls):
    command = [sys.executable, "-c", textwrap.dedent(LOOP), str(folder), str(n_calls)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_killed_process_leaves_features_and_history_to_the_next(tmp_path):
    whole = run_loop(tmp_path / "whole", 99)
    assert whole.returncode == 0, whole.stderr
    assert run_loop(tmp_path / "killed", 3).returncode == 9
    again = run_loop(tmp_path / "killed", 99)
    assert again.returncode == 0, again.stderr
    assert again.stdout == whole.stdout
    assert whole.stdout.splitlines()[1:] == [
        "[400, 400, 0, 0]",
        "[False, True, False, False]",
    ]
