"""Text for settings: equal for equal settings, different otherwise."""

import copy
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import GradientNormClipping
from torch import nn
from torch.utils.data import TensorDataset

from modal_clustermargin._identity import settings_text
from modal_clustermargin.estimators import (
    MLP,
    DatasetRows,
    LinearProbe,
    NetworkClassifier,
    Steps,
)

NET = NetworkClassifier(MLP, random_state=0, callbacks=[GradientNormClipping(0.1)])


def scaled(row, factor=1):
    return factor * row


def frozen(module):
    module = copy.deepcopy(module)
    module.hidden.requires_grad_(False)
    return module


torch.manual_seed(0)
MODULE = MLP(2, 2)
DIFFERENT = {
    "numbers": (1, 2),
    "arrays": (np.arange(3), np.arange(3)[::-1]),
    "tensors": (torch.zeros(2), torch.ones(2)),
    "tuples": ((1, 2), (2, 1)),
    "dicts": ({"a": 1}, {"a": 2}),
    "classes": (MLP, nn.Linear),
    "functions": (scaled, frozen),
    "arguments of a partial": (partial(scaled, factor=1), partial(scaled, factor=2)),
    "parameters": (NET, clone(NET).set_params(lr=1.0)),
    "callbacks": (
        NET,
        clone(NET).set_params(callbacks=[GradientNormClipping(0.2)]),
    ),
    "estimators inside": (
        clone(NET).set_params(linear_probe=LinearProbe()),
        clone(NET).set_params(linear_probe=LinearProbe(lr=1)),
    ),
    "weights": (MLP(2, 2), MLP(2, 2)),
    "layers": (nn.LeakyReLU(0.1), nn.LeakyReLU(0.2)),
    "frozen layers": (MODULE, frozen(MODULE)),
    "attributes": (
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(label_smoothing=0.5),
    ),
    "schedules": (Steps((0.5,)), Steps((0.5,), 0.2)),
    "bound methods": (Steps((0.5,)).__call__, Steps((0.6,)).__call__),
    "data sets": (
        DatasetRows(TensorDataset(torch.zeros(5, 2))),
        DatasetRows(TensorDataset(torch.ones(5, 2))),
    ),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_tells_settings_apart(one, other):
    assert settings_text(one) != settings_text(other)
    assert settings_text(one) == settings_text(copy.deepcopy(one))
    assert " at 0x" not in settings_text(one)


def test_parameters_without_effect_do_not_count():
    other = clone(NET).set_params(verbose=1, device="cpu", predict_batch_size=5)
    assert settings_text(other) == settings_text(NET)


def test_is_readable_where_the_setting_is_short():
    text = settings_text(partial(scaled, factor=2))
    assert text == "partial(tests.test_identity.scaled, (), (('factor', 2)))"
    assert " at 0x" not in settings_text((np.add.reduce, object()))


def test_is_the_same_in_another_process():
    code = (
        "from tests.test_identity import NET, DIFFERENT, settings_text\n"
        "print(settings_text([NET, *DIFFERENT.values()]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == settings_text([NET, *DIFFERENT.values()])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda row: row, r"<lambda> cannot be recognised .* functools\.partial"),
        (np.random.RandomState(0), "random_state as an int or None; got a RandomState"),
        ({"a": [np.random.default_rng(0)]}, "got a Generator"),
    ],
)
def test_messages(value, message):
    with pytest.raises(ValueError, match=message):
        settings_text(value)
