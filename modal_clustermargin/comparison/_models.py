"""Classifiers by name, with options that a settings file can hold.

Networks are a `NetworkClassifier` around a module of the estimators; the others are
scikit-learn's, which see an image as a row of numbers.
"""

import inspect
from typing import NamedTuple

import numpy as np

from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.comparison._by_name import build, is_path, resolve
from modal_clustermargin.comparison._settings import WHO

_OPTIMIZERS = ("sgd", "adam", "adamw")

# Of a NetworkClassifier: what a settings file can hold and the comparison leaves open.
_OF_NETWORK = (
    "lr",
    "head_lr",
    "max_epochs",
    "batch_size",
    "predict_batch_size",
    "schedule",
    "mixed_precision",
)
_OF_ALL_NETWORKS = (
    *_OF_NETWORK,
    "optimizer",
    "momentum",
    "nesterov",
    "weight_decay",
    "linear_probe",
    "settings",
    "transforms",
    "image_size",
)


class _Network(NamedTuple):
    """A module of the estimators, and settings other than their defaults."""

    module: str
    defaults: dict


NETWORKS = {
    "linear": _Network("LinearNet", {}),
    "mlp": _Network("MLP", {}),
    "cnn": _Network("SmallConvNet", {"max_epochs": 20}),
    "small-resnet": _Network("SmallResNet", {"max_epochs": 20}),
    "resnet18": _Network("ResNet18", {}),
    "resnet50": _Network("ResNet50", {}),
    "resnet101": _Network("ResNet101", {}),
    "vgg16": _Network("VGG16", {}),
    "wide-resnet28x8": _Network("WideResNet28x8", {}),
}
CLASSIC = {
    "logistic": "sklearn.linear_model:LogisticRegression",
    "random-forest": "sklearn.ensemble:RandomForestClassifier",
    "naive-bayes": "sklearn.naive_bayes:GaussianNB",
}

# Pixels that never vary make likelihoods so steep that scikit-learn 1.9 gives two
# classes a probability of one each.
_CLASSIC_DEFAULTS = {"naive-bayes": {"var_smoothing": 1e-3}}


def default_model(data):
    """A name of a model that suits a data set."""
    if data.images is not None:
        return "resnet18"
    if np.ndim(data.y) == 2:
        return "linear"
    return "cnn" if np.ndim(data.X) == 4 else "mlp"


def make_model(settings, data, seed, device=None):
    """A classifier that is not fitted.

    Parameters
    ----------
    settings : dict
        "name", one of `NETWORKS` and `CLASSIC` or ``"package.module:name"``, and its
        options.

    data : DataSet
        What it is for.

    seed : int
        Its `random_state`, if it has one.

    device : str, default=None
        Of a network.

    Returns
    -------
    model : scikit-learn classifier

    Raises
    ------
    ValueError
        If there is no such model, it takes no such options, or it cannot read the
        data.
    """
    settings = dict(settings)
    name = settings.pop("name")
    if name in NETWORKS:
        return _network(name, settings, data, seed, device)
    if not is_path(name):
        check_known(name, (*NETWORKS, *CLASSIC), WHO, "model")
    if data.images is not None:
        raise ValueError(
            f"{WHO} has data whose images stay in their files, which {name} does not"
            f" read. Choose one of {', '.join(NETWORKS)}."
        )
    if name in CLASSIC and np.ndim(data.y) == 2:
        raise ValueError(
            f"{WHO} has labels in columns, which {name} does not learn. Choose one of"
            f" {', '.join(NETWORKS)}."
        )
    settings = {**_CLASSIC_DEFAULTS.get(name, {}), **settings}
    found = resolve(CLASSIC.get(name, name), WHO, "model")
    model = build(found, settings, WHO, "model", random_state=seed)
    for method in ("fit", "predict_proba"):
        if not hasattr(model, method):
            raise ValueError(f"{WHO} got the model {name!r}, which has no {method}.")
    is_of_sklearn = type(model).__module__.startswith("sklearn.")
    if not is_of_sklearn or np.ndim(data.X) == 2:
        return model
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    return make_pipeline(FunctionTransformer(_flat), model)


def _flat(X):
    return np.reshape(X, (len(X), -1))


def _network(name, options, data, seed, device):
    from torch import optim

    from modal_clustermargin import estimators
    from modal_clustermargin._devices import resolve_device

    network = NETWORKS[name]
    module = getattr(estimators, network.module)
    resolve_device(device, "comparison")  # says what is wrong with it
    of_module = set(inspect.signature(module).parameters) - {"n_features", "n_classes"}
    for option in options:
        check_known(
            option,
            (*_OF_ALL_NETWORKS, *sorted(of_module)),
            f"{WHO}, for {name},",
            "option",
        )
    options = {**network.defaults, **options}
    arguments = {"classes": data.classes, "device": device, "random_state": seed}
    if "settings" in options:
        arguments |= estimators.paper_settings(options.pop("settings"))
    if "optimizer" in options:
        chosen = options.pop("optimizer")
        check_known(chosen, _OPTIMIZERS, f"{WHO}, for {name},", "optimizer")
        arguments["optimizer"] = {
            "sgd": optim.SGD,
            "adam": optim.Adam,
            "adamw": optim.AdamW,
        }[chosen]
    for option in ("momentum", "nesterov", "weight_decay"):
        if option in options:
            arguments[f"optimizer__{option}"] = options.pop(option)
    if options.pop("linear_probe", False):
        arguments["linear_probe"] = estimators.LinearProbe()
    arguments |= _transforms(options, data)
    arguments |= {k: v for k, v in options.items() if k in _OF_NETWORK}
    arguments |= {
        f"module__{k}": v for k, v in options.items() if k in of_module - {*_OF_NETWORK}
    }
    channels = _channels(data)
    if "in_channels" in of_module and "in_channels" not in options and channels:
        arguments["module__in_channels"] = channels
    return estimators.NetworkClassifier(module, **arguments)


def _transforms(options, data):
    """How samples become what the network reads."""
    from modal_clustermargin.estimators import DatasetRows, paper_transforms

    image_size = options.pop("image_size", None)
    if "transforms" in options:
        transforms = paper_transforms(options.pop("transforms"), image_size)
    elif data.images is not None:
        # Photographs come in all sizes; ImageNet's cuts make them one.
        transforms = paper_transforms("asvp-imagenet", image_size)
    elif np.asarray(data.X[:1]).dtype == np.uint8:
        transforms = {"predict_transform": BytesToFloats()}
    else:
        transforms = {}
    if data.images is None:
        return transforms
    return {use: DatasetRows(data.images, each) for use, each in transforms.items()}


class BytesToFloats:
    """Bytes of an image as numbers in [0, 1]."""

    def __call__(self, sample):
        """Float32 tensor of the shape of a tensor of bytes."""
        return sample.float() / 255


def _channels(data):
    if data.images is not None:
        return None
    shape = np.shape(data.X)
    return shape[1] if len(shape) == 4 else 1 if len(shape) == 3 else None
