"""Digits to learn from, and the mark of tests that need a GPU."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from modal_clustermargin.estimators import MLP, NetworkClassifier

# Networks this small only wait for a second thread, above all beside other processes.
torch.set_num_threads(1)


def pytest_configure(config):
    config.addinivalue_line("markers", "gpu: needs a CUDA device")


def pytest_collection_modifyitems(items):
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="torch sees no CUDA device"))


@pytest.fixture(scope="session")
def digits():
    """Images of shape (1797, 1, 8, 8) in [0, 1], labels, in a mixed order."""
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return X[order].reshape(-1, 1, 8, 8) / 16, y[order]


@pytest.fixture(scope="session")
def blobs():
    """Three far groups of rows: X of shape (90, 4), y in {0, 1, 2}."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    return rng.normal(size=(90, 4)) + 6 * np.eye(3, 4)[y], y


@pytest.fixture
def net():
    """A fast classifier for rows."""
    return NetworkClassifier(MLP, module__n_hidden=8, max_epochs=20, random_state=0)
