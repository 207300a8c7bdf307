from pathlib import Path

import numpy as np
import pytest

from modal_clustermargin.datasets import load_data
from tests.datasets.make_data import (
    LABELS,
    N_TEST,
    N_TRAIN,
    pixels,
    write_cifar10,
    write_cifar100,
    write_svhn,
)

WRITERS = {"cifar10": write_cifar10, "cifar100": write_cifar100, "svhn": write_svhn}


@pytest.fixture(autouse=True)
def _any_file_is_whole(monkeypatch):
    """Accept any file; torchvision expects the checksums of the real files."""
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
def test_download_is_an_option(name, tmp_path, monkeypatch):
    kind = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "svhn": "SVHN"}[name]
    asked = []
    monkeypatch.setattr(
        f"torchvision.datasets.{kind}.download",
        lambda self: asked.append(WRITERS[name](tmp_path)) if not asked else None,
    )
    wanted = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}
    wanted = wanted.get(name, "train_32x32.mat")
    message = f"{name!r} are missing or incomplete in .*Put into .*{wanted}"
    with pytest.raises(FileNotFoundError, match=message):
        load_data(name, folder=tmp_path)
    assert not asked
    assert len(load_data(name, folder=tmp_path, download=True).y) == N_TRAIN
    assert asked
