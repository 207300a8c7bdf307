"""Transforms of the images that networks learn from."""

import numpy as np

from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.comparison._settings import WHO

TRANSFORM_OPTIONS = ("transforms", "image_size", "pixel_mean", "pixel_std")
_NAMES = ("photographs", "small-images")
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


def make_transforms(options, data):
    """The two transforms of a `NetworkClassifier`, by the names of its parameters.

    "photographs" crops and flips images of any size for training, and takes the center
    of 224 x 224 pixels for prediction; "small-images" shifts and flips images of
    32 x 32 pixels for training. Both normalize with `pixel_mean` and `pixel_std`, by
    default those of ImageNet. The default for images in files is "photographs"; bytes
    in arrays are divided by 255.
    """
    from modal_clustermargin.estimators import DatasetRows

    options = dict(options)
    name = options.pop("transforms", None if data.images is None else "photographs")
    transforms = {}
    if name is not None:
        check_known(name, _NAMES, WHO, "transforms")
        transforms = _image_transforms(name, **options)
    elif options:
        raise ValueError(
            f"{WHO} needs transforms for {next(iter(options))}; choose one of"
            f" {', '.join(_NAMES)}."
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
