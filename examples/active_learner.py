"""
A network in modAL's ActiveLearner
==================================

The network learns from 40 labelled images, and asks for 40 more in each round.
"""

import numpy as np
from sklearn.datasets import load_digits

from modal_clustermargin import ClusterMargin
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet
from modal_clustermargin.learners import ActiveLearner

images, labels = load_digits().images / 16, load_digits().target
X_pool, y_pool = images[40:1300], labels[40:1300]
X_test, y_test = images[1300:], labels[1300:]

learner = ActiveLearner(
    NetworkClassifier(SmallConvNet, max_epochs=20, random_state=0),
    query_strategy=ClusterMargin(random_state=0),
    X_training=images[:40],
    y_training=labels[:40],
)
for _ in range(4):
    indices, instances = learner.query(X_pool, n_instances=40)
    learner.teach(instances, y_pool[indices])  # begins from fresh weights
    X_pool = np.delete(X_pool, indices, axis=0)
    y_pool = np.delete(y_pool, indices)
    print(f"{len(learner.X_training):4} labels: {learner.score(X_test, y_test):.3f}")
