import numpy as np
import pytest
from PIL import Image

from modal_clustermargin.datasets import load_data
from tests.datasets.make_data import image_of, write_labelled_images


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


def test_images_without_a_line_in_the_table_are_left_out(tmp_path):
    """A confidence of 0 denies the label, and lines may repeat."""
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
        ("", {}, ValueError, "it has none. The options image_column"),
        ("ImageID,LabelName\ntrain_1", {}, ValueError, "line 2 of .*'train_1'"),
        (
            "ImageID,LabelName,Confidence\na,b,high",
            {},
            ValueError,
            "line 2 of .*'high'",
        ),
        ("ImageID,LabelName\nx.jpg,a", {}, ValueError, "none of the 1 .*'x.jpg'. The"),
        ("ImageID,LabelName\n", {}, ValueError, "none of the 0 .*train'. The table"),
        ("ImageID,LabelName\ntrain_1,a", {}, ValueError, "at least two labels with 1 "),
        ("\ufeffImageID,LabelName,Confidence\ntrain_1,a,0", {}, ValueError, "0 of 0"),
        (None, {"min_images": 13}, ValueError, "with 13 images .* has 0 of 3"),
    ],
)
def test_messages_of_tables(text, options, error, message, tmp_path):
    write_labelled_images(tmp_path)
    if text is not None:
        (tmp_path / "train.csv").write_text(text)
    with pytest.raises(error, match=message):
        load_data("labelled-images", folder=tmp_path, **options)


def test_duplicate_names_and_unreadable_images(tmp_path):
    write_labelled_images(tmp_path)
    data = load_data("labelled-images", folder=tmp_path)
    image = tmp_path / "train" / "train_0.png"
    image.write_bytes(b"text")
    with pytest.raises(OSError, match="train_0.png' cannot be read as an .* Replace"):
        data.images[0]
    image.rename(tmp_path / "train" / "train_1.jpg")
    with pytest.raises(ValueError, match="different names; .*train_1.* have the same"):
        load_data("labelled-images", folder=tmp_path)
