"""What is done to images before the networks of the papers see them."""

import numpy as np
import pytest
import torch
from PIL import Image

from modal_clustermargin.estimators import paper_transforms

NAMES = {
    "asvp-imagenet": 224,
    "asvp-imagenet100": 224,
    "asvp-pets": 224,
    "asvp-cifar10-224": 224,
    "asvp-cifar10": 32,
    "asvp-cifar100": 32,
}


def picture(size, pixels=None):
    if pixels is None:
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image_size", [None, 16])
@pytest.mark.parametrize("use", ["train_transform", "predict_transform"])
def test_sizes(name, image_size, use):
    size = (NAMES[name], NAMES[name] if NAMES[name] == 32 else 260)
    transform = paper_transforms(name, image_size)[use]
    if name == "asvp-cifar10-224":
        size = (32, 32)
    seen = transform(picture(size))
    assert seen.dtype == torch.float32
    assert seen.shape == (3, image_size or NAMES[name], image_size or NAMES[name])


@pytest.mark.parametrize("name", NAMES)
def test_predictions_see_the_same_and_trainings_another_image(name):
    transforms, image = paper_transforms(name), picture((40, 40))
    predict, train = transforms["predict_transform"], transforms["train_transform"]
    assert torch.equal(predict(image), predict(image))
    assert any(not torch.equal(train(image), train(image)) for _ in range(3))


@pytest.mark.parametrize("name", NAMES)
def test_grey_becomes_what_the_means_say(name):
    grey = np.full((224, 224, 3), 51, np.uint8)
    seen = paper_transforms(name)["predict_transform"](picture(None, grey))
    means = {
        "asvp-cifar10": (0.4914, 0.2470),
        "asvp-cifar100": (0.5071, 0.2675),
    }
    mean, std = means.get(name, (0.485, 0.229))
    np.testing.assert_allclose(seen[0], (0.2 - mean) / std, rtol=1e-4)


def test_what_is_cut_of_a_large_image():
    """A bright middle of half the side: it fills an untouched cut, not a resized."""
    pixels = np.zeros((448, 448, 3), np.uint8)
    pixels[112:-112, 112:-112] = 255
    bright = {
        name: (paper_transforms(name)["predict_transform"](picture(None, pixels)) > 0)
        .float()
        .mean()
        .item()
        for name in ("asvp-imagenet100", "asvp-imagenet")
    }
    assert bright["asvp-imagenet100"] == 1
    assert bright["asvp-imagenet"] == pytest.approx((128 / 224) ** 2, rel=0.02)


def test_messages():
    with pytest.raises(ValueError, match="has no 'svhn'; it has 'asvp-imagenet'"):
        paper_transforms("svhn")
    with pytest.raises(ValueError, match="image_size of 1 or more; got 0"):
        paper_transforms("asvp-pets", 0)
