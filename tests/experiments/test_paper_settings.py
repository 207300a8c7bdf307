"""The settings of published experiments, with small data and a small network."""

import inspect
from pathlib import Path

import numpy as np
import pytest

from modal_clustermargin import estimators
from modal_clustermargin.comparison import compare, read_settings, read_toml
from tests.datasets.make_data import (
    write_cifar10,
    write_cifar100,
    write_labelled_images,
    write_svhn,
)

FOLDER = Path(__file__).parents[2] / "experiments"
FILES = [*sorted((FOLDER / "papers").glob("*.toml")), FOLDER / "asvp" / "cifar10.toml"]
MODULES = {"vgg16": "VGG16", "resnet18": "ResNet18", "resnet101": "ResNet101"}


def write_embeddings(folder):
    rng = np.random.default_rng(0)
    for part, n in (("", 60), ("test_", 20)):
        np.save(folder / f"{part}embeddings.npy", rng.normal(size=(n, 8)))
        np.save(folder / f"{part}labels.npy", rng.integers(0, 2, (n, 4), np.uint8))


WRITERS = {
    "cifar10": write_cifar10,
    "cifar100": write_cifar100,
    "svhn": write_svhn,
    "labelled-images": write_labelled_images,
    "open-images": write_embeddings,
}


def test_files_are_found():
    assert len(FILES) == 8


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_one_round(path, tmp_path, monkeypatch):
    for module in ("cifar", "svhn"):  # torchvision knows the checksums of real files
        monkeypatch.setattr(
            f"torchvision.datasets.{module}.check_integrity",
            lambda path, md5=None: Path(path).is_file(),
        )
    settings = read_toml(path)
    data, model = settings["data"], settings["model"]
    WRITERS[data["name"]](tmp_path)
    data["folder"] = str(tmp_path)
    model |= {"max_epochs": 1, "batch_size": 8}
    if "linear_probe" in model:
        model["linear_probe"]["max_epochs"] = 1
    if data["name"] == "labelled-images":
        data["min_images"] = 1
        model |= {"image_size": 16, "mixed_precision": False}
    if model["name"] in MODULES:
        parameters = inspect.signature(getattr(estimators, MODULES[model["name"]]))
        model |= {"name": "small-resnet", "in_channels": 3}
        for option in {"batch_norm", "small_images"} & set(model):
            assert option in parameters.parameters
            del model[option]
    settings |= {"batch": 3, "rounds": 1, "n_initial": 4, "seeds": 1, "device": "cpu"}
    for strategy in settings["strategies"].values():
        strategy.pop("neighbors", None)
        if "n_partitions" in strategy:
            strategy["n_partitions"] = 2
    strategies = read_settings(settings).strategies
    rows = compare(settings, tmp_path / "out", verbose=False)
    assert {row["strategy"] for row in rows} == {*strategies}
    assert len(rows) == 2 * len(strategies)
