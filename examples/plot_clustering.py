"""
Average linkage on its own
==========================

``AverageLinkage`` is a scikit-learn clusterer and needs no active learning. It gives
the exact clusters of average linkage without a matrix of all distances.
"""

# %%
# Two half circles with some noise, and the merges of all rows, up to two clusters.

import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.cluster.hierarchy import linkage
from sklearn.datasets import make_blobs, make_moons

from modal_clustermargin.clustering import AverageLinkage

X, _ = make_moons(500, noise=0.08, random_state=0)
figure, axes = plt.subplots(1, 3, figsize=(10, 3.2))
for axis, n_clusters in zip(axes, (2, 8, 40), strict=True):
    labels = AverageLinkage("sqeuclidean", n_clusters=n_clusters).fit_predict(X)
    axis.scatter(*X.T, c=labels, cmap="tab20", s=8)
    axis.set_title(f"{n_clusters} clusters")
    axis.set_axis_off()
figure.tight_layout()
plt.show()

# %%
# The heights of the merges are those of scipy.

X, _ = make_blobs(2000, n_features=16, centers=50, random_state=0)
clustering = AverageLinkage("sqeuclidean", n_clusters=1).fit(X)
merges_of_scipy = linkage(X, "average", metric="sqeuclidean")
print(np.allclose(clustering.distances_, merges_of_scipy[:, 2]))

# %%
# Twenty thousand rows take seconds. A matrix of all their distances would take 3 GiB
# in double precision.

X, _ = make_blobs(20_000, n_features=32, centers=500, random_state=0)
begin = time.perf_counter()
clustering = AverageLinkage(mean_cluster_size=10).fit(X.astype(np.float32))
seconds = time.perf_counter() - begin
print(f"{len(X):,} rows, {clustering.n_clusters_:,} clusters, {seconds:.1f} seconds")
