"""
A network in modAL's DeepActiveLearner
======================================

``DeepActiveLearner`` needs modAL 0.4.2
(``pip install --no-deps modAL-python==0.4.2.1``).
The learner stores no training data: ``teach`` trains on the rows that it is given. The
loop therefore teaches all labels so far in every round, and ``warm_start=False`` starts
from fresh weights.
"""

import numpy as np
from sklearn.datasets import load_digits

from modal_clustermargin import ClusterMargin
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet
from modal_clustermargin.learners import DeepActiveLearner

images, labels = load_digits().images / 16, load_digits().target
X_train, y_train = images[:40], labels[:40]
X_pool, y_pool = images[40:1300], labels[40:1300]
X_test, y_test = images[1300:], labels[1300:]

# %%
# The learner creates the network before it has seen any label, so the classes must be
# given.

learner = DeepActiveLearner(
    NetworkClassifier(SmallConvNet, classes=range(10), max_epochs=20, random_state=0),
    query_strategy=ClusterMargin(random_state=0),
)
learner.teach(X_train, y_train)

# %%
# Teach before the first query: modAL treats an initialized network as fitted, and the
# pool would be clustered by the embeddings of random weights.

for _ in range(3):
    indices, instances = learner.query(X_pool, n_instances=40)
    X_train = np.concatenate([X_train, instances])
    y_train = np.concatenate([y_train, y_pool[indices]])
    learner.teach(X_train, y_train, warm_start=False)
    X_pool = np.delete(X_pool, indices, axis=0)
    y_pool = np.delete(y_pool, indices)
    print(f"{len(X_train):4} labels: accuracy {learner.score(X_test, y_test):.3f}")
