"""
Labels from a person
====================

``HandLabelling`` keeps an active-learning loop in a folder. A script exports a batch
and ends; a person labels the batch in a browser or a spreadsheet; the next run of the
script reads the labels, trains, and exports the next batch.

Here the person is simulated, so that the loop can be seen at work.
"""

import csv
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from modal_clustermargin import ClusterMargin
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet
from modal_clustermargin.labelling import HandLabelling

images, digits = load_digits().images / 16, load_digits().target
X, X_test, y_test = images[:1300], images[1300:], digits[1300:]
ids = [f"digit-{i:04}" for i in range(len(X))]
folder = Path(tempfile.mkdtemp())  # use a permanent folder for your own labels

# %%
# One run of the script. ``ids`` are names that stay the same from run to run, such as
# file names. All positions are positions in ``ids``. The strategy is fitted on the
# whole pool, so that every run has the same clusters.


def run_once():
    """Read new labels, train, and export the next batch."""
    labelling = HandLabelling(folder, ids, classes=range(10))
    labelling.read()
    if labelling.open.size:
        print(f"{labelling.open.size} samples still need a label.")
        return
    network = NetworkClassifier(SmallConvNet, max_epochs=20, random_state=0)
    if labelling.labelled.size:
        network.fit(X[labelling.labelled], labelling.labels)
        accuracy = network.score(X_test, y_test)
        print(f"{len(labelling.labelled):4} labels: accuracy {accuracy:.3f}")
    strategy = ClusterMargin(random_state=0).fit(X, embeddings=X.reshape(len(X), -1))
    pool = labelling.pool
    picks = pool[strategy(network, X[pool], n_instances=40)]
    record = strategy.last_query_
    file = labelling.export(
        picks, images=X[picks], margin=record.margin, cluster=record.cluster
    )
    print(f"Open {file.with_suffix('.html').name} in a browser,")
    print(f"or {file.name} in a spreadsheet.")


# %%
# The stand-in for the person fills in the column "label" of the newest file.


def label_newest_batch():
    """Write the true digits into the newest CSV file."""
    file = max(folder.glob("batch-*.csv"))
    with file.open(encoding="utf-8-sig", newline="") as opened:
        columns, *rows = csv.reader(opened)
    for row in rows:
        row[columns.index("label")] = digits[int(row[0].removeprefix("digit-"))]
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([columns, *rows])


# %%
# The first batch is chosen without any label. A run before the batch is labelled says
# how many labels are missing.

run_once()
run_once()
for _ in range(2):
    label_newest_batch()
    run_once()

# %%
# The exported batch as its page shows it: samples of a cluster stand side by side,
# with their ids and margins.

file = max(folder.glob("batch-*.csv"))
with file.open(encoding="utf-8-sig", newline="") as opened:
    rows = sorted(csv.DictReader(opened), key=lambda row: int(row["cluster"]))
figure, axes = plt.subplots(4, 10, figsize=(10, 5.6))
for axis, row in zip(axes.flat, rows, strict=True):
    axis.imshow(plt.imread(folder / row["image"]), cmap="gray")
    axis.set_title(
        f"{row['id']}\ncluster {row['cluster']}\nmargin {row['margin']}", fontsize=7
    )
    axis.axis("off")
figure.tight_layout()
plt.show()
