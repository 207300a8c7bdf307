"""Workers that are killed during a search or a query."""

import os
import signal

import dask.array as da
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from modal_clustermargin import AverageLinkage, ClusterMargin
from modal_clustermargin.clustering import _approximate_knn
from modal_clustermargin.distributed import _dask_pool, _worker_cells, _worker_rows
from modal_clustermargin.distributed._workers import Broadcast, Workers

X = np.random.RandomState(0).normal(size=(2_000, 12)).astype(np.float32)
CHUNKS = da.from_array(X, chunks=(200, -1))


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


@pytest.mark.parametrize("n", [1, 9])
def test_exact_search(kill_at, n, monkeypatch):
    expected = AverageLinkage(n_clusters=20).fit(X)
    monkeypatch.setattr(_worker_rows, "_FEWEST_BLOCK_ROWS", 100)
    calls = kill_at(_worker_rows.NeighborLists, "merge", n)
    model = AverageLinkage(n_clusters=20).fit(CHUNKS)
    assert len(calls) > n
    np.testing.assert_array_equal(model.children_, expected.children_)
    np.testing.assert_array_equal(model.labels_, expected.labels_)


def test_approximate_search(kill_at, monkeypatch):
    monkeypatch.setattr(_worker_rows, "_FEWEST_BLOCK_ROWS", 300)
    monkeypatch.setattr(_approximate_knn, "_WORTH_TRYING", np.inf)
    model = AverageLinkage(neighbors="approximate", n_clusters=300)
    expected = model.fit(CHUNKS).labels_
    calls = kill_at(_worker_cells.NeighborLists, "merge", 8)
    again = model.fit(CHUNKS).labels_
    assert len(calls) > 8
    np.testing.assert_array_equal(again, expected)


@pytest.mark.parametrize("n", [1, 10])
def test_query(kill_at, n, monkeypatch):
    classifier = LogisticRegression().fit(X[:90], X[:90, 0] > 0)
    expected = ClusterMargin(random_state=0)(classifier, X, 50)
    calls = kill_at(_dask_pool.DaskPool, "_rows_of", n)
    picks = ClusterMargin(random_state=0)(classifier, CHUNKS, 50)
    assert len(calls) > n
    np.testing.assert_array_equal(picks, expected)


def test_a_call_that_kills_every_worker_is_given_up(processes):
    workers = Workers(processes)
    calls = [(Broadcast(3),)]
    message = "made a call on the Dask cluster 5 times, and each time a worker was"
    with pytest.raises(RuntimeError, match=message):
        list(workers.map_unordered(die, calls))


def die(value):
    os.kill(os.getpid(), signal.SIGKILL)
