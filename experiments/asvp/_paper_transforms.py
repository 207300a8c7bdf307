"""How images of published experiments were cut, turned and scaled."""

import torch

_IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
_CIFAR10 = {"mean": [0.4914, 0.4822, 0.4465], "std": [0.2470, 0.2435, 0.2616]}
_CIFAR100 = {"mean": [0.5071, 0.4867, 0.4408], "std": [0.2675, 0.2565, 0.2761]}


def _resized_and_cut(v2, size):
    return [v2.Resize(size * 256 // 224), v2.CenterCrop(size)]


def _cut(v2, size):
    return [v2.CenterCrop(size)]


def _resized(v2, size):
    return [v2.Resize(size)]


def _large(colours, for_prediction):
    def parts(v2, image_size):
        size = 224 if image_size is None else image_size
        training = [v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()]
        return training, for_prediction(v2, size), colours

    return parts


def _small(colours):
    def parts(v2, image_size):
        size, resize = 32, []
        if image_size is not None:
            size, resize = image_size, [v2.Resize(image_size)]
        moved = [v2.RandomCrop(size, padding=size // 8), v2.RandomHorizontalFlip()]
        return [*resize, *moved], resize, colours

    return parts


_PARTS = {
    "asvp-imagenet": _large(_IMAGENET, _resized_and_cut),
    "asvp-imagenet100": _large(_IMAGENET, _cut),
    "asvp-pets": _large(_IMAGENET, _resized_and_cut),
    "asvp-cifar10": _small(_CIFAR10),
    "asvp-cifar10-224": _large(_IMAGENET, _resized),
    "asvp-cifar100": _small(_CIFAR100),
}


def paper_transforms(name, image_size=None):
    """What the public code of ASVP [1]_ does to images, for a `NetworkClassifier`.

    ====================  ======================================================
    "asvp-imagenet"       random cut of any size, as 224 x 224, turned around or
                          not; to predict, the middle 224 x 224 of a side of 256
    "asvp-pets"           as "asvp-imagenet"
    "asvp-imagenet100"    to predict, the middle 224 x 224 of the image as it is
    "asvp-cifar10-224"    to predict, enlarged to 224
    "asvp-cifar10"        moved by up to 4 pixels, turned around or not; to
                          predict, as it is
    "asvp-cifar100"       as "asvp-cifar10"
    ====================  ======================================================

    Bytes become numbers in [0, 1], less the mean of the colours and divided by their
    deviation: those of ImageNet, but for the last two, which have their own.

    Parameters
    ----------
    name : str

    image_size : int, default=None
        Another side than 224 or 32, for a try; all lengths follow.

    Returns
    -------
    transforms : dict
        "train_transform" and "predict_transform", for a PIL image or a tensor of
        bytes of shape (3, height, width).

    Raises
    ------
    ValueError
        If there are no transforms of that name, or the size is below 1.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking
       Efficient Active Learning via Proxy in the Context of Pre-trained Models",
       TMLR 2024, :arxiv:`2403.01101`.

    Examples
    --------
    >>> import torch
    >>> from modal_clustermargin.estimators import paper_transforms
    >>> transforms = paper_transforms("asvp-imagenet")
    >>> image = torch.zeros(3, 300, 400, dtype=torch.uint8)
    >>> transforms["predict_transform"](image).shape
    torch.Size([3, 224, 224])
    """
    if name not in _PARTS:
        raise ValueError(
            f"paper_transforms has no {name!r}; it has {', '.join(map(repr, _PARTS))}."
        )
    if image_size is not None and image_size < 1:
        raise ValueError(
            f"paper_transforms wants an image_size of 1 or more; got {image_size}."
        )
    from torchvision.transforms import v2

    training, prediction, colours = _PARTS[name](v2, image_size)
    scale = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(**colours)]
    return {
        "train_transform": v2.Compose([v2.ToImage(), *training, *scale]),
        "predict_transform": v2.Compose([v2.ToImage(), *prediction, *scale]),
    }
