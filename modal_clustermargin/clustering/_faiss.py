"""The two functions of faiss that neighbour searches use.

No other file imports faiss. It is imported at the first call, because the import takes
long.
"""


def knn(queries, references, k):
    """Squared distances and row numbers of the k nearest references of each query."""
    import faiss

    return faiss.knn(queries, references, k)


def k_means_centroids(rows, n_centroids, seed):
    """Centroids by two rounds of k-means on at most 32 rows per centroid."""
    import faiss

    kmeans = faiss.Kmeans(
        rows.shape[1],
        n_centroids,
        niter=2,
        seed=seed,
        min_points_per_centroid=1,
        max_points_per_centroid=32,
    )
    kmeans.train(rows)
    return kmeans.centroids
