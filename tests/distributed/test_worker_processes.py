"""Workers that are processes, and may be killed during a search or a query."""

import os
import signal
import threading

import dask.array as da
import numpy as np
import pytest
import zarr
from sklearn.linear_model import LogisticRegression

from modal_clustermargin import AverageLinkage, ClusterMargin, MarginSampling
from modal_clustermargin.clustering import neighbors
from modal_clustermargin.distributed import _dask_pool, _worker_search, _workers
from modal_clustermargin.learners import ActiveLearner
from tests.distributed.make_worker_calls import AtHome, die, lacks_a_module

X = np.random.RandomState(0).normal(size=(2_000, 12)).astype(np.float32)
CHUNKS = da.from_array(X, chunks=(200, -1))


def classifier():
    return LogisticRegression().fit(X[:90], X[:90, 0] > 0)


@pytest.fixture
def kill_at(processes, monkeypatch):
    """Kill a worker at the n-th call of a function."""

    def arrange(owner, name, n):
        calls = []
        function = getattr(owner, name)

        def killing(*arguments):
            calls.append(1)
            if len(calls) == n:
                kill_one(processes)
            return function(*arguments)

        monkeypatch.setattr(owner, name, killing)
        return calls

    return arrange


def kill_one(client):
    pids = client.run(os.getpid)
    assert os.getpid() not in pids.values()
    os.kill(next(iter(pids.values())), signal.SIGKILL)


def test_the_workers_ask_the_classifier(processes, monkeypatch):
    monkeypatch.setattr(_dask_pool, "_N_TRIED", 64)
    strategy = ClusterMargin(random_state=0)
    learner = ActiveLearner(AtHome(), strategy)
    strategy(learner, CHUNKS[:400], 20)
    assert strategy.clustering_.n_features_in_ == 11


def test_a_store_that_is_elsewhere_for_workers(processes, tmp_path, monkeypatch):
    stored = zarr.open_array(
        str(tmp_path / "pool.zarr"), mode="w", shape=X.shape, dtype="f4"
    )
    stored[:] = X
    monkeypatch.chdir(tmp_path)  # workers stay where they are
    pool = zarr.open_array("pool.zarr", mode="r")
    if zarr.__version__ < "3":  # makes paths absolute
        picks = MarginSampling()(classifier(), pool, 5)
        np.testing.assert_array_equal(picks, MarginSampling()(classifier(), X, 5))
        return
    message = "MarginSampling finds no chunk of X_pool .* as the worker tcp.* sees it"
    with pytest.raises(ValueError, match=message):
        MarginSampling()(classifier(), pool, 5)
    with pytest.raises(ValueError, match="AverageLinkage finds no chunk of X .*worker"):
        AverageLinkage().fit(pool)


def test_missing_modules_and_unpicklable_classifiers_raise(processes):
    workers = _workers.Workers(processes, who="BADGE")
    message = "BADGE .* lacks a module .*upload_file"
    with pytest.raises(ModuleNotFoundError, match=message):
        list(workers.map_unordered(lacks_a_module, [(1,)]))

    class Locked(LogisticRegression):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()

    locked = Locked().fit(X[:90], X[:90, 0] > 0)
    message = "MarginSampling cannot send a Locked to the wor"
    with pytest.raises(TypeError, match=message):
        MarginSampling()(locked, CHUNKS, 5)


def test_exact_search(kill_at, monkeypatch):
    expected = AverageLinkage(n_clusters=20).fit(X)
    monkeypatch.setattr(_worker_search, "_FEWEST_BLOCK_ROWS", 100)
    calls = kill_at(neighbors, "merge_entries", 9)
    model = AverageLinkage(n_clusters=20).fit(CHUNKS)
    assert len(calls) > 9
    np.testing.assert_array_equal(model.children_, expected.children_)
    np.testing.assert_array_equal(model.labels_, expected.labels_)


def test_query_at_its_first_result(kill_at):
    expected = ClusterMargin(random_state=0)(classifier(), X, 50)
    calls = kill_at(_dask_pool.DaskPool, "_rows_of", 1)
    picks = ClusterMargin(random_state=0)(classifier(), CHUNKS, 50)
    assert len(calls) > 1
    np.testing.assert_array_equal(picks, expected)


def test_a_call_that_kills_every_worker_is_given_up(processes, monkeypatch):
    monkeypatch.setattr(_workers, "_MAX_ATTEMPTS", 2)
    monkeypatch.setattr(processes.cluster.scheduler, "allowed_failures", 0)
    workers = _workers.Workers(processes)
    message = "made a call on the Dask cluster 2 times, and each time a worker was"
    with pytest.raises(RuntimeError, match=message):
        list(workers.map_unordered(die, [(3,)]))
