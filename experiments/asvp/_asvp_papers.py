"""The experiments of the ASVP paper, for when data and checkpoint are on disk.

How networks are trained and what they see of an image comes by name from
`paper_settings` and `paper_transforms`; what is here says which go together.
"""

from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from modal_clustermargin.datasets._image_data import read_images
from modal_clustermargin.estimators import (
    DatasetRows,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    ResNet18,
    ResNet50,
    WideResNet28x8,
    paper_settings,
    paper_transforms,
)


@dataclass(frozen=True, eq=False)
class ASVPExperiment:
    """What a run of aligned selection via proxy is fed with.

    Made by `asvp_experiment`.

    Attributes
    ----------
    name : str

    X, X_test : ndarray of shape (n_samples, 1), dtype=int64
        Row numbers of images: the pool, which is all there is to train on, and
        those to test on. The networks look them up.

    y, y_test : ndarray of shape (n_samples,), dtype=int64

    lp_ft, fine_tuning : NetworkClassifier
        The large network, untrained: with a linear probe before, and without.
        ``clone(fine_tuning).set_params(max_epochs=0)`` embeds as the checkpoint does.

    proxy : ProxyClassifier
        Selects, on the embeddings.

    budgets : tuple of int
        Labels to ask for in each round. The first batch is drawn at random.

    evaluate_at : tuple of int
        Numbers of labels in all with which the large network is trained and tested.

    n_seeds : int
        Runs that results are the mean of.

    sources : mapping of str to str
        Where each part comes from: "script", "code" or "project", as the table of
        `asvp_experiment` has it.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    lp_ft: NetworkClassifier
    fine_tuning: NetworkClassifier
    proxy: ProxyClassifier
    budgets: tuple
    evaluate_at: tuple
    n_seeds: int
    sources: MappingProxyType


class _Setup(NamedTuple):
    """An experiment without its data; parts are names of settings."""

    data: str
    network: type
    transforms: str
    fine_tuning: str
    lp_ft: str | None  # None is fine-tuning after a LinearProbe() of this project
    proxy: str
    budgets: tuple
    first_evaluated: int  # labels
    n_seeds: int
    sources: str  # of images, fine-tuning, LP-FT, proxy, budgets and number of seeds

    def evaluate_at(self):
        """Numbers of labels in all at which the large network is tested."""
        return tuple(n for n in accumulate(self.budgets) if n >= self.first_evaluated)


_PARTS = ("images", "fine_tuning", "lp_ft", "proxy", "budgets", "n_seeds")
_SOURCES = {"s": "script", "c": "code", "p": "project"}

_IMAGENET = _Setup(
    data="imagenet",
    network=ResNet50,
    transforms="asvp-imagenet",
    fine_tuning="asvp-imagenet",
    lp_ft=None,
    proxy="asvp-imagenet-proxy",
    budgets=(10_000,) * 10 + (50_000,) * 6,
    first_evaluated=20_000,
    n_seeds=3,
    sources="sspsss",
)
_CIFAR10 = _Setup(
    data="cifar10",
    network=ResNet18,
    transforms="asvp-cifar10",
    fine_tuning="asvp-cifar10",
    lp_ft="asvp-cifar10-long-lp-ft",
    proxy="asvp-cifar10-proxy",
    budgets=(200,) * 10,
    first_evaluated=200,
    n_seeds=5,
    sources="cccccc",
)
_CIFAR10_224 = _CIFAR10._replace(
    network=ResNet50,
    transforms="asvp-cifar10-224",
    fine_tuning="asvp-cifar10-224",
    lp_ft=None,
    n_seeds=3,
    sources="csppss",
)
_SETUPS = {
    "imagenet": _IMAGENET,
    "imagenet100": _IMAGENET._replace(
        data="imagenet100",
        transforms="asvp-imagenet100",
        budgets=(1000,) * 10 + (5000,) * 6,
        first_evaluated=2000,
        sources="cppppp",
    ),
    "cifar10": _CIFAR10,
    "cifar10-lp-ft": _CIFAR10._replace(
        lp_ft="asvp-cifar10-lp-ft", first_evaluated=600, sources="cpcccc"
    ),
    "cifar10-224": _CIFAR10_224,
    "cifar100": _Setup(
        data="cifar100",
        network=WideResNet28x8,
        transforms="asvp-cifar100",
        fine_tuning="asvp-cifar100",
        lp_ft=None,
        proxy="asvp-cifar10-proxy",
        budgets=(500,) * 8,
        first_evaluated=500,
        n_seeds=5,
        sources="ccppcc",
    ),
    "pets": _CIFAR10_224._replace(
        data="pets", transforms="asvp-pets", sources="cppppp"
    ),
}


def asvp_experiment(
    name,
    data,
    checkpoint=None,
    *,
    classes_file=None,
    linear_probe=None,
    image_size=None,
    max_epochs=None,
    device=None,
    random_state=None,
):
    """An experiment of the ASVP paper [1]_, from data and weights on disk.

    The paper does not print its settings. Those that a script of its public code
    has are marked s, those that its programs have by default, or for these data, c.
    What neither has is this project's choice, marked p, and not the paper's.

    ===============  ========================  =====  =====  =====  =====  =======  ====
    name             network, pre-trained by   image  FT     LP-FT  proxy  budgets  runs
    ===============  ========================  =====  =====  =====  =====  =======  ====
    "imagenet"       ResNet-50, BYOL-EMAN      s      s      p      s      s        3 s
    "imagenet100"    ResNet-50, BYOL-EMAN      c      p      p      p      p        3 p
    "cifar10"        ResNet-18, SimSiam        c      c      c      c      c        5 c
    "cifar10-lp-ft"  ResNet-18, SimSiam        c      p      c      c      c        5 c
    "cifar10-224"    ResNet-50, BYOL-EMAN      c      s      p      p      s        3 s
    "cifar100"       Wide ResNet 28-8,         c      c      p      p      c        5 c
                     SimSiam
    "pets"           ResNet-50, BYOL-EMAN      c      p      p      p      p        3 p
    ===============  ========================  =====  =====  =====  =====  =======  ====

    This project chose: ImageNet's settings for "imagenet100", with a tenth of the
    labels; the fine-tuning of "cifar10" for "cifar10-lp-ft", which differ in how
    LP-FT is done; those of "cifar10-224" for "pets"; the proxy of "cifar10" for all
    but ImageNet; and before fine-tuning, where there is no LP-FT to go by,
    ``LinearProbe()``. At which number of labels ASVP changes from LP-FT to FT is
    not known for any.

    Different from the public code for all: a linear probe is trained on embeddings
    that are computed once, where that code turns and cuts the images anew in every
    epoch; and batches differ by one row at most.

    Parameters
    ----------
    name : str
        One of the table.

    data : path-like
        Folder that has what torchvision reads, and is never downloaded to: for
        ImageNet, folders train and val with a folder for each class; else
        cifar-10-batches-py, cifar-100-python or oxford-iiit-pet.

    checkpoint : path-like, default=None
        What the network begins from, such as res50_byol_eman_200ep.pth.tar of EMAN;
        read by `load_checkpoint`. Of the two networks in it, the averaged one is
        taken, as the public code does. None begins at random, for a try.

    classes_file : path-like, default=None
        For "imagenet100": a class in each line, which begins with the name of its
        folder.

    linear_probe : LinearProbe, default=None
        In the place of that of `lp_ft`.

    image_size : int, default=None
        Another side than the paper's, for a try.

    max_epochs : int, default=None
        At most so many in every training, but for a `linear_probe` that is given;
        for a try.

    device : str, torch.device or None, default=None
        Of all networks.

    random_state : int, RandomState instance or None, default=None
        Of all networks.

    Returns
    -------
    experiment : ASVPExperiment

    Raises
    ------
    FileNotFoundError
        If the data are not there, or not whole. Says what is to be put where.

    ValueError
        If there is no experiment of that name; if train and val of ImageNet have
        other classes; if `classes_file` is missing, or given for other data.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.
    """
    if name not in _SETUPS:
        raise ValueError(
            f"asvp_experiment has no {name!r}; it has {', '.join(map(repr, _SETUPS))}."
        )
    if classes_file is not None and name != "imagenet100":
        raise ValueError(
            "asvp_experiment takes classes_file for 'imagenet100' alone; got"
            f" {str(classes_file)!r} for {name!r}."
        )
    setup = _SETUPS[name]
    found = read_images(setup.data, data, classes_file)
    networks = {"classes": range(found.n_classes), "device": device}
    networks["random_state"] = random_state
    recipes = _recipes(setup, linear_probe, max_epochs)
    images = {
        use: DatasetRows(found.images, transform)
        for use, transform in paper_transforms(setup.transforms, image_size).items()
    }
    large = {**networks, **images, **_module(setup.network, checkpoint)}
    rows = np.arange(len(found.images)).reshape(-1, 1)
    n_train = len(found.y)
    return ASVPExperiment(
        name=name,
        X=rows[:n_train],
        y=found.y,
        X_test=rows[n_train:],
        y_test=found.y_test,
        lp_ft=NetworkClassifier(**(recipes["lp_ft"] | large)),
        fine_tuning=NetworkClassifier(**(recipes["fine_tuning"] | large)),
        proxy=ProxyClassifier(**(recipes["proxy"] | networks)),
        budgets=setup.budgets,
        evaluate_at=setup.evaluate_at(),
        n_seeds=setup.n_seeds,
        sources=MappingProxyType(
            {
                part: _SOURCES[letter]
                for part, letter in zip(_PARTS, setup.sources, strict=True)
            }
        ),
    )


def _recipes(setup, linear_probe, max_epochs):
    """Settings of the three trainings, changed as asked."""
    fine_tuning = paper_settings(setup.fine_tuning)
    if setup.lp_ft is None:
        lp_ft = fine_tuning | {"linear_probe": LinearProbe()}
    else:
        lp_ft = paper_settings(setup.lp_ft)
    if linear_probe is not None:
        lp_ft["linear_probe"] = linear_probe
    recipes = {
        "fine_tuning": fine_tuning,
        "lp_ft": lp_ft,
        "proxy": paper_settings(setup.proxy),
    }
    if max_epochs is not None:
        for recipe in recipes.values():
            recipe["max_epochs"] = min(max_epochs, recipe["max_epochs"])
        if linear_probe is None:
            probe = lp_ft["linear_probe"]
            probe.set_params(max_epochs=min(max_epochs, probe.max_epochs))
    return recipes


def _module(network, checkpoint):
    arguments = {"module": network, "module__weights": checkpoint}
    if network is ResNet18:
        arguments["module__small_images"] = True
    return arguments
