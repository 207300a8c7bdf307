"""The certified lists of neighbours that replace a matrix of distances."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modal_clustermargin.clustering import _agglomeration, _neighbor_search
from modal_clustermargin.clustering._kernels import _root
from modal_clustermargin.clustering._neighbor_search import NeighborSearch

N_ROWS = 60


@pytest.fixture(params=["scan", "search", "device"], scope="module", autouse=True)
def search(request):
    """Each way to search, with lists so short that they overflow and run out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_agglomeration, "_N_LISTED", 3)
        if request.param != "scan":
            patch.setattr(_neighbor_search, "_SCAN_BELOW", 0)
            patch.setattr(_neighbor_search, "_SCAN_BELOW_QUERIES", 0)
        # The processor runs the code for a CUDA device.
        device = torch.device("cpu") if request.param == "device" else None
        yield NeighborSearch(device=device)


def silent(n_done):
    pass


def rows_of(seed, n_features):
    rng = np.random.RandomState(seed)
    return rng.gamma(0.5, size=(N_ROWS, 1)) * rng.normal(size=(N_ROWS, n_features))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_features=st.integers(1, 5),
    n_merges=st.integers(0, N_ROWS - 2),
    threshold=st.sampled_from([np.inf, 0.3, 3.0]),
)
def test_no_cluster_is_nearer_than_its_certificate_says(
    search, seed, n_features, n_merges, threshold
):
    rows = rows_of(seed, n_features)
    agglomeration = _agglomeration._Agglomeration(
        rows.copy(), np.ones(N_ROWS), search, threshold
    )
    agglomeration.merge(n_merges, threshold, silent)
    clusters = agglomeration.clusters
    members = {node: [node] for node in range(N_ROWS)}
    for i, pair in enumerate(agglomeration.children[: agglomeration.n_merges]):
        members[N_ROWS + i] = members.pop(pair[0]) + members.pop(pair[1])
    D = ((rows[:, np.newaxis] - rows) ** 2).sum(axis=2)
    live = np.flatnonzero(clusters.alive)
    nodes = clusters.node[live]
    assert set(nodes) == set(members)
    is_member = np.array(
        [np.isin(np.arange(N_ROWS), members[node]) for node in nodes], float
    )
    sizes = is_member.sum(axis=1)
    true = is_member @ D @ is_member.T / np.outer(sizes, sizes)
    position = np.full(2 * N_ROWS, -1)
    position[nodes] = np.arange(len(live))
    for i, true_of_i in zip(live, true, strict=True):
        listed = clusters.neighbors[i, : clusters.n_neighbors[i]]
        is_measured = listed >= 0
        entries = np.where(is_measured, listed, ~listed)
        roots = np.array([_root(clusters.parent, node) for node in entries], int)
        sq_dists = clusters.sq_dists[i, : len(listed)]
        assert (np.diff(sq_dists) >= 0).all()
        assert (sq_dists <= clusters.bound[i]).all()
        first = sq_dists[0] if len(listed) else clusters.bound[i]
        assert clusters.key[i] == first
        certified = np.full(len(live), clusters.bound[i])
        np.minimum.at(certified, position[roots], sq_dists)
        is_other = live != i
        assert (certified <= true_of_i + 1e-9)[is_other].all()
        is_exact = is_measured & (entries == roots) & (entries != clusters.node[i])
        np.testing.assert_allclose(
            sq_dists[is_exact], true_of_i[position[roots[is_exact]]], rtol=1e-9
        )
    assert clusters.key[clusters.tree[1]] == clusters.key.min()


@given(seed=st.integers(0, 2**32 - 1), n_merges=st.integers(1, N_ROWS - 1))
def test_merges_come_lowest_first_and_stop_when_asked(search, seed, n_merges):
    rows = rows_of(seed, 3)
    children, heights = _agglomeration.agglomerate(
        rows.copy(), np.ones(N_ROWS), search, n_merges=n_merges
    )
    assert len(children) == len(heights) == n_merges
    assert (np.diff(heights) >= -1e-12).all()


def test_a_standstill_is_reported_as_a_bug_and_not_a_hang(search):
    agglomeration = _agglomeration._Agglomeration(
        rows_of(0, 2), np.ones(N_ROWS), search, 1.0
    )
    agglomeration.clusters.key[:] = np.nan
    agglomeration.clusters.bound[:] = 2.0
    with pytest.raises(RuntimeError, match="stopped after 0 merges, .*This is a bug"):
        agglomeration.merge(1, 1.0, silent)
