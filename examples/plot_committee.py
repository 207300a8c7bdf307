"""
A committee of networks
=======================

Three networks with different initial weights vote. A query uses the mean of their
probabilities.
"""

import numpy as np
from sklearn.datasets import load_digits

from modal_clustermargin import ClusterMargin
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet
from modal_clustermargin.learners import ActiveLearner, Committee

images, labels = load_digits().images / 16, load_digits().target
X_pool, y_pool = images[40:1300], labels[40:1300]
X_test, y_test = images[1300:], labels[1300:]

members = [
    ActiveLearner(
        NetworkClassifier(SmallConvNet, max_epochs=20, random_state=seed),
        X_training=images[:40],
        y_training=labels[:40],
    )
    for seed in range(3)
]

# %%
# By default, ``ClusterMargin`` clusters the embeddings of all members side by side. One
# member is enough here, and the embeddings are a third as wide. A function passed as
# ``embedding`` says which embeddings to use.


def embed_by_first_member(committee, X):
    """Embeddings of the first network."""
    return committee.learner_list[0].estimator.embed(X)


strategy = ClusterMargin(embedding=embed_by_first_member, random_state=0)
committee = Committee(members, query_strategy=strategy)

# %%
# The loop is the same as for a single learner.

for _ in range(2):
    indices, instances = committee.query(X_pool, n_instances=40)
    committee.teach(instances, y_pool[indices])
    X_pool = np.delete(X_pool, indices, axis=0)
    y_pool = np.delete(y_pool, indices)
    n_labels = len(members[0].X_training)
    print(f"{n_labels:4} labels: accuracy {committee.score(X_test, y_test):.3f}")
