"""A tiny ASVP experiment, and rows of a finished run."""

import numpy as np
from rounds import COLUMNS, ASVPExperiment

from modal_clustermargin.estimators import (
    MLP,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
)


class CountedNetwork(NetworkClassifier):
    """Records the trainings: number of rows, and whether there is a linear probe."""

    fits = ()

    def fit(self, X, y=None, **arguments):
        if self.max_epochs:
            CountedNetwork.fits += ((len(X), self.linear_probe is not None),)
        return super().fit(X, y, **arguments)


def make_experiment():
    """Three blobs: 300 rows in the pool and 100 in the test."""
    CountedNetwork.fits = ()
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=400)
    X = (rng.normal(size=(400, 5)) + 2 * np.eye(3, 5)[y]).astype(np.float32)
    network = {"module": MLP, "max_epochs": 1, "random_state": 0, "classes": [0, 1, 2]}
    return ASVPExperiment(
        name="blobs",
        X=X[:300],
        y=y[:300],
        X_test=X[300:],
        y_test=y[300:],
        lp_ft=CountedNetwork(**network, linear_probe=LinearProbe(max_epochs=1)),
        fine_tuning=CountedNetwork(**network),
        proxy=ProxyClassifier(max_epochs=2, random_state=0),
        budgets=(20, 10, 10),
        evaluate_at=(20, 30, 40),
        n_seeds=1,
    )


def make_row(method, n_labels, lp_ft, ft, **values):
    """A row of a table. LP-FT takes an hour and fine-tuning half an hour."""
    row = {name: 0.0 for name in COLUMNS if name.endswith("_seconds")}
    row |= {"experiment": "example", "method": method, "seed": 0, "n_labels": n_labels}
    row |= {"is_aligned": "False", "is_switched": "False", "log_me": ""}
    row |= {"lp_ft_accuracy": lp_ft, "ft_accuracy": ft}
    row |= {"lp_ft_seconds": 3600, "ft_seconds": 1800}
    return {name: str(value) for name, value in (row | values).items()}
