"""The settings of published experiments, in miniature, on made-up data."""

from pathlib import Path

import numpy as np
import pytest

from modal_clustermargin.comparison import compare, read_settings, read_toml
from tests.datasets.make_data import (
    write_cifar10,
    write_cifar100,
    write_labelled_images,
    write_svhn,
)

FILES = sorted((Path(__file__).parents[2] / "experiments" / "papers").glob("*.toml"))
WRITERS = {
    "cifar10": write_cifar10,
    "cifar100": write_cifar100,
    "svhn": write_svhn,
    "labelled-images": write_labelled_images,
}


def write_embeddings(folder):
    rng = np.random.default_rng(0)
    for part, n in (("", 60), ("test_", 20)):
        np.save(folder / f"{part}embeddings.npy", rng.normal(size=(n, 8)))
        np.save(folder / f"{part}labels.npy", rng.integers(0, 2, (n, 4), np.uint8))
    return folder


def test_files_are_found():
    assert len(FILES) == 8


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_round_in_miniature(path, tmp_path, monkeypatch):
    for module in ("cifar", "svhn"):  # whose sums torchvision knows
        monkeypatch.setattr(
            f"torchvision.datasets.{module}.check_integrity",
            lambda path, md5=None: Path(path).is_file(),
        )
    settings = read_toml(path)
    full = read_settings(settings)
    write = WRITERS.get(full.data["name"], write_embeddings)
    (tmp_path / "data").mkdir()
    settings["data"]["folder"] = str(write(tmp_path / "data"))
    # At the lr of batches of 128, a deep network diverges on batches of four.
    settings["model"] |= {"max_epochs": 1, "batch_size": 4, "lr": 1e-5}
    if full.data["name"] == "labelled-images":
        settings["data"]["min_images"] = 1
        settings["model"] |= {"image_size": 32, "mixed_precision": False}
    settings |= {"batch": 3, "rounds": 1, "n_initial": 4, "seeds": 1, "device": "cpu"}
    for strategy in settings["strategies"].values():
        strategy.pop("neighbors", None)
        if "n_partitions" in strategy:
            strategy["n_partitions"] = 2
    if path.stem.endswith(("cifar100", "svhn", "open_images_1m")):
        # Others like these have all strategies.
        name = "cluster-margin"
        settings["strategies"] = {name: settings["strategies"][name]}
        settings["without"] = ["random", "margin"]
    strategies = read_settings(settings).strategies
    rows = compare(settings, tmp_path / "out", verbose=False)
    assert {row["strategy"] for row in rows} == {*strategies}
    assert len(rows) == 2 * len(strategies)
