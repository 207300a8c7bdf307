"""Callbacks of skorch work as skorch documents them."""

import numpy as np
import pytest
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, EpochScoring
from skorch.dataset import ValidSplit
from torch import nn

from modal_clustermargin.estimators import NetworkClassifier


class Fails(nn.Module):
    """Raises an error in training."""

    def __init__(self, error):
        super().__init__()
        self.layer, self.error = nn.Linear(4, 3), error

    def forward(self, X):
        if self.training:
            raise self.error
        return self.layer(X)


@pytest.fixture(params=["early stopping", "checkpoint"])
def loads_best(request, tmp_path):
    if request.param == "early stopping":
        return EarlyStopping("train_loss", load_best=True)
    return Checkpoint("train_loss_best", dirname=str(tmp_path), load_best=True)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
def test_the_error_of_the_first_epoch_is_raised(kind, loads_best, blobs):
    net = NetworkClassifier(Fails, module__error=kind("mine"), callbacks=[loads_best])
    with pytest.raises(kind, match="mine"):
        net.fit(*blobs)


def test_no_epoch_has_no_best(loads_best, net, blobs):
    net.set_params(callbacks=[loads_best])
    assert net.untrained(blobs[0]).predict_proba(blobs[0]).shape == (90, 1)


def test_callbacks_end_after_an_error(blobs):
    class Ends(Callback):
        n_ends = 0

        def on_train_end(self, net, **kwargs):
            self.n_ends += 1

    ends = Ends()
    net = NetworkClassifier(
        Fails, module__error=KeyboardInterrupt(), callbacks=[("ends", ends)]
    )
    with pytest.raises(KeyboardInterrupt):
        net.fit(*blobs)
    assert dict(net.callbacks_)["ends"].n_ends == 1


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_monitors_do_not_depend_on_verbose(verbose, net, blobs, tmp_path, capsys):
    net.set_params(
        verbose=verbose,
        max_epochs=2,
        train_split=ValidSplit(3, stratified=True),
        callbacks=[
            EarlyStopping("valid_acc", lower_is_better=False),
            Checkpoint("valid_acc_best", dirname=str(tmp_path)),
        ],
    )
    net.fit(*blobs)
    assert {"valid_acc", "train_loss", "valid_loss", "dur"} <= set(net.history[-1])


@pytest.mark.parametrize("on_train", [False, True])
def test_scores_without_a_cache_are_those_with_a_cache(on_train, net, blobs):
    X, y = blobs
    names = np.array(["b", "c", "d"])[y]
    net.set_params(
        train_split=ValidSplit(3, stratified=True),
        callbacks=[
            (name, EpochScoring("accuracy", False, on_train, name, use_caching=cached))
            for name, cached in (("cached", True), ("asked", False))
        ],
    )
    net.fit(X, names)
    assert 0.5 < net.history[-1, "asked"] <= 1
    if not on_train:  # the weights change between the batches of a training epoch
        assert net.history[:, "asked"] == net.history[:, "cached"]
