"""Arrays as pictures."""

import numpy as np
import pytest
from PIL import Image

from modal_clustermargin.labelling._pictures import to_pictures


def test_numbers_are_scaled_over_the_batch():
    found = to_pictures(np.array([[[0.0, 1.0]], [[2.0, 4.0]]]))
    assert [np.asarray(each).tolist() for each in found] == [[[0, 64]], [[128, 255]]]
    dark = to_pictures(np.full((1, 2, 2), 7, np.uint8))
    assert (np.asarray(dark[0]) == 7).all()
    assert not np.asarray(to_pictures(np.ones((1, 2, 2)))[0]).any()


@pytest.mark.parametrize("n_channels", [1, 3])
def test_channels_may_come_first_or_last(n_channels):
    images = np.random.RandomState(0).randint(256, size=(2, 5, 4, n_channels))
    images = images.astype(np.uint8)
    first = to_pictures(np.moveaxis(images, -1, 1))
    for image, a, b in zip(images, first, to_pictures(images), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.squeeze(image))
        np.testing.assert_array_equal(np.asarray(b), np.squeeze(image))


def test_channels_are_last_where_they_could_be_either():
    image = np.arange(45, dtype=np.uint8).reshape(3, 5, 3)
    np.testing.assert_array_equal(np.asarray(to_pictures([image])[0]), image)


def test_large_images_shrink_and_sizes_may_differ():
    large = Image.new("RGB", (1000, 500), (255, 0, 0))
    found = to_pictures([large, np.zeros((3, 2), np.uint8)])
    assert [np.asarray(each).shape for each in found] == [(128, 256, 3), (3, 2)]
    assert (np.asarray(found[0]) == [255, 0, 0]).all()


RED_AND_BLUE = Image.new("RGB", (4, 2), (204, 0, 0))
RED_AND_BLUE.paste((0, 0, 204), (2, 0, 4, 2))


@pytest.mark.parametrize("mode", ["RGB", "P", "YCbCr", "HSV", "CMYK", "RGBA"])
def test_colors_are_those_of_a_viewer(mode):
    (found,) = to_pictures([RED_AND_BLUE.convert(mode)])
    expected = np.asarray(RED_AND_BLUE).astype(int)
    np.testing.assert_allclose(np.asarray(found).astype(int), expected, atol=60)


def test_transparent_parts_are_white():
    clear = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    palette = Image.new("P", (2, 2))
    palette.info["transparency"] = 0
    for image in (clear, clear.convert("LA"), palette):
        assert (np.asarray(to_pictures([image])[0]) == 255).all()


def test_images_of_16_bits_are_not_scaled():
    image = Image.fromarray(np.full((2, 2), 30_000, np.uint16))
    assert (np.asarray(to_pictures([image])[0]) == 30_000 // 256).all()


def test_photographs_stand_upright():
    image = RED_AND_BLUE.copy()
    image.getexif()[0x0112] = 6  # the camera was turned
    (found,) = to_pictures([image])
    assert np.asarray(found)[:, 0].tolist() == [[204, 0, 0]] * 2 + [[0, 0, 204]] * 2


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 4, 4, 4)), r"image 0 has shape \(4, 4, 4\).* Reshape them"),
        (np.zeros((2, 64)), r"image 0 has shape \(64,\) and dtype float64"),
        ([np.zeros((0, 3))], r"image 0 has shape \(0, 3\)"),
        ([["a"]], r"shape \(1,\) and dtype <U1"),
        (np.full((1, 2, 2), np.nan), "finite images; image 0 has nan or infinity"),
    ],
)
def test_invalid_images(images, message):
    with pytest.raises(ValueError, match=message):
        to_pictures(images)
