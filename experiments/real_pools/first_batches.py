"""First batches that need no model: positions of rows in a pool of features."""

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import pairwise_distances

_MOST_CLUSTERS = 500
_N_NEIGHBORS = 20
_FEWEST_ROWS = 5  # of a cluster from which a typical row is taken


def random_rows(X, n_picks, random_state):
    return np.random.RandomState(random_state).permutation(len(X))[:n_picks]


def near_centres(X, n_picks, random_state):
    """The row nearest to each of `n_picks` centres of k-means."""
    model = _k_means(n_picks, random_state).fit(X)
    distances = model.transform(X)
    picks = []
    for centre in range(n_picks):
        # The row nearest to two centres is taken once.
        distances[picks, centre] = np.inf
        picks.append(int(distances[:, centre].argmin()))
    return np.array(picks)


def typi_clust(X, n_picks, random_state):
    """TypiClust without labels: the most typical row of each cluster of k-means.

    The typicality of a row is the inverse of its mean distance to its 20 nearest rows
    in its cluster. Clusters take turns, the largest first, those of fewer than five
    rows last. G. Hacohen, A. Dekel, D. Weinshall, "Active learning on a budget", ICML
    2022, arXiv 2202.02794.
    """
    n_clusters = min(n_picks, _MOST_CLUSTERS)
    labels = _k_means(n_clusters, random_state).fit_predict(X)
    members = [np.flatnonzero(labels == each) for each in range(n_clusters)]
    members = sorted((rows for rows in members if len(rows)), key=len, reverse=True)
    members.sort(key=lambda rows: len(rows) < _FEWEST_ROWS)
    by_typicality = [rows[np.argsort(-typicality(X[rows]))] for rows in members]
    picks, turn = [], 0
    while len(picks) < n_picks:
        picks += [rows[turn] for rows in by_typicality if turn < len(rows)]
        turn += 1
    return np.array(picks[:n_picks])


def typicality(X):
    """The inverse of the mean distance of each row to its nearest rows in `X`."""
    n_neighbors = min(_N_NEIGHBORS, len(X) - 1)
    if n_neighbors == 0:
        return np.zeros(len(X))
    mean = np.empty(len(X))
    for rows in np.array_split(np.arange(len(X)), -(-len(X) // 2000)):
        distances = pairwise_distances(X[rows], X)
        nearest = np.partition(distances, n_neighbors, axis=1)[:, : n_neighbors + 1]
        mean[rows] = nearest.sum(axis=1) / n_neighbors  # the row itself adds 0
    return 1 / np.maximum(mean, np.finfo(np.float64).tiny)


def _k_means(n_clusters, random_state):
    return MiniBatchKMeans(
        n_clusters, batch_size=4096, n_init=3, random_state=random_state
    )


FIRST_BATCHES = {
    "random": random_rows,
    "k-means": near_centres,
    "typiclust": typi_clust,
}
