"""The experiments of the ASVP paper, for data and a checkpoint on disk."""

from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from rounds import ASVPExperiment
from torch import optim
from torchvision.datasets import OxfordIIITPet
from torchvision.transforms import v2

from modal_clustermargin.datasets import DataSet, load_data
from modal_clustermargin.estimators import (
    DatasetRows,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    ResNet18,
    ResNet50,
    Steps,
    WideResNet28x8,
)

# Settings of trainings, taken from the public code of ASVP unless the table in
# `asvp_experiment` says otherwise. All use SGD with Nesterov momentum.
_SGD = {
    "optimizer": optim.SGD,
    "optimizer__momentum": 0.9,
    "optimizer__nesterov": True,
}
_IMAGENET_FT = {
    "lr": 0.01,
    "head_lr": 0.1,
    "optimizer__weight_decay": 1e-4,
    "schedule": "step",
    "max_epochs": 50,
    "batch_size": 128,
}
_IMAGENET_PROXY = {
    "lr": 0.1,
    "optimizer__weight_decay": 0,
    "schedule": "cosine",
    "max_epochs": 50,
    "batch_size": 2048,
}
_CIFAR10_FT = {
    "lr": 0.3,
    "optimizer__weight_decay": 3e-4,
    "schedule": "step",
    "max_epochs": 100,
    "batch_size": 128,
}
_CIFAR10_PROXY = {**_CIFAR10_FT, "schedule": "cosine"}
_CIFAR10_LONG_LP_FT = {
    **_CIFAR10_FT,
    "linear_probe": LinearProbe(
        lr=0.5, max_epochs=10, batch_size=128, optimizer__weight_decay=3e-4
    ),
    "schedule": Steps((60 / 120, 80 / 120)),
    "max_epochs": 120,
}
_CIFAR10_LP_FT = {
    "linear_probe": LinearProbe(lr=10, max_epochs=80, batch_size=256),
    "lr": 1e-4,
    "head_lr": 0.1,
    "optimizer__weight_decay": 0,
    "max_epochs": 40,
    "batch_size": 256,
}
_CIFAR10_224_FT = {
    "lr": 0.1,
    "optimizer__weight_decay": 0,
    "schedule": Steps((60 / 130, 80 / 130)),
    "max_epochs": 130,
    "batch_size": 256,
}
_CIFAR100_FT = {
    "lr": 1e-3,
    "optimizer__weight_decay": 3e-4,
    "schedule": "step",
    "max_epochs": 200,
    "batch_size": 100,
}

_IMAGENET_PIXELS = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # mean and deviation
_CIFAR10_PIXELS = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]
_CIFAR100_PIXELS = [0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]

_IMAGENET = {
    "data": "image-folder",
    "network": ResNet50,
    "predict": "resize and crop",
    "pixels": _IMAGENET_PIXELS,
    "fine_tuning": _IMAGENET_FT,
    "lp_ft": {**_IMAGENET_FT, "linear_probe": LinearProbe()},
    "proxy": _IMAGENET_PROXY,
    "budgets": (10_000,) * 10 + (50_000,) * 6,
    "first_evaluated": 20_000,
    "n_seeds": 3,
}
_CIFAR10 = {
    "data": "cifar10",
    "network": ResNet18,
    "predict": "as it is",
    "pixels": _CIFAR10_PIXELS,
    "fine_tuning": _CIFAR10_FT,
    "lp_ft": _CIFAR10_LONG_LP_FT,
    "proxy": _CIFAR10_PROXY,
    "budgets": (200,) * 10,
    "first_evaluated": 200,
    "n_seeds": 5,
}
_CIFAR10_224 = {
    **_CIFAR10,
    "network": ResNet50,
    "predict": "resize",
    "pixels": _IMAGENET_PIXELS,
    "fine_tuning": _CIFAR10_224_FT,
    "lp_ft": {**_CIFAR10_224_FT, "linear_probe": LinearProbe()},
    "n_seeds": 3,
}
SETUPS = {
    "imagenet": _IMAGENET,
    "imagenet100": {
        **_IMAGENET,
        "predict": "crop",
        "budgets": (1000,) * 10 + (5000,) * 6,
        "first_evaluated": 2000,
    },
    "cifar10": _CIFAR10,
    "cifar10-lp-ft": {**_CIFAR10, "lp_ft": _CIFAR10_LP_FT, "first_evaluated": 600},
    "cifar10-224": _CIFAR10_224,
    "cifar100": {
        **_CIFAR10,
        "data": "cifar100",
        "network": WideResNet28x8,
        "pixels": _CIFAR100_PIXELS,
        "fine_tuning": _CIFAR100_FT,
        "lp_ft": {**_CIFAR100_FT, "linear_probe": LinearProbe()},
        "budgets": (500,) * 8,
        "first_evaluated": 500,
    },
    "pets": {**_CIFAR10_224, "data": "pets", "predict": "resize and crop"},
}


def asvp_experiment(
    name,
    data,
    checkpoint=None,
    *,
    classes_file=None,
    image_size=None,
    max_epochs=None,
    device=None,
    random_state=None,
):
    """An experiment of the ASVP paper [1]_.

    The paper does not print its settings. In the table, s marks settings of a script
    of the authors' public code, c marks defaults of its programs, and p marks choices
    of this project.

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

    The number of labels at which ASVP changes from LP-FT to FT is not known. In the
    public code, a linear probe sees new random crops in every epoch; here, it learns
    from embeddings that are computed once.

    Parameters
    ----------
    name : str
        A name in the table.

    data : path-like
        Folder with the data; nothing is downloaded. ImageNet is in folders train and
        val with a folder for each class; the other data are in cifar-10-batches-py,
        cifar-100-python or oxford-iiit-pet.

    checkpoint : path-like, default=None
        Weights of self-supervised training, for `load_checkpoint`. None means random
        weights.

    classes_file : path-like, default=None
        For "imagenet100": text file with a class in each line, which begins with the
        name of the folder of the class.

    image_size : int, default=None
        Side of images in pixels, for a trial. None means the size of the paper.

    max_epochs : int, default=None
        Limit of the epochs of every training, for a trial.

    device, random_state : default=None
        Parameters of all networks.

    Returns
    -------
    experiment : ASVPExperiment

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.
    """
    if name not in SETUPS:
        raise ValueError(
            f"asvp_experiment has no experiment {name!r}; it has"
            f" {', '.join(map(repr, SETUPS))}."
        )
    if (classes_file is not None) != (name == "imagenet100"):
        raise ValueError(
            "asvp_experiment needs classes_file, a text file with a class in each line,"
            " for 'imagenet100' and for no other experiment; got"
            f" {classes_file!s} for {name!r}."
        )
    setup = SETUPS[name]
    if name == "pets":
        found = _read_pets(Path(data))
    else:
        found = load_data(setup["data"], folder=data)
    if name == "imagenet100":
        found = _only_classes(found, classes_file)
    common = {
        **_SGD,
        "classes": found.classes,
        "device": device,
        "random_state": random_state,
    }
    transforms = _transforms(setup["predict"], image_size, *setup["pixels"])
    if found.images is not None:
        transforms = {k: DatasetRows(found.images, t) for k, t in transforms.items()}
    large = {
        **common,
        **transforms,
        "module": setup["network"],
        "module__weights": checkpoint,
    }
    if setup["network"] is ResNet18:
        large["module__small_images"] = True
    trainings = {
        part: _limited(setup[part], max_epochs)
        for part in ("lp_ft", "fine_tuning", "proxy")
    }
    return ASVPExperiment(
        name=name,
        X=found.X,
        y=found.y,
        X_test=found.X_test,
        y_test=found.y_test,
        lp_ft=NetworkClassifier(**large, **trainings["lp_ft"]),
        fine_tuning=NetworkClassifier(**large, **trainings["fine_tuning"]),
        proxy=ProxyClassifier(**common, **trainings["proxy"]),
        budgets=setup["budgets"],
        evaluate_at=tuple(
            n for n in accumulate(setup["budgets"]) if n >= setup["first_evaluated"]
        ),
        n_seeds=setup["n_seeds"],
    )


def _limited(training, max_epochs):
    """Settings of a training with at most `max_epochs` epochs."""
    if max_epochs is None:
        return training
    limited = {**training, "max_epochs": min(max_epochs, training["max_epochs"])}
    if "linear_probe" in training:
        probe = training["linear_probe"].get_params(deep=False)
        probe["max_epochs"] = min(max_epochs, probe["max_epochs"])
        limited["linear_probe"] = LinearProbe(**probe)
    return limited


def _transforms(predict, image_size, mean, std):
    """Transforms for training and prediction, of PIL images or tensors of bytes."""
    if predict == "as it is":
        predicted = [] if image_size is None else [v2.Resize(image_size)]
        size = image_size or 32
        trained = [*predicted, v2.RandomCrop(size, padding=size // 8)]
    else:
        size = image_size or 224
        trained = [v2.RandomResizedCrop(size)]
        predicted = {
            "resize": [v2.Resize(size)],
            "crop": [v2.CenterCrop(size)],
            "resize and crop": [v2.Resize(size * 256 // 224), v2.CenterCrop(size)],
        }[predict]
    trained.append(v2.RandomHorizontalFlip())
    scale = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
    return {
        "train_transform": v2.Compose([v2.ToImage(), *trained, *scale]),
        "predict_transform": v2.Compose([v2.ToImage(), *predicted, *scale]),
    }


def _only_classes(data, file):
    """The part of a data set with the classes of a file."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    chosen = [line.split()[0] for line in lines if line.strip()]
    unknown = sorted(set(chosen) - set(data.classes))
    if unknown or len(set(chosen)) < max(len(chosen), 2):
        raise ValueError(
            f"asvp_experiment needs two or more folders of the data, each once, in"
            f" classes_file={str(file)!r}; got {len(chosen)} lines with"
            f" {len(set(chosen))} names, {len(unknown)} of which have no folder."
        )
    pool, test = np.isin(data.y, chosen), np.isin(data.y_test, chosen)
    return DataSet(
        name=data.name,
        X=data.X[pool],
        y=data.y[pool],
        X_test=data.X_test[test],
        y_test=data.y_test[test],
        classes=np.sort(chosen),
        images=data.images,
    )


def _read_pets(folder):
    """Read the Oxford pets, as row numbers of images and labels from 0."""
    try:
        parts = [OxfordIIITPet(folder, split) for split in ("trainval", "test")]
    except RuntimeError as error:
        raise FileNotFoundError(
            f"The data of 'pets' are missing or incomplete in {str(folder)!r}. Put"
            " into this folder the folder oxford-iiit-pet, with images and annotations"
            " in it, from images.tar.gz and annotations.tar.gz"
            " (https://www.robots.ox.ac.uk/~vgg/data/pets)."
        ) from error
    # torchvision would open every image to return its label.
    notes = folder / "oxford-iiit-pet" / "annotations"
    y, y_test = (
        np.loadtxt(notes / f"{split}.txt", int, usecols=1, ndmin=1) - 1
        for split in ("trainval", "test")
    )
    rows = np.arange(len(y) + len(y_test)).reshape(-1, 1)
    return DataSet(
        name="pets",
        X=rows[: len(y)],
        y=y,
        X_test=rows[len(y) :],
        y_test=y_test,
        classes=np.union1d(y, y_test),
        images=parts[0] + parts[1],
    )
