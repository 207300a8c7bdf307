"""Networks by name, and transforms of their images."""

import inspect

import numpy as np

from modal_clustermargin._devices import resolve_device
from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.comparison._settings import WHO

# By name, a torch module of `estimators`, and the defaults that it changes.
NETWORKS = {
    "linear": ("LinearNet", {}),
    "mlp": ("MLP", {}),
    "cnn": ("SmallConvNet", {"max_epochs": 20}),
    "small-resnet": ("SmallResNet", {"max_epochs": 20}),
    "resnet18": ("ResNet18", {}),
    "resnet50": ("ResNet50", {}),
    "resnet101": ("ResNet101", {}),
    "vgg16": ("VGG16", {}),
    "wide-resnet28x8": ("WideResNet28x8", {}),
}
_OF_CLASSIFIER = (
    "lr",
    "head_lr",
    "max_epochs",
    "batch_size",
    "predict_batch_size",
    "schedule",
    "mixed_precision",
)
_OF_OPTIMIZER = ("momentum", "nesterov", "weight_decay")
_OF_TRANSFORMS = ("transforms", "image_size", "pixel_mean", "pixel_std")
_OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make_network(name, options, data, seed, device):
    """Make a `NetworkClassifier` that is not fitted.

    "schedule" may be a list of milestones in [0, 1], and "linear_probe" may be true or
    the parameters of `LinearProbe`.
    """
    from torch import optim

    from modal_clustermargin import estimators

    who = f"{WHO}, for {name},"
    resolve_device(device, WHO)  # raises for an unknown device
    module_name, defaults = NETWORKS[name]
    module = getattr(estimators, module_name)
    of_module = set(inspect.signature(module).parameters) - {"n_features", "n_classes"}
    known = [*_OF_CLASSIFIER, "optimizer", *_OF_OPTIMIZER, "linear_probe"]
    known += [*_OF_TRANSFORMS, *sorted(of_module)]
    for option in options:
        check_known(option, known, who, "option")
    options = {**defaults, **options}
    arguments = {"classes": data.classes, "device": device, "random_state": seed}
    arguments |= _transforms(
        {k: options.pop(k) for k in _OF_TRANSFORMS if k in options}, data
    )
    if "optimizer" in options:
        optimizer = options.pop("optimizer")
        check_known(optimizer, _OPTIMIZERS, who, "optimizer")
        arguments["optimizer"] = getattr(optim, _OPTIMIZERS[optimizer])
    probe = options.pop("linear_probe", False)
    if probe is not False:
        probe = {} if probe is True else probe
        if not isinstance(probe, dict):
            raise ValueError(
                f"{who} needs linear_probe as true or as a table; got {probe!r}."
            )
        arguments["linear_probe"] = estimators.LinearProbe(**probe)
    if isinstance(options.get("schedule"), list):
        options["schedule"] = estimators.Steps(tuple(options["schedule"]))
    if "in_channels" in of_module and np.ndim(data.X) in (3, 4):
        channels = np.shape(data.X)[1] if np.ndim(data.X) == 4 else 1
        options = {"in_channels": channels, **options}
    prefixes = dict.fromkeys(_OF_CLASSIFIER, "")
    prefixes |= dict.fromkeys(_OF_OPTIMIZER, "optimizer__")
    arguments |= {prefixes.get(k, "module__") + k: v for k, v in options.items()}
    return estimators.NetworkClassifier(module, **arguments)


def _transforms(options, data):
    """The two transforms of a `NetworkClassifier`, by the names of its parameters.

    "photographs" crops and flips images of any size for training, and takes the center
    of 224 x 224 pixels for prediction; "small-images" shifts and flips images of
    32 x 32 pixels for training. Both normalize with `pixel_mean` and `pixel_std`, by
    default those of ImageNet. The default for images in files is "photographs"; bytes
    in arrays are divided by 255.
    """
    from modal_clustermargin.estimators import DatasetRows

    default = "photographs" if data.images is not None else None
    name = options.get("transforms", default)
    if name is not None:
        check_known(name, ("photographs", "small-images"), WHO, "transforms")
        transforms = _image_transforms(**{**options, "transforms": name})
    elif options:
        raise ValueError(
            f"{WHO} needs transforms for {next(iter(options))}; choose one of"
            " photographs, small-images."
        )
    elif np.asarray(data.X[:1]).dtype == np.uint8:
        transforms = {"predict_transform": bytes_to_floats}
    else:
        transforms = {}
    if data.images is None:
        return transforms
    return {use: DatasetRows(data.images, each) for use, each in transforms.items()}


def _image_transforms(
    transforms, image_size=None, pixel_mean=_IMAGENET_MEAN, pixel_std=_IMAGENET_STD
):
    import torch
    from torchvision.transforms import v2

    if transforms == "photographs":
        size = 224 if image_size is None else image_size
        train = [v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()]
        predict = [v2.Resize(size * 256 // 224), v2.CenterCrop(size)]
    else:
        size = 32 if image_size is None else image_size
        predict = [] if image_size is None else [v2.Resize(size)]
        crop = v2.RandomCrop(size, padding=size // 8)
        train = [*predict, crop, v2.RandomHorizontalFlip()]
    scale = [
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(list(pixel_mean), list(pixel_std)),
    ]
    return {
        "train_transform": v2.Compose([v2.ToImage(), *train, *scale]),
        "predict_transform": v2.Compose([v2.ToImage(), *predict, *scale]),
    }


def bytes_to_floats(sample):
    """A tensor of bytes as numbers in [0, 1]."""
    return sample.float() / 255
