"""The dendrogram of a first pool, with leaves for rows that come later."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.clustering import AverageLinkage, PoolClusters


def rows_of(seed, n):
    return np.random.RandomState(seed).normal(size=(n, 3))


@given(
    seed=st.integers(0, 10_000),
    n_fitted=st.integers(1, 12),
    n_clusters=st.integers(1, 12),
    is_full=st.booleans(),
    labels=st.lists(st.integers(-1, 5), max_size=8),
)
def test_new_leaves_join_the_top_of_their_cluster(
    seed, n_fitted, n_clusters, is_full, labels
):
    clustering = AverageLinkage(
        n_clusters=min(n_clusters, n_fitted), compute_full_tree=is_full
    ).fit(rows_of(seed, n_fitted))
    labels = np.minimum(labels, clustering.n_clusters_ - 1).astype(int)
    pool = PoolClusters(clustering)
    keys = np.arange(n_fitted + len(labels), dtype=np.uint64)
    pool.add(keys[:n_fitted], clustering.labels_, np.arange(n_fitted))
    for key, label in zip(keys[n_fitted:], labels, strict=True):
        pool.add(np.array([key]), np.array([label]))
    np.testing.assert_array_equal(pool.find(keys), np.arange(len(keys)))

    children, heights = pool.tree()
    n_leaves = len(keys)
    n_joined = np.count_nonzero(labels >= 0)
    assert len(children) == len(clustering.children_) + n_joined
    assert (np.diff(heights) >= 0).all()
    members = [{leaf} for leaf in range(n_leaves)]
    for merge, pair in enumerate(children):
        assert max(pair) < n_leaves + merge
        members.append(members[pair[0]] | members[pair[1]])
        members[pair[0]] = members[pair[1]] = None  # a node merges once
    # The tree before, without the new leaves.
    n_lower = n_fitted - clustering.n_clusters_ + n_joined
    clusters = [{leaf} for leaf in range(n_leaves)]
    for a, b in children[:n_lower]:
        clusters.append(clusters[a] | clusters[b])
        clusters[a] = clusters[b] = set()
    for cluster in filter(None, clusters):
        assert len({pool.labels[leaf] for leaf in cluster}) == 1
    if is_full:
        roots = [each for each in members if each is not None]
        assert len(roots) == 1 + np.count_nonzero(labels < 0)
        assert max(map(len, roots)) >= n_fitted + n_joined


def test_equal_keys_have_one_leaf():
    clustering = AverageLinkage(n_clusters=2).fit(rows_of(0, 4))
    pool = PoolClusters(clustering)
    keys = np.array([7, 8, 7, 9], np.uint64)
    pool.add(keys, clustering.labels_, np.arange(4))
    np.testing.assert_array_equal(pool.find(keys), [0, 1, 0, 3])
    new = np.array([5, 6, 5], np.uint64)
    pool.add(new, np.full(3, -1))
    np.testing.assert_array_equal(pool.find(new), [4, 5, 4])
    assert pool.labels[4] == 2
    assert pool.labels[5] == 3
    assert pool.find(np.array([1], np.uint64)) == -1
