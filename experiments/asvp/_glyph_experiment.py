"""The study of ASVP that runs without a download: glyphs unlike those seen before."""

from types import MappingProxyType

import numpy as np
from _asvp_papers import ASVPExperiment
from _glyphs import ALPHABETS, make_glyphs
from torch import optim

from modal_clustermargin.estimators import (
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    SmallResNet,
)

_ALPHABET = ("greek", "symbols")
_OURS = ("images", "fine_tuning", "lp_ft", "proxy", "budgets", "n_seeds")

# The test images of a seed have to be others than its pool.
_TEST_SEED = 10_000


def glyph_experiment(
    version,
    weights,
    *,
    n_pool=8000,
    n_test=2000,
    budgets=(400, 400, 800, 800, 800),
    max_epochs=20,
    random_state=0,
):
    """Greek letters and symbols, by a network pre-trained on Latin letters.

    Parameters
    ----------
    version : {"easy", "shifted", "long_tail"}
        Of `make_glyphs`. The test images have classes of the same size in each.

    weights : path-like
        What `pretrained_glyph_network` wrote.

    n_pool, n_test : int, default=8000, 2000
        Images to choose from, and to be tested on.

    budgets : tuple of int, default=(400, 400, 800, 800, 800)
        Labels of each round, the first drawn at random.

    max_epochs : int, default=20
        Passes over the labels, with a linear probe before or without.

    random_state : int, default=0
        Draws images, and what networks draw.

    Returns
    -------
    experiment : ASVPExperiment
        With images in the place of row numbers. Learning rates were chosen on seeds
        that no result is reported of.
    """
    kind = {"alphabet": _ALPHABET, "version": version}
    X, y = make_glyphs(n_pool, random_state=random_state, **kind)
    X_test, y_test = make_glyphs(
        n_test, class_power=0, random_state=_TEST_SEED + random_state, **kind
    )
    common = {
        "classes": sorted("".join(ALPHABETS[name] for name in _ALPHABET)),
        "device": "cpu",
        "random_state": random_state,
    }
    network = NetworkClassifier(
        SmallResNet,
        module__weights=weights,
        optimizer=optim.SGD,
        optimizer__momentum=0.9,
        optimizer__nesterov=True,
        schedule="step",
        batch_size=64,
        max_epochs=max_epochs,
        lr=0.03,
        head_lr=0.1,
        **common,
    )
    lp_ft = NetworkClassifier(**network.get_params(deep=False))
    lp_ft.set_params(lr=0.003, head_lr=0.01, linear_probe=LinearProbe(lr=0.1))
    return ASVPExperiment(
        name=f"glyphs, {version.replace('_', ' ')}",
        X=X,
        y=y,
        X_test=X_test,
        y_test=y_test,
        lp_ft=lp_ft,
        fine_tuning=network,
        proxy=ProxyClassifier(lr=0.6, **common),
        budgets=tuple(budgets),
        evaluate_at=tuple(np.cumsum(budgets).tolist()),
        n_seeds=5,
        sources=MappingProxyType(dict.fromkeys(_OURS, "project")),
    )
