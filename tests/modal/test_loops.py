"""Strategies in a modAL loop, under the installed version of modAL."""

import subprocess
import sys
import textwrap
import warnings
from functools import partial

import modAL.models
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from modal_clustermargin import (
    AverageLinkage,
    ClusterMargin,
    MarginSampling,
    RandomSampling,
    UncertaintyHerding,
    cluster_margin_sampling,
    learners,
)
from modal_clustermargin.clustering import _merges

X, y = load_digits(return_X_y=True)
X_labeled, y_labeled, X_pool, y_pool = X[:60], y[:60], X[60:360], y[60:360]
STRATEGIES = {
    "ClusterMargin": lambda: ClusterMargin(random_state=0),
    "cluster_margin_sampling": lambda: cluster_margin_sampling,
    "MarginSampling": MarginSampling,
    "RandomSampling": lambda: RandomSampling(random_state=0),
    "UncertaintyHerding": UncertaintyHerding,
}
has_metrics = "return_metrics" in modAL.models.ActiveLearner.query.__code__.co_varnames


class Counted:
    """A strategy that counts its calls."""

    def __init__(self, strategy):
        self.strategy = strategy
        self.n_calls = 0

    def __call__(self, *args, **kwargs):
        self.n_calls += 1
        return self.strategy(*args, **kwargs)


def active_learner(strategy, X=X_labeled, models=modAL.models):
    return models.ActiveLearner(
        LogisticRegression(max_iter=500),
        query_strategy=strategy,
        X_training=X,
        y_training=y_labeled,
    )


def committee(strategy, X=X_labeled, models=modAL.models):
    members = [active_learner(MarginSampling(), X, models)]
    bayes = models.ActiveLearner(GaussianNB(), X_training=X, y_training=y_labeled)
    return models.Committee([*members, bayes], query_strategy=strategy)


@pytest.mark.parametrize(
    "make",
    [
        active_learner,
        committee,
        partial(active_learner, models=learners),
        partial(committee, models=learners),
    ],
    ids=["ActiveLearner", "Committee", "our ActiveLearner", "our Committee"],
)
@pytest.mark.parametrize("strategy", STRATEGIES)
class TestQuery:
    @pytest.mark.parametrize("n_instances", [1, 2, 3])
    def test_calls_the_strategy_once(self, make, strategy, n_instances):
        counted = Counted(STRATEGIES[strategy]())
        indices, instances = make(counted).query(X_pool, n_instances=n_instances)
        assert counted.n_calls == 1
        assert indices.shape == (n_instances,)
        np.testing.assert_array_equal(instances, X_pool[indices])

    def test_returns_metrics_to_learners_that_take_them(self, make, strategy):
        learner = make(STRATEGIES[strategy]())
        if make in (active_learner, committee) and not has_metrics:
            pytest.skip("modAL before 0.4.2 has no metrics")
        answer = learner.query(X_pool, n_instances=4, return_metrics=True)
        indices, instances, metrics = answer
        assert indices.shape == metrics.shape == (4,)
        assert instances.shape == (4, 64)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "as_pool",
    [
        sparse.csr_matrix,
        lambda X: pd.DataFrame(X).add_prefix("x"),
        list,
        pytest.param(
            torch.from_numpy,
            marks=pytest.mark.skipif(
                not has_metrics,
                reason="modAL before 0.4.2 cannot take rows of a tensor",
            ),
        ),
    ],
    ids=["csr", "DataFrame", "list", "tensor"],
)
def test_pools_that_modal_knows(strategy, as_pool):
    pool = as_pool(X_pool)
    with warnings.catch_warnings():
        # scikit-learn: the learner was fitted without the names of the columns.
        warnings.filterwarnings("ignore", "X has feature names", UserWarning)
        learner = active_learner(STRATEGIES[strategy]())
        indices, instances = learner.query(pool, n_instances=3)
    rows = instances.toarray() if sparse.issparse(instances) else np.asarray(instances)
    np.testing.assert_array_equal(rows, X_pool[indices])


def test_a_frame_with_integer_column_names_gives_the_same_indices():
    # modAL 0.4.2 takes *columns* of such a frame as instances; indices are ours.
    frame = pd.DataFrame(X_pool)
    strategy = ClusterMargin(random_state=0)
    learner = active_learner(strategy)
    expected = learner.query(X_pool, n_instances=3)[0]
    picks = ClusterMargin(random_state=0)(learner, frame, 3)
    picks = picks[0] if has_metrics else picks
    np.testing.assert_array_equal(picks, expected)


@pytest.mark.parametrize("make", [active_learner, committee])
def test_an_unfitted_learner_queries_by_clusters_alone(make):
    strategy = ClusterMargin(random_state=0)
    learner = modAL.models.ActiveLearner(LogisticRegression(), query_strategy=strategy)
    if make is committee:
        learner = modAL.models.Committee([learner], query_strategy=strategy)
    indices, _ = learner.query(X_pool, n_instances=12)
    assert len(set(indices)) == 12
    assert len(set(strategy.last_query_.cluster)) == 12


LOOP = """
    import sys
    import numpy as np
    from modal_clustermargin.learners import ActiveLearner
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from modal_clustermargin import AverageLinkage, ClusterMargin
    from modal_clustermargin.clustering import _merges

    hac_runs = []
    agglomerate = _merges.agglomerate
    def counted(*args, **kwargs):
        hac_runs.append(1)
        return agglomerate(*args, **kwargs)
    _merges.agglomerate = counted

    X, y = load_digits(return_X_y=True)
    X_pool, y_pool = X[50:550], y[50:550]
    clustering = AverageLinkage(mean_cluster_size=10, memory=sys.argv[1])
    learner = ActiveLearner(
        LogisticRegression(max_iter=500),
        query_strategy=ClusterMargin(clustering, random_state=0),
        X_training=X[:50],
        y_training=y[:50],
    )
    picked = []
    for _ in range(10):
        indices, instances = learner.query(X_pool, n_instances=20)
        learner.teach(instances, y_pool[indices])
        picked.append(instances)
        X_pool = np.delete(X_pool, indices, axis=0)
        y_pool = np.delete(y_pool, indices)
    assert len(np.unique(np.concatenate(picked), axis=0)) == 200
    print(len(hac_runs), X_pool.sum())
"""


def test_ten_rounds_cluster_once_and_a_second_process_never(
    tmp_path, monkeypatch, capsys
):
    command = [sys.executable, "-c", textwrap.dedent(LOOP), str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command[2:])
    monkeypatch.setattr(_merges, "agglomerate", _merges.agglomerate)
    exec(command[2], {})
    first = capsys.readouterr().out.split()
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    second = again.stdout.split()
    assert (first[0], second[0]) == ("1", "0")
    assert first[1] == second[1]


def test_ids_reach_the_strategy_through_query():
    strategy = ClusterMargin(AverageLinkage(n_clusters=30), random_state=0)
    learner = active_learner(strategy)
    ids = np.arange(len(X_pool)) + 1000
    indices, _ = learner.query(X_pool, n_instances=5, ids=ids)
    first = strategy.last_query_.pool_cluster
    # The same images in another number type: only the ids identify them.
    rest = np.delete(X_pool, indices, axis=0).astype(np.float32)
    learner.query(rest, n_instances=5, ids=np.delete(ids, indices))
    np.testing.assert_array_equal(
        strategy.last_query_.pool_cluster, np.delete(first, indices)
    )
