import numpy as np
import pytest
from PIL import Image

from modal_clustermargin.datasets import load_data
from tests.datasets.make_data import (
    CLASSES,
    N_TEST,
    N_TRAIN,
    image_of,
    pixels,
    write_image_net,
)


@pytest.mark.parametrize("test", ["val", "test"])
def test_a_folder_with_parts(test, tmp_path):
    write_image_net(tmp_path)
    (tmp_path / "val").rename(tmp_path / test)
    data = load_data("image-folder", folder=tmp_path)
    np.testing.assert_array_equal(data.X[:, 0], np.arange(N_TRAIN))
    np.testing.assert_array_equal(data.X_test[:, 0], N_TRAIN + np.arange(N_TEST))
    assert (data.X.dtype, data.X.ndim) == (np.int64, 2)
    np.testing.assert_array_equal(data.classes, CLASSES)
    # Numbers, labels and files go together.
    for rows, labels, part in (
        (data.X, data.y, "train"),
        (data.X_test, data.y_test, test),
    ):
        for (number,), label in zip(rows, labels, strict=True):
            files = (tmp_path / part / label).iterdir()
            there = [
                np.array_equal(Image.open(f), image_of(data, number)) for f in files
            ]
            assert sum(there) == 1


def test_a_folder_without_parts(tmp_path):
    folder = write_image_net(tmp_path) / "train"
    data = load_data("image-folder", folder=folder, test_size=5)
    assert (len(data.X), len(data.X_test)) == (N_TRAIN - 5, 5)
    numbers = np.concatenate([data.X, data.X_test])[:, 0]
    np.testing.assert_array_equal(np.sort(numbers), np.arange(N_TRAIN))
    labels = np.concatenate([data.y, data.y_test])
    for number, label in zip(numbers, labels, strict=True):
        assert label in data.images.samples[number][0]
    other = load_data("image-folder", folder=folder, test_size=5, random_state=1)
    assert not np.array_equal(other.X, data.X)


def test_a_class_may_be_called_train(tmp_path):
    for name in ("bus", "train"):
        (tmp_path / name).mkdir()
        for i in range(2):
            Image.fromarray(pixels(1, 9, i)[0]).save(tmp_path / name / f"{i}.png")
    data = load_data("image-folder", folder=tmp_path, test_size=0.25)
    assert list(data.classes) == ["bus", "train"]


def test_thumbnails_of_files(tmp_path):
    """Larger images are reduced, and smaller images are padded with black."""
    for name, shape in (("a", (200, 100, 3)), ("b", (10, 20))):
        (tmp_path / name).mkdir()
        image = Image.fromarray(np.full(shape, 255, np.uint8))
        for i in range(2):
            image.save(tmp_path / name / f"{i}.png")
    data = load_data("image-folder", folder=tmp_path, test_size=1)
    shown = data.thumbnails([0, len(data.X) - 1])
    assert (shown.shape, shown.dtype) == ((2, 64, 64, 3), np.uint8)
    white = (shown == 255).all(axis=3)
    assert white[0].sum() == 64 * 32
    assert white[0][:, 16:48].all()
    assert white[1].sum() == 10 * 20
    assert white[1][27:37, 22:42].all()
    assert not shown[~white].any()


def test_images_of_16_bits_and_turned_images(tmp_path):
    """torchvision would show values above 255 as white, and leave images turned."""
    grey = Image.fromarray(np.full((8, 4), 30_000, np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        grey.save(tmp_path / name / "deep.png")
        Image.new("RGB", (8, 4)).save(tmp_path / name / "turned.png", exif=exif)
    data = load_data("image-folder", folder=tmp_path, test_size=1)
    deep, turned = (data.images[i][0] for i in (0, 1))
    assert (np.asarray(deep) == 117).all()
    assert (turned.mode, turned.size) == ("RGB", (4, 8))


def test_messages_of_folders(tmp_path):
    with pytest.raises(
        FileNotFoundError, match="'image-folder' are missing or inc.* Put in"
    ):
        load_data("image-folder", folder=tmp_path)
    write_image_net(tmp_path)
    single = tmp_path / "train" / CLASSES[0]
    with pytest.raises(
        FileNotFoundError, match="a folder of images for each class; or"
    ):
        load_data("image-folder", folder=single)
    (tmp_path / "val" / CLASSES[0]).rename(tmp_path / "val" / "zebra")
    with pytest.raises(ValueError, match="the same folders, .*train' and .*val'; 2"):
        load_data("image-folder", folder=tmp_path)
    only = tmp_path / "only"
    only.mkdir()
    single.rename(only / "cats")
    with pytest.raises(ValueError, match="at least two folders .*; got 'cats'."):
        load_data("image-folder", folder=only)
