"""
Networks in modAL's Committee
=============================

Three networks that differ in their weights at the start vote. Probabilities are
their mean; embeddings are those of the first, which ClusterMargin is told.
"""

import numpy as np
from sklearn.datasets import load_digits

from modal_clustermargin import ClusterMargin
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet
from modal_clustermargin.learners import ActiveLearner, Committee

images, labels = load_digits().images / 16, load_digits().target
X_pool, y_pool = images[40:1300], labels[40:1300]
X_test, y_test = images[1300:], labels[1300:]


def of_the_first(committee, X):
    """Embeddings of one member: those of different networks do not compare."""
    return committee.learner_list[0].estimator.embed(X)


members = [
    ActiveLearner(
        NetworkClassifier(SmallConvNet, max_epochs=20, random_state=seed),
        X_training=images[:40],
        y_training=labels[:40],
    )
    for seed in range(3)
]
strategy = ClusterMargin(embedding=of_the_first, random_state=0)
committee = Committee(members, query_strategy=strategy)
for _ in range(3):
    indices, instances = committee.query(X_pool, n_instances=40)
    committee.teach(instances, y_pool[indices])
    X_pool = np.delete(X_pool, indices, axis=0)
    y_pool = np.delete(y_pool, indices)
    n_labels = len(members[0].X_training)
    print(f"{n_labels:4} labels: {committee.score(X_test, y_test):.3f}")
