"""Classifiers by name, with options and image transforms of a settings file."""

import inspect

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from modal_clustermargin._devices import resolve_device
from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.comparison._by_name import build_by_path
from modal_clustermargin.comparison._settings import WHO

_CLASSIC = {
    "logistic": "sklearn.linear_model:LogisticRegression",
    "random-forest": "sklearn.ensemble:RandomForestClassifier",
    "naive-bayes": "sklearn.naive_bayes:GaussianNB",
}
# By name, a torch module of `estimators`.
NETWORKS = {
    "linear": "LinearNet",
    "mlp": "MLP",
    "cnn": "SmallConvNet",
    "small-resnet": "SmallResNet",
    "resnet18": "ResNet18",
    "resnet50": "ResNet50",
    "resnet101": "ResNet101",
    "vgg16": "VGG16",
    "wide-resnet28x8": "WideResNet28x8",
}
_OF_FLAT_ROWS = ("linear", "mlp")
_DEFAULTS = {
    # With constant pixels, the likelihoods are so steep that scikit-learn 1.9 returns a
    # probability of one for two classes.
    "naive-bayes": {"var_smoothing": 1e-3},
    "cnn": {"max_epochs": 20},
    "small-resnet": {"max_epochs": 20},
}
_OF_CLASSIFIER = (
    *("lr", "head_lr", "max_epochs", "batch_size", "predict_batch_size", "schedule"),
    "mixed_precision",
)
_OF_OPTIMIZER = ("momentum", "nesterov", "weight_decay")
_OF_TRANSFORMS = ("transforms", "image_size", "pixel_mean", "pixel_std")
_TRANSFORMS = ("photographs", "small-images")
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}


def default_model(data):
    """The name of a model that suits a data set."""
    if data.images is not None:
        return "resnet18"
    if np.ndim(data.y) == 2:
        return "linear"
    return "cnn" if np.ndim(data.X) == 4 else "mlp"


def make_model(settings, data, seed):
    """Make an unfitted classifier from "model" and "device" of settings.

    A network is a `NetworkClassifier`; scikit-learn's classifiers get images as flat
    rows. Raises ValueError for an unknown name or option, or for data that the model
    cannot learn from.
    """
    options = dict(settings["model"])
    name = options.pop("name")
    options = {**_DEFAULTS.get(name, {}), **options}
    if name in NETWORKS:
        return _make_network(name, options, data, seed, settings["device"])
    if ":" not in name:
        check_known(name, (*NETWORKS, *_CLASSIC), WHO, "model")
    has_columns = name in _CLASSIC and np.ndim(data.y) == 2
    if data.images is not None or has_columns:
        kind = "multi-label data" if has_columns else "images in files"
        raise ValueError(
            f"{WHO} needs a network for {kind}; the model is {name!r}. Choose one of"
            f" {', '.join(NETWORKS)}."
        )
    model = build_by_path(_CLASSIC.get(name, name), options, "model", seed)
    for method in ("fit", "predict_proba"):
        if not hasattr(model, method):
            raise ValueError(f"{WHO} got the model {name!r}, which has no {method}.")
    if np.ndim(data.X) > 2 and type(model).__module__.startswith("sklearn."):
        return make_pipeline(FunctionTransformer(_flatten), model)
    return model


def _flatten(X):
    return np.reshape(X, (len(X), -1))


def _make_network(name, options, data, seed, device):
    from torch import optim

    from modal_clustermargin import estimators

    who = f"{WHO}, for {name},"
    resolve_device(device, WHO)  # raises for an unknown device
    module = getattr(estimators, NETWORKS[name])
    of_module = set(inspect.signature(module).parameters) - {"n_features", "n_classes"}
    known = [*_OF_CLASSIFIER, "optimizer", *_OF_OPTIMIZER, "linear_probe"]
    known += [*_OF_TRANSFORMS, *sorted(of_module)]
    for option in options:
        check_known(option, known, who, "option")
    of_transforms = {k: options.pop(k) for k in _OF_TRANSFORMS if k in options}
    arguments = _make_transforms(of_transforms, data)
    optimizer = options.pop("optimizer", None)
    if optimizer is not None:
        check_known(optimizer, _OPTIMIZERS, who, "optimizer")
        arguments["optimizer"] = getattr(optim, _OPTIMIZERS[optimizer])
    probe = options.pop("linear_probe", False)
    probe = {} if probe is True else probe
    if isinstance(probe, dict):
        arguments["linear_probe"] = estimators.LinearProbe(**probe)
    elif probe is not False:
        raise ValueError(f"{who} needs linear_probe as true or a table; got {probe!r}.")
    if isinstance(options.get("schedule"), list):  # milestones in [0, 1]
        options["schedule"] = estimators.Steps(tuple(options["schedule"]))
    if name not in _OF_FLAT_ROWS and "in_channels" not in options:
        _check_channels_first(who, np.shape(data.X))
    if "in_channels" in of_module and np.ndim(data.X) in (3, 4):
        channels = np.shape(data.X)[1] if np.ndim(data.X) == 4 else 1
        options = {"in_channels": channels, **options}
    prefixes = dict.fromkeys(_OF_CLASSIFIER, "")
    prefixes |= dict.fromkeys(_OF_OPTIMIZER, "optimizer__")
    arguments |= {prefixes.get(k, "module__") + k: v for k, v in options.items()}
    return estimators.NetworkClassifier(
        module, classes=data.classes, device=device, random_state=seed, **arguments
    )


def _check_channels_first(who, shape):
    """Raise ValueError if images of this shape seem to have their channels last."""
    if len(shape) != 4:
        return
    _, first, middle, last = shape
    first_fits, last_fits = (n in (1, 3, 4) for n in (first, last))
    if last_fits if first_fits != last_fits else first == middle != last:
        raise ValueError(
            f"{who} needs images with the channels first, (n, channels, height, width);"
            f" X has shape {shape}, where they seem to be last. Store"
            " numpy.moveaxis(X, -1, 1). If the channels are first, give a model with"
            f" in_channels that number: in_channels={first}."
        )


def _make_transforms(options, data):
    """The transforms of a `NetworkClassifier`, by the names of its parameters."""
    from modal_clustermargin.estimators import DatasetRows

    name = options.pop("transforms", None if data.images is None else "photographs")
    transforms = {}
    if name is not None:
        check_known(name, _TRANSFORMS, WHO, "transforms")
        transforms = _image_transforms(name, **options)
    elif options:
        raise ValueError(
            f"{WHO} needs transforms for {next(iter(options))}; choose one of"
            f" {', '.join(_TRANSFORMS)}."
        )
    elif np.asarray(data.X[:1]).dtype == np.uint8:
        transforms["predict_transform"] = bytes_to_floats
    if data.images is None:
        return transforms
    return {use: DatasetRows(data.images, each) for use, each in transforms.items()}


def _image_transforms(name, image_size=None, pixel_mean=_MEAN, pixel_std=_STD):
    import torch
    from torchvision.transforms import v2

    if name == "photographs":
        size = image_size or 224
        train = [v2.RandomResizedCrop(size)]
        predict = [v2.Resize(size * 256 // 224), v2.CenterCrop(size)]
    else:
        size = image_size or 32
        predict = [v2.Resize(size)] if image_size else []
        train = [*predict, v2.RandomCrop(size, padding=size // 8)]
    train.append(v2.RandomHorizontalFlip())
    to_floats = v2.ToDtype(torch.float32, scale=True)
    end = [to_floats, v2.Normalize(list(pixel_mean), list(pixel_std))]
    return {
        "train_transform": v2.Compose([v2.ToImage(), *train, *end]),
        "predict_transform": v2.Compose([v2.ToImage(), *predict, *end]),
    }


def bytes_to_floats(sample):
    """A tensor of bytes as numbers in [0, 1]."""
    return sample.float() / 255
