"""A query leaves the threads of other libraries alone."""

import os
import subprocess
import sys

CODE = """
import numpy as np, torch
torch.set_num_threads(1)
torch.ones(2) + torch.get_num_threads()
from modal_clustermargin import ClusterMargin, MarginSampling
from sklearn.linear_model import LogisticRegression
X = np.random.RandomState(0).normal(size=(8000, 4))
for strategy in (MarginSampling(), ClusterMargin()):
    strategy(LogisticRegression().fit(X, X[:, 0] > 0), X, 5)
    print(torch.get_num_threads())
"""


def test_torch_keeps_the_threads_it_was_given():
    printed = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NUMBA_NUM_THREADS": "2"},
    )
    assert printed.stdout.split() == ["1", "1"]
