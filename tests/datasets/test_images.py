"""Images of torchvision's data sets and of folders, and what thumbnails show."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from modal_clustermargin.datasets import DataSet, load_data
from tests.datasets.make_data import (
    CLASSES,
    LABELS,
    N_TEST,
    N_TRAIN,
    pixels,
    write_cifar10,
    write_cifar100,
    write_image_net,
    write_labelled_images,
    write_svhn,
)

WRITERS = {"cifar10": write_cifar10, "cifar100": write_cifar100, "svhn": write_svhn}


@pytest.fixture(autouse=True)
def _any_file_is_whole(monkeypatch):
    """torchvision compares files with the sums of the real ones."""
    for module in ("cifar", "svhn"):
        monkeypatch.setattr(
            f"torchvision.datasets.{module}.check_integrity",
            lambda path, md5=None: Path(path).is_file(),
        )


@pytest.mark.parametrize("name", WRITERS)
def test_arrays_of_torchvision(name, tmp_path):
    data = load_data(name, folder=WRITERS[name](tmp_path))
    assert data.X.shape == (N_TRAIN, 3, 32, 32)
    assert data.X_test.shape == (N_TEST, 3, 32, 32)
    assert data.X.dtype == np.uint8
    assert data.X.flags.c_contiguous
    names = np.arange(10) if name == "svhn" else np.array(["cat", "dog", "hen"])
    np.testing.assert_array_equal(data.classes, names)
    np.testing.assert_array_equal(data.y, names[LABELS[0]])
    np.testing.assert_array_equal(data.y_test, names[LABELS[1]])
    shown = data.thumbnails([2, 0])
    if name == "svhn":
        expected = pixels(N_TRAIN, 32, len("train"))
    else:  # of cifar10, the first file has three images
        n_images = 3 if name == "cifar10" else N_TRAIN
        expected = pixels(n_images, 32, n_images)
    np.testing.assert_array_equal(shown, expected[[2, 0]])


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_downloaded_unless_asked(name, tmp_path, monkeypatch):
    kind = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "svhn": "SVHN"}[name]
    asked = []
    monkeypatch.setattr(
        f"torchvision.datasets.{kind}.download",
        lambda self: asked.append(WRITERS[name](tmp_path)) if not asked else None,
    )
    wanted = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}
    wanted = wanted.get(name, "train_32x32.mat")
    message = f"{name!r} are not whole in .*Put there .*{wanted}"
    with pytest.raises(FileNotFoundError, match=message):
        load_data(name, folder=tmp_path)
    assert not asked
    assert len(load_data(name, folder=tmp_path, download=True).y) == N_TRAIN
    assert asked


# ---- folders -------------------------------------------------------------------


def image_of(data, number):
    return np.asarray(data.images[int(number)][0])


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
    """Larger images are made smaller, smaller ones stand on black."""
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


def test_messages_of_folders(tmp_path):
    with pytest.raises(
        FileNotFoundError, match="'image-folder' are not whole.* Put th"
    ):
        load_data("image-folder", folder=tmp_path)
    write_image_net(tmp_path)
    single = tmp_path / "train" / CLASSES[0]
    with pytest.raises(
        FileNotFoundError, match="a folder of images for each class; or"
    ):
        load_data("image-folder", folder=single)
    (tmp_path / "val" / CLASSES[0]).rename(tmp_path / "val" / "zebra")
    with pytest.raises(ValueError, match="train and val in .* the same folders, .*; 2"):
        load_data("image-folder", folder=tmp_path)
    only = tmp_path / "only"
    only.mkdir()
    single.rename(only / "cats")
    with pytest.raises(ValueError, match="two classes or more in .*; got 'cats' alone"):
        load_data("image-folder", folder=only)


# ---- images with several labels ------------------------------------------------


def test_images_with_several_labels(tmp_path):
    data = load_data("labelled-images", folder=write_labelled_images(tmp_path))
    for part, rows, labels in (
        ("train", data.X, data.y),
        ("test", data.X_test, data.y_test),
    ):
        for (number,), row in zip(rows, labels, strict=True):
            # Sorted by names, train_10 is before train_2.
            (path,) = [
                path
                for path in (tmp_path / part).rglob("*.png")
                if np.array_equal(Image.open(path), image_of(data, number))
            ]
            i = int(path.stem.split("_")[1])
            np.testing.assert_array_equal(row, [(i + 1) % j == 0 for j in (1, 2, 3)])
    assert isinstance(data.y, np.memmap)
    assert (data.y.dtype, list(data.classes)) == (np.uint8, [0, 1, 2])
    assert data.thumbnails([3]).shape == (1, 64, 64, 3)
    again = load_data("labelled-images", folder=tmp_path)
    assert again.y.filename == data.y.filename
    few = load_data("labelled-images", folder=tmp_path, min_images=6)
    np.testing.assert_array_equal(few.y, data.y[:, :2])
    np.testing.assert_array_equal(few.y_test, data.y_test[:, :2])
    (tmp_path / "test.csv").write_text("ImageID,LabelName\ntest_1,other\n")
    unlike = load_data("labelled-images", folder=tmp_path)
    np.testing.assert_array_equal(unlike.y_test, [[0, 0, 0]])


def test_a_table_decides_which_images_there_are(tmp_path):
    """Those it lacks are left out; denied labels are none; lines may repeat."""
    write_labelled_images(tmp_path)
    table = "image,label,Confidence\n"
    table += "train_3,cat,1\ntrain_3,cat,1\ntrain_3,dog,0.5\ntrain_1,cat,0\n\n"
    (tmp_path / "mine.csv").write_text(table + "train_4,cat,1\n")
    names = {"image_column": "image", "label_column": "label"}
    test = {"test_images": "train", "test_labels": "mine.csv"}
    data = load_data(
        "labelled-images", folder=tmp_path, labels="mine.csv", **names, **test
    )
    np.testing.assert_array_equal(data.y, [[0, 0], [1, 1], [1, 0]])
    np.testing.assert_array_equal(data.y_test, data.y)
    np.testing.assert_array_equal(data.X_test[:, 0], [3, 4, 5])
    (tmp_path / "train" / "train_4.png").unlink()
    with pytest.warns(UserWarning, match="leaves out 1 of the 3 images of .*mine.csv"):
        data = load_data(
            "labelled-images", folder=tmp_path, labels="mine.csv", **names, **test
        )
    np.testing.assert_array_equal(data.y, [[0, 0], [1, 1]])


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        (None, {"labels": "no.csv"}, FileNotFoundError, "finds no .*no.csv'. Put into"),
        (None, {"images": "no"}, FileNotFoundError, "finds no .*no'. Put into .*train"),
        ("ImageId,LabelName", {}, ValueError, "'ImageID' in .* mean 'ImageId'?"),
        ("", {}, ValueError, "it has none. Name it by the options image_column"),
        ("ImageID,LabelName\ntrain_1", {}, ValueError, "line 2 of .*'train_1'"),
        (
            "ImageID,LabelName,Confidence\na,b,high",
            {},
            ValueError,
            "line 2 of .*'high'",
        ),
        ("ImageID,LabelName\nx.jpg,a", {}, ValueError, "none of the 1 .*'x.jpg'. Ima"),
        ("ImageID,LabelName\n", {}, ValueError, "none of the 0 .*train'. Images are"),
        ("ImageID,LabelName\ntrain_1,a", {}, ValueError, "two labels or more that 1 "),
        ("\ufeffImageID,LabelName,Confidence\ntrain_1,a,0", {}, ValueError, "0 of 0"),
        (None, {"min_images": 13}, ValueError, "that 13 images .* has 0 of 3"),
    ],
)
def test_messages_of_tables(text, options, error, message, tmp_path):
    write_labelled_images(tmp_path)
    if text is not None:
        (tmp_path / "train.csv").write_text(text)
    with pytest.raises(error, match=message):
        load_data("labelled-images", folder=tmp_path, **options)


def test_two_images_of_one_name_and_one_that_is_none(tmp_path):
    write_labelled_images(tmp_path)
    data = load_data("labelled-images", folder=tmp_path)
    image = tmp_path / "train" / "train_0.png"
    image.write_bytes(b"text")
    with pytest.raises(OSError, match="train_0.png' cannot be read as an .* Replace"):
        data.images[0]
    image.rename(tmp_path / "train" / "train_1.jpg")
    with pytest.raises(ValueError, match="different names; .*train_1.* have one"):
        load_data("labelled-images", folder=tmp_path)


# ---- thumbnails of arrays ------------------------------------------------------


def shown(X, rows):
    return DataSet("made up", X, None, None, None, None).thumbnails(rows)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 4, 6), (4, 6)),
        ((5, 1, 4, 6), (4, 6)),
        ((5, 3, 4, 6), (4, 6, 3)),
        ((5, 4, 6, 3), (4, 6, 3)),
        ((5, 4, 6, 1), (4, 6)),
        ((5, 4), None),
        ((5, 2, 4, 6), None),
        ((5, 1, 2, 3, 4), None),
    ],
)
def test_which_rows_are_images(shape, expected):
    X = np.arange(np.prod(shape)).reshape(shape).astype(np.uint8)
    pictures = shown(X, [3, 1])
    if expected is None:
        assert pictures is None
    else:
        assert pictures.shape == (2, *expected)
        assert pictures.dtype == np.uint8
        # The first colour of the second pixel of the first line.
        second = pictures[0, 0, 1].flat[0]
        is_last = shape[-1] in (1, 3)
        assert second == X[3].flat[shape[-1] if is_last else 1]


def test_numbers_within_one_keep_their_brightness_and_others_are_stretched():
    X = np.array([[[0.2, 0.4]], [[-3.0, 5.0]], [[7.0, 7.0]], [[0, 255.0]]])
    np.testing.assert_array_equal(
        shown(X, [0, 1, 2, 3])[:, 0], [[51, 102], [0, 255], [0, 0], [0, 255]]
    )
