"""
Tree coverage on five rows
==========================

``ClusterMargin`` chooses the batch that covers most of the uncertainty in the
dendrogram of the pool. This example draws a small dendrogram with the worth of every
node, and the paths of the picks.
"""

import matplotlib.pyplot as plt
import numpy as np

from modal_clustermargin.selection import tree_coverage

# %%
# Rows 0 and 1 are near-copies, rows 2 and 3 are similar, and row 4 is unlike the rest.
# Numbers from 5 on are the nodes that merges make. The mean distance of two rows is 1.

children = np.array([[0, 1], [2, 3], [5, 6], [4, 7]])
heights = np.array([0.04, 0.25, 0.64, 1.0])
uncertainty = np.array([0.9, 0.8, 0.6, 0.5, 0.3])  # 1 - margin
picks, gains, covering = tree_coverage(
    children,
    heights,
    mean_distance=1.0,
    n_leaves=5,
    leaf=np.arange(5),
    uncertainty=uncertainty,
    n_picks=5,
)
for pick, gain in zip(picks, gains, strict=True):
    print(f"row {pick} gains {gain:.3f}")

# %%
# Each edge of the picture has its worth beside it: its length, times the uncertainty
# below it. A pick earns the edges above it that no earlier pick has earned; they are
# drawn in its colour.

scale = np.r_[np.zeros(5), np.sqrt(heights)]
mass, most = np.r_[uncertainty, np.zeros(4)], np.r_[uncertainty, np.zeros(4)]
place = np.r_[0.0, 1, 2, 3, 4, np.zeros(4)]
rows = [[row] for row in range(5)]
for node, (a, b) in enumerate(children, start=5):
    mass[node] = mass[a] + mass[b] - (1 - scale[node] ** 2) * min(most[a], most[b])
    most[node] = max(most[a], most[b])
    place[node] = (place[a] + place[b]) / 2
    rows.append(rows[a] + rows[b])

colors = dict(zip(picks, ["C0", "C1", "C2", "0.6", "0.6"], strict=True))
figure, axis = plt.subplots(figsize=(7, 4.2))
for node, pair in enumerate(children, start=5):
    for child in pair:
        first = next(pick for pick in picks if pick in rows[child])
        top = place[[child, node]], scale[[node, node]]
        axis.plot(*top, color="0.8", lw=1)
        edge = place[[child, child]], scale[[child, node]]
        axis.plot(*edge, color=colors[first], lw=1 + 4 * mass[child])
        worth = (scale[node] - scale[child]) * mass[child]
        middle = place[child] + 0.08, (scale[node] + scale[child]) / 2
        axis.text(*middle, f"{worth:.2f}", fontsize=9)
axis.set_xticks(range(5), [f"row {i}\nu = {u}" for i, u in enumerate(uncertainty)])
axis.set_ylabel("square root of the height")
axis.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
plt.show()
