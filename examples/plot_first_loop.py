"""
A first active-learning loop
============================

A network learns to read handwritten digits. It starts with 40 labelled images and
asks for 40 more labels in each round. ``ClusterMargin`` chooses which images to label.
A second loop labels random images, for comparison.
"""

# %%
# The data are scikit-learn's digits. We pretend that the labels of the pool are
# unknown and look them up only when the strategy asks for them.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from modal_clustermargin import ClusterMargin, RandomSampling
from modal_clustermargin.estimators import NetworkClassifier, SmallConvNet
from modal_clustermargin.learners import ActiveLearner

images, labels = load_digits().images / 16, load_digits().target
X_test, y_test = images[1300:], labels[1300:]


# %%
# The loop is modAL's: ``query`` chooses rows of the pool, somebody labels them, and
# ``teach`` trains the network on all labels so far, from fresh weights. The labelled
# rows are then deleted from the pool. ``ClusterMargin`` recognises the remaining rows
# by their content and clusters the pool only once.


def run(strategy):
    """Accuracies on the test images after 40, 80, 120 and 160 labels."""
    X_pool, y_pool = images[40:1300], labels[40:1300]
    network = NetworkClassifier(SmallConvNet, max_epochs=20, random_state=0)
    learner = ActiveLearner(network, strategy, images[:40], labels[:40])
    accuracies = [learner.score(X_test, y_test)]
    for _ in range(3):
        indices, instances = learner.query(X_pool, n_instances=40)
        learner.teach(instances, y_pool[indices])
        X_pool = np.delete(X_pool, indices, axis=0)
        y_pool = np.delete(y_pool, indices)
        accuracies.append(learner.score(X_test, y_test))
    return accuracies


# %%
# Both loops start with the same labels and the same network.

n_labels = [40, 80, 120, 160]
for strategy in (ClusterMargin(random_state=0), RandomSampling(random_state=0)):
    accuracies = run(strategy)
    name = type(strategy).__name__
    print(f"{name:15}", " ".join(f"{accuracy:.3f}" for accuracy in accuracies))
    plt.plot(n_labels, accuracies, marker="o", label=name)
plt.xlabel("labels")
plt.ylabel("test accuracy")
plt.xticks(n_labels)
plt.legend()
plt.tight_layout()
plt.show()

# %%
# This is a single seed. To find out which strategy saves labels on your data, repeat
# the loop over several seeds; the command ``modal-clustermargin compare`` does that.
