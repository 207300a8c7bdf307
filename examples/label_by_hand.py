"""
Digits labelled by hand
=======================

Run it, label the batch that it names, run it again, as often as you like. Everything
it has to remember is in the folder. With ``--simulate 5`` it answers five batches
itself, from the labels that scikit-learn has.
"""

import argparse
import csv
from pathlib import Path

from sklearn.datasets import load_digits

from modal_clustermargin import ClusterMargin
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet
from modal_clustermargin.labelling import HandLabelling

images, digits = load_digits().images / 16, load_digits().target
X, X_test, y_test = images[:1300], images[1300:], digits[1300:]
ids = [f"digit-{i:04}" for i in range(len(X))]


def go_on(folder):
    """Read what was answered, train, and ask for more; or name what is open."""
    labelling = HandLabelling(folder, ids, classes=range(10))
    n_new = labelling.read()
    if labelling.open.size:
        print(f"{n_new} new labels, but some are missing: {labelling}")
        return
    network = NetworkClassifier(SmallConvNet, max_epochs=20, random_state=0)
    if labelling.labelled.size:
        network.fit(X[labelling.labelled], labelling.labels)
        score = network.score(X_test, y_test)
        print(f"{len(labelling.labelled):4} labels: {score:.3f}")
    # Clusters of all rows, the same in every run.
    strategy = ClusterMargin(random_state=0).fit(X, embeddings=X.reshape(len(X), -1))
    pool = labelling.pool
    picks = pool[strategy(network, X[pool], n_instances=40)]
    record = strategy.last_query_
    file = labelling.export(
        picks, images=X[picks], margin=record.margin, cluster=record.cluster
    )
    print(f"Label {file.with_suffix('.html')} in a browser, or {file} in a spreadsheet")


def answer(folder):
    """Do what a person does: fill in the column "label" of the last batch."""
    file = max(Path(folder).glob("batch-*.csv"))
    with file.open(encoding="utf-8-sig", newline="") as opened:
        columns, *rows = csv.reader(opened)
    for row in rows:
        row[columns.index("label")] = digits[int(row[0].removeprefix("digit-"))]
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([columns, *rows])


def draw(folder, picture):
    """Draw what the page of the last batch shows, cluster by cluster."""
    from matplotlib import pyplot as plt

    file = max(Path(folder).glob("batch-*.csv"))
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = sorted(csv.DictReader(opened), key=lambda row: int(row["cluster"]))
    figure, axes = plt.subplots(-(-len(rows) // 10), 10, figsize=(10, 5.6))
    for axis in axes.flat:
        axis.axis("off")
    for axis, row in zip(axes.flat, rows, strict=False):
        axis.imshow(plt.imread(Path(folder) / row["image"]), cmap="gray")
        axis.set_title(
            f"{row['id']}\ncluster {row['cluster']}\nmargin {row['margin']}", fontsize=7
        )
    figure.tight_layout()
    figure.savefig(picture, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("folder", nargs="?", default="labels", type=Path)
    parser.add_argument("--simulate", type=int, metavar="N", default=0)
    parser.add_argument("--picture", type=Path, help="draw the batch that is asked for")
    arguments = parser.parse_args()
    go_on(arguments.folder)
    for _ in range(arguments.simulate):
        answer(arguments.folder)
        go_on(arguments.folder)
    if arguments.picture:
        draw(arguments.folder, arguments.picture)
