"""Two workers: as threads of this process, or as processes that can be killed."""

import distributed
import pytest

from modal_clustermargin.clustering import _neighbor_search
from modal_clustermargin.distributed import _worker_search


def clients(**where):
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            **where,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    yield from clients(processes=False, memory_limit=None)


@pytest.fixture(scope="module")
def processes():
    yield from clients(processes=True)


@pytest.fixture
def many_blocks(monkeypatch):
    monkeypatch.setattr(_worker_search, "_FEWEST_BLOCK_ROWS", 10)


@pytest.fixture
def all_is_sent(many_blocks, monkeypatch):
    """However small a search is, it is no scan."""
    monkeypatch.setattr(_neighbor_search, "_SCAN_BELOW", 0)
    monkeypatch.setattr(_neighbor_search, "_SCAN_BELOW_QUERIES", 1)
