"""
Why a row was picked
====================

After a query, ``last_query_`` of ``ClusterMargin`` says for each pick how unsure the
classifier was, how much uncertainty the pick covers, and which other rows the label
stands for.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from modal_clustermargin import ClusterMargin, MarginSampling
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet

images, labels = load_digits().images / 16, load_digits().target
X_pool = images[60:]
network = NetworkClassifier(SmallConvNet, max_epochs=20, random_state=0)
network.fit(images[:60], labels[:60])

strategy = ClusterMargin()
picks = strategy(network, X_pool, n_instances=8)
query = strategy.last_query_
print("rows that each pick covers:", [len(query.represents(i)) for i in range(8)])

# %%
# Each row of the picture is a pick, followed by the rows that it covers and that are
# most like it. One label says something about all of them.

embeddings = network.embed(X_pool)
embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
figure, axes = plt.subplots(len(picks), 8, figsize=(8, 8.6))
for axis in axes.flat:
    axis.set_axis_off()
for i, (pick, row_of_axes) in enumerate(zip(picks, axes, strict=True)):
    members = query.represents(i)
    members = members[np.argsort(-embeddings[members] @ embeddings[pick])]
    shown = [pick, *members[members != pick]][:7]
    for axis, position in zip(row_of_axes[1:], shown, strict=False):
        axis.imshow(X_pool[position], cmap="gray_r")
    row_of_axes[0].text(
        0,
        0.5,
        f"margin {query.margin[i]:.2f}\ngain {query.gain[i]:.1f}\n{len(members)} rows",
        va="center",
        fontsize=8,
    )
axes[0, 1].set_title("pick", fontsize=9)
axes[0, 2].set_title("rows that it covers", fontsize=9, loc="left")
figure.tight_layout()
plt.show()

# %%
# The margins of all rows, and where the picks lie. Margin sampling takes the rows at
# the left end. Cluster-Margin spreads its picks over the dendrogram, so some of them
# lie further to the right.

margins = np.sort(network.predict_proba(X_pool), axis=1)
margins = margins[:, -1] - margins[:, -2]
by_margin = MarginSampling()(network, X_pool, n_instances=8)
figure, axis = plt.subplots(figsize=(8, 2.6))
axis.hist(margins, bins=60, color="lightgray")
axis.plot(margins[by_margin], np.full(8, 8), "v", label="MarginSampling")
axis.plot(margins[picks], np.full(8, 16), "o", label="ClusterMargin")
axis.set_xlabel("margin of a row of the pool")
axis.set_ylabel("rows")
axis.legend()
figure.tight_layout()
plt.show()
