"""How the networks of published experiments were trained."""

import torch
from torch import optim

from modal_clustermargin.estimators._linear_probe import LinearProbe
from modal_clustermargin.estimators._schedules import Steps

_SGD = {
    "optimizer": optim.SGD,
    "optimizer__momentum": 0.9,
    "optimizer__nesterov": True,
}


def _imagenet():
    from torchvision.transforms import v2

    def images(*cut):
        return v2.Compose(
            [
                v2.ToImage(),
                *cut,
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
            ]
        )

    return {
        "lr": 0.01,
        "head_lr": 0.1,
        "optimizer__weight_decay": 1e-4,
        "schedule": "step",
        "max_epochs": 50,
        "batch_size": 128,
        "train_transform": images(v2.RandomResizedCrop(224), v2.RandomHorizontalFlip()),
        "predict_transform": images(v2.Resize(256), v2.CenterCrop(224)),
    }


def _cifar10():
    return {
        "lr": 0.3,
        "optimizer__weight_decay": 3e-4,
        "schedule": Steps((60 / 120, 80 / 120)),
        "max_epochs": 120,
        "batch_size": 128,
    }


def _cifar10_lp_ft():
    return {
        "linear_probe": LinearProbe(lr=10, max_epochs=80, batch_size=256),
        "lr": 1e-4,
        "head_lr": 0.1,
        "optimizer__weight_decay": 0,
        "max_epochs": 40,
        "batch_size": 256,
    }


def _cifar10_at_224():
    return {
        "lr": 0.1,
        "optimizer__weight_decay": 0,
        "schedule": Steps((60 / 130, 80 / 130)),
        "max_epochs": 130,
        "batch_size": 256,
    }


def _cifar100():
    return {
        "lr": 1e-3,
        "optimizer__weight_decay": 3e-4,
        "schedule": "step",
        "max_epochs": 200,
        "batch_size": 100,
    }


_SETTINGS = {
    "asvp-imagenet": _imagenet,
    "asvp-cifar10": _cifar10,
    "asvp-cifar10-lp-ft": _cifar10_lp_ft,
    "asvp-cifar10-224": _cifar10_at_224,
    "asvp-cifar100": _cifar100,
}


def paper_settings(name):
    """Parameters of a `NetworkClassifier` as a published experiment has them.

    All are SGD with Nesterov momentum 0.9, out of the public code of ASVP [1]_,
    whose paper does not print them. They are for these networks, which begin
    from the weights of self-supervised training:

    ====================  ==================================================
    "asvp-imagenet"       ResNet-50 of BYOL-EMAN; with its transforms, for
                          images as torchvision reads them
    "asvp-cifar10"        ResNet-18 of SimSiam, 32 x 32
    "asvp-cifar10-lp-ft"  the same, with a linear probe before
    "asvp-cifar10-224"    ResNet-50 of BYOL-EMAN, images enlarged to 224 x 224
    "asvp-cifar100"       Wide ResNet 28-8 of SimSiam
    ====================  ==================================================

    Those of its proxy on ImageNet are the defaults of `ProxyClassifier`.

    Parameters
    ----------
    name : str

    Returns
    -------
    settings : dict
        A new one at every call.

    Raises
    ------
    ValueError
        If there are no settings of that name.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.

    Examples
    --------
    >>> from modal_clustermargin.estimators import (
    ...     NetworkClassifier, ResNet18, paper_settings
    ... )
    >>> net = NetworkClassifier(ResNet18, **paper_settings("asvp-cifar10"))
    >>> net.lr, net.batch_size
    (0.3, 128)
    """
    if name not in _SETTINGS:
        raise ValueError(
            f"paper_settings has no {name!r}; it has {', '.join(map(repr, _SETTINGS))}."
        )
    return {**_SGD, **_SETTINGS[name]()}
