"""How the networks of published experiments were trained."""

from _paper_transforms import paper_transforms
from torch import optim

from modal_clustermargin.estimators._linear_probe import LinearProbe
from modal_clustermargin.estimators._schedules import Steps

_SGD = {
    "optimizer": optim.SGD,
    "optimizer__momentum": 0.9,
    "optimizer__nesterov": True,
}


def _imagenet():
    return {
        "lr": 0.01,
        "head_lr": 0.1,
        "optimizer__weight_decay": 1e-4,
        "schedule": "step",
        "max_epochs": 50,
        "batch_size": 128,
        **paper_transforms("asvp-imagenet"),
    }


def _imagenet_proxy():
    return {
        "lr": 0.1,
        "optimizer__weight_decay": 0,
        "schedule": "cosine",
        "max_epochs": 50,
        "batch_size": 2048,
    }


def _cifar10():
    return {
        "lr": 0.3,
        "optimizer__weight_decay": 3e-4,
        "schedule": "step",
        "max_epochs": 100,
        "batch_size": 128,
    }


def _cifar10_long_lp_ft():
    probe = {"lr": 0.5, "max_epochs": 10, "optimizer__weight_decay": 3e-4}
    return {
        **_cifar10(),
        "linear_probe": LinearProbe(batch_size=128, **probe),
        "schedule": Steps((60 / 120, 80 / 120)),
        "max_epochs": 120,
    }


def _cifar10_proxy():
    return {**_cifar10(), "schedule": "cosine"}


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
    "asvp-imagenet-proxy": _imagenet_proxy,
    "asvp-cifar10": _cifar10,
    "asvp-cifar10-proxy": _cifar10_proxy,
    "asvp-cifar10-long-lp-ft": _cifar10_long_lp_ft,
    "asvp-cifar10-lp-ft": _cifar10_lp_ft,
    "asvp-cifar10-224": _cifar10_at_224,
    "asvp-cifar100": _cifar100,
}


def paper_settings(name):
    """Parameters of a `NetworkClassifier` as a published experiment has them.

    All are SGD with Nesterov momentum 0.9, out of the public code of ASVP [1]_,
    whose paper does not print them. They are for these networks, which begin
    from the weights of self-supervised training:

    =========================  ================================================
    "asvp-imagenet"            ResNet-50 of BYOL-EMAN; with its transforms, for
                               images as torchvision reads them
    "asvp-imagenet-proxy"      `ProxyClassifier` on its embeddings; the defaults
                               of that class
    "asvp-cifar10"             ResNet-18 of SimSiam, 32 x 32
    "asvp-cifar10-proxy"       `ProxyClassifier` on its embeddings
    "asvp-cifar10-long-lp-ft"  the same network, with a linear probe of 10 epochs
                               before 120 epochs of all
    "asvp-cifar10-lp-ft"       with one of 80 epochs before 40 at low rates
    "asvp-cifar10-224"         ResNet-50 of BYOL-EMAN, images enlarged to
                               224 x 224
    "asvp-cifar100"            Wide ResNet 28-8 of SimSiam
    =========================  ================================================

    The scripts on ImageNet name theirs; the others but for "asvp-cifar10-224" are
    what the programs do unless told otherwise. Transforms for the others come from
    `paper_transforms`.

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
