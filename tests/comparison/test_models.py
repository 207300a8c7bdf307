"""Images for networks by name."""

from types import SimpleNamespace

import numpy as np
import pytest

from modal_clustermargin.comparison._models import make_model


def model_of(shape, **model):
    data = SimpleNamespace(
        X=np.zeros(shape, np.uint8), y=np.arange(shape[0]), images=None, classes=None
    )
    return make_model({"model": model, "device": "cpu"}, data, 0)


@pytest.mark.parametrize("shape", [(16, 16, 3), (28, 28, 1), (9, 12, 4), (64, 64, 12)])
@pytest.mark.parametrize("name", ["cnn", "small-resnet", "resnet18"])
def test_channels_last_are_refused(name, shape):
    with pytest.raises(ValueError, match=r"channels first.*numpy.moveaxis\(X, -1, 1\)"):
        model_of((5, *shape), name=name)


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 28, 28), (3, 32, 3), (12, 64, 64)])
def test_channels_first_are_counted(shape):
    model = model_of((5, *shape), name="cnn")
    assert model.get_params()["module__in_channels"] == shape[0]


def test_given_channels_are_believed():
    model = model_of((5, 16, 16, 3), name="cnn", in_channels=16)
    assert model.get_params()["module__in_channels"] == 16
    model_of((5, 16, 16, 3), name="mlp")
