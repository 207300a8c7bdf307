"""An ASVP experiment so small that it runs in a second, and rows as if of a run."""

from types import MappingProxyType

import numpy as np
from _asvp_papers import ASVPExperiment
from _asvp_runs import COLUMNS

from modal_clustermargin.estimators import (
    MLP,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
)


class Counted(NetworkClassifier):
    """Counts what is trained, by the number of rows and whether there is a probe."""

    fits = ()

    def fit(self, X, y=None, **arguments):
        if self.max_epochs:
            Counted.fits += ((len(X), self.linear_probe is not None),)
        return super().fit(X, y, **arguments)


def blobs():
    """Three classes, 300 rows to choose from and 100 to be tested on."""
    Counted.fits = ()
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=400)
    X = (rng.normal(size=(400, 5)) + 2 * np.eye(3, 5)[y]).astype(np.float32)
    network = Counted(MLP, max_epochs=2, random_state=0, classes=[0, 1, 2])
    lp_ft = Counted(**network.get_params(deep=False))
    lp_ft.set_params(linear_probe=LinearProbe(max_epochs=2))
    return ASVPExperiment(
        name="blobs",
        X=X[:300],
        y=y[:300],
        X_test=X[300:],
        y_test=y[300:],
        lp_ft=lp_ft,
        fine_tuning=network,
        proxy=ProxyClassifier(max_epochs=5, random_state=0),
        budgets=(20, 10, 10),
        evaluate_at=(20, 30, 40),
        n_seeds=1,
        sources=MappingProxyType({}),
    )


def row(method, n_labels, lp_ft, ft, **values):
    """A row of a table; LP-FT takes an hour and fine-tuning half of one."""
    zeros = {name: 0.0 for name in COLUMNS if name.endswith("_seconds")}
    texts = {"experiment": "made up", "method": method, "seed": 0}
    flags = {"is_aligned": "False", "is_switched": "False", "log_me": ""}
    accuracy = {"lp_ft_accuracy": lp_ft, "ft_accuracy": ft}
    seconds = {"lp_ft_seconds": 3600, "ft_seconds": 1800}
    known = {**zeros, **texts, **flags, **accuracy, **seconds, "n_labels": n_labels}
    return {name: str(value) for name, value in (known | values).items()}
