"""The experiments of the ASVP paper on a few random images."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from paper_experiments import SETUPS, asvp_experiment
from PIL import Image
from report import report
from results import ASVPResults
from rounds import asvp_methods, run_rounds
from sklearn.base import clone

from modal_clustermargin.comparison import Prices
from modal_clustermargin.estimators import (
    MLP,
    DatasetRows,
    NetworkClassifier,
    RateSchedule,
    ResNet18,
    ResNet50,
    SmallConvNet,
    WideResNet28x8,
)
from tests.datasets.make_data import (
    CLASSES,
    LABELS,
    N_TEST,
    N_TRAIN,
    write_cifar10,
    write_cifar100,
    write_image_net,
    write_pets,
)

WRITERS = {
    "image-folder": write_image_net,
    "cifar10": write_cifar10,
    "cifar100": write_cifar100,
    "pets": write_pets,
}
CIFAR_NAMES = ("cat", "dog", "hen")


@pytest.fixture(autouse=True)
def _any_file_is_whole(monkeypatch):
    """Accept any file; torchvision expects the checksums of the real CIFAR files."""
    there = "torchvision.datasets.cifar.check_integrity"
    monkeypatch.setattr(there, lambda path, md5=None: Path(path).is_file())


def make(name, folder, checkpoint=None, **arguments):
    if not any(folder.iterdir()):
        WRITERS[SETUPS[name]["data"]](folder)
    if name == "imagenet100":
        file = folder / "classes.txt"
        file.write_text("".join(f"{c} a fish\n" for c in reversed(CLASSES)))
        arguments["classes_file"] = file
    return asvp_experiment(name, folder, checkpoint, device="cpu", **arguments)


def with_small_network(network):
    settings = network.get_params(deep=False).items()
    kept = {name: value for name, value in settings if not name.startswith("module")}
    return NetworkClassifier(SmallConvNet, module__in_channels=3, **kept)


@pytest.mark.parametrize("name", SETUPS)
def test_every_part_runs(name, tmp_path):
    made = make(name, tmp_path, image_size=16, max_epochs=1, random_state=0)
    assert len(made.X) == len(made.y) == N_TRAIN
    assert len(made.X_test) == len(made.y_test) == N_TEST
    proxy = clone(made.proxy).fit(np.eye(8, dtype=np.float32), made.y[:8])
    assert proxy.predict_proba(np.eye(8, dtype=np.float32)).shape == (8, 3)
    for recipe in (made.lp_ft, made.fine_tuning):
        net = with_small_network(recipe).fit(made.X[:8], made.y[:8])
        assert len(net.history) == 1
        assert hasattr(net, "linear_probe_") == (recipe is made.lp_ft)
        assert set(net.predict(made.X_test)) <= set(made.y)


@pytest.mark.parametrize(
    ("name", "network", "prefixes", "width"),
    [
        (
            "imagenet",
            ResNet50,
            {"module.online_net.backbone.": -1, "module.target_net.backbone.": 1},
            2048,
        ),
        ("cifar10", ResNet18, {"backbone.": 1}, 512),
        ("cifar100", WideResNet28x8, {"backbone.": 1}, 512),
    ],
)
def test_checkpoints_of_the_authors(name, network, prefixes, width, tmp_path):
    """Of two networks in a checkpoint, the averaged one is loaded."""
    size = {"small_images": True} if network is ResNet18 else {}
    weights = {
        prefix + key: sign * (part.half() if part.is_floating_point() else part)
        for prefix, sign in prefixes.items()
        for key, part in network(2, **size).backbone.state_dict().items()
    }
    (tmp_path / "data").mkdir()
    torch.save({"epoch": 200, "state_dict": weights}, tmp_path / "checkpoint")
    made = make(name, tmp_path / "data", tmp_path / "checkpoint", image_size=32)
    net = clone(made.fine_tuning).set_params(max_epochs=0)
    net.fit(made.X[:2], made.y[:2])
    assert not net.module_.loaded.missing
    assert "online" not in net.module_.loaded.prefix
    assert net.embed(made.X[:2]).shape == (2, width)


def test_rounds_and_report(tmp_path):
    made = make("cifar10", tmp_path, image_size=8, max_epochs=1, random_state=0)
    made = dataclasses.replace(
        made,
        lp_ft=with_small_network(made.lp_ft),
        fine_tuning=with_small_network(made.fine_tuning),
        budgets=(6, 3, 3),
        evaluate_at=(9, 12),
    )
    rows = []
    for method, strategy in asvp_methods(made, 0, switch_at=9).items():
        rows += run_rounds(made, strategy, method=method, seed=0)
    assert [row["n_labels"] for row in rows] == [6, 9, 12] * 4
    results = ASVPResults(rows, switch_at=9)
    np.testing.assert_array_equal(results.n_labels, [9, 12])
    assert "ASVP refreshes features" in report(results, Prices(0.05, 3.0))


class TestImages:
    @pytest.mark.parametrize("name", ["imagenet", "pets"])
    def test_labels_are_those_of_the_images(self, name, tmp_path):
        made = make(name, tmp_path)
        images = made.fine_tuning.predict_transform.dataset
        classes = list(made.proxy.classes)
        rows = np.concatenate([made.X, made.X_test])[:, 0]
        np.testing.assert_array_equal(rows, np.arange(N_TRAIN + N_TEST))
        found = [classes[images[row][1]] for row in rows]
        np.testing.assert_array_equal(found, [*made.y, *made.y_test])

    @pytest.mark.parametrize("name", ["cifar10", "cifar100"])
    def test_labels_of_cifar(self, name, tmp_path):
        made = make(name, tmp_path)
        for y, labels in zip((made.y, made.y_test), LABELS, strict=True):
            np.testing.assert_array_equal(y, np.array(CIFAR_NAMES)[labels])

    def test_classes_of_a_file(self, tmp_path):
        write_image_net(tmp_path)
        file = tmp_path / "two.txt"
        file.write_text(f"{CLASSES[2]} shark\n\n{CLASSES[0]} tench\n")
        made = asvp_experiment("imagenet100", tmp_path, classes_file=file)
        assert list(made.proxy.classes) == [CLASSES[0], CLASSES[2]]
        assert sorted(made.y) == [CLASSES[0]] * 4 + [CLASSES[2]] * 4
        images = made.lp_ft.train_transform.dataset
        for (row,), label in zip(made.X, made.y, strict=True):
            assert CLASSES[images[row][1]] == label

    @pytest.mark.parametrize("name", SETUPS)
    def test_prediction_is_fixed_and_training_is_random(self, name, tmp_path):
        net = make(name, tmp_path).fine_tuning
        size = 32 if SETUPS[name]["predict"] == "as it is" else 224
        transforms = [net.predict_transform, net.train_transform]
        transforms = [
            each.transform if isinstance(each, DatasetRows) else each
            for each in transforms
        ]
        pixels = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
        image = Image.fromarray(pixels)
        predict, train = transforms
        assert predict(image).shape == train(image).shape == (3, size, size)
        assert predict(image).dtype == torch.float32
        assert torch.equal(predict(image), predict(image))
        assert any(not torch.equal(train(image), train(image)) for _ in range(3))
        means = {"cifar10": (0.4914, 0.2470), "cifar100": (0.5071, 0.2675)}
        mean, std = means.get(name.removesuffix("-lp-ft"), (0.485, 0.229))
        grey = predict(Image.fromarray(np.full((size, size, 3), 51, np.uint8)))
        np.testing.assert_allclose(grey[0], (0.2 - mean) / std, rtol=1e-4)

    def test_predictions_see_the_center(self, tmp_path):
        """The bright center of an image is more of a crop than of a resized image."""
        pixels = np.zeros((448, 448, 3), np.uint8)
        pixels[112:-112, 112:-112] = 255
        bright = {}
        for name in ("imagenet100", "imagenet"):
            transform = make(name, tmp_path).fine_tuning.predict_transform.transform
            bright[name] = (transform(Image.fromarray(pixels)) > 0).float().mean()
        assert bright["imagenet100"] == 1
        assert bright["imagenet"] == pytest.approx((128 / 224) ** 2, rel=0.02)


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "n_rounds", "n_labels", "first", "n_evaluations", "n_seeds"),
        [
            ("imagenet", 16, 400_000, 20_000, 15, 3),
            ("imagenet100", 16, 40_000, 2_000, 15, 3),
            ("cifar10", 10, 2_000, 200, 10, 5),
            ("cifar10-lp-ft", 10, 2_000, 600, 8, 5),
            ("cifar10-224", 10, 2_000, 200, 10, 3),
            ("cifar100", 8, 4_000, 500, 8, 5),
            ("pets", 10, 2_000, 200, 10, 3),
        ],
    )
    def test_rounds(
        self, name, n_rounds, n_labels, first, n_evaluations, n_seeds, tmp_path
    ):
        made = make(name, tmp_path)
        assert (len(made.budgets), sum(made.budgets)) == (n_rounds, n_labels)
        assert (made.evaluate_at[0], made.evaluate_at[-1]) == (first, n_labels)
        assert (len(made.evaluate_at), made.n_seeds) == (n_evaluations, n_seeds)

    @pytest.mark.parametrize(
        ("name", "part", "rates", "batch_size", "weight_decay", "n_epochs"),
        [
            ("imagenet", "fine_tuning", (0.01, 0.1), 128, 1e-4, 50),
            ("imagenet", "proxy", (0.1, None), 2048, 0, 50),
            ("cifar10", "fine_tuning", (0.3, None), 128, 3e-4, 100),
            ("cifar10", "proxy", (0.3, None), 128, 3e-4, 100),
            ("cifar10", "lp_ft", (0.3, None), 128, 3e-4, 120),
            ("cifar10-lp-ft", "lp_ft", (1e-4, 0.1), 256, 0, 40),
            ("cifar10-224", "fine_tuning", (0.1, None), 256, 0, 130),
            ("cifar100", "fine_tuning", (1e-3, None), 100, 3e-4, 200),
        ],
    )
    def test_numbers_of_the_public_code(
        self, name, part, rates, batch_size, weight_decay, n_epochs
    ):
        net = NetworkClassifier(MLP, **SETUPS[name][part])
        assert (net.lr, net.head_lr) == rates
        assert (net.batch_size, net.max_epochs) == (batch_size, n_epochs)
        assert net.optimizer__weight_decay == weight_decay

    def test_probes_of_the_public_code(self):
        probe = SETUPS["cifar10"]["lp_ft"]["linear_probe"]
        assert (probe.lr, probe.max_epochs, probe.batch_size) == (0.5, 10, 128)
        probe = SETUPS["cifar10-lp-ft"]["lp_ft"]["linear_probe"]
        assert (probe.lr, probe.max_epochs, probe.batch_size) == (10, 80, 256)

    def test_optimizer(self, tmp_path):
        made = make("cifar10", tmp_path)
        for net in (made.lp_ft, made.fine_tuning, made.proxy):
            assert net.optimizer is torch.optim.SGD
            assert (net.optimizer__momentum, net.optimizer__nesterov) == (0.9, True)

    def test_rates_fall_after_epochs_60_and_80(self):
        for name, part in (
            ("cifar10", "fine_tuning"),
            ("cifar10", "lp_ft"),
            ("cifar10-224", "fine_tuning"),
        ):
            training = SETUPS[name][part]
            schedule = RateSchedule(training["schedule"]).initialize().factor_
            factors = [
                schedule(epoch / training["max_epochs"]) for epoch in (59, 60, 79, 80)
            ]
            np.testing.assert_allclose(factors, [1, 0.1, 0.1, 0.01], err_msg=name)

    def test_fewer_epochs(self, tmp_path):
        made = make("cifar10", tmp_path, max_epochs=5)
        networks = (made.lp_ft, made.fine_tuning, made.proxy)
        assert [net.max_epochs for net in networks] == [5, 5, 5]
        assert made.lp_ft.linear_probe.max_epochs == 5
        assert make("cifar10", tmp_path).lp_ft.linear_probe.max_epochs == 10


class TestMessages:
    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("imagenet", "folders train and test"),
            ("cifar10", "cifar-10-batches-py, as cifar-10-python.tar.gz"),
            ("cifar100", "cifar-100-python, as cifar-100-python.tar.gz"),
            ("pets", "oxford-iiit-pet, with images and annotations"),
        ],
    )
    def test_missing_data(self, name, wanted, tmp_path):
        with pytest.raises(FileNotFoundError, match=f"Put into .*{wanted}"):
            asvp_experiment(name, tmp_path)

    def test_classes_files(self, tmp_path):
        write_image_net(tmp_path)
        with pytest.raises(ValueError, match="needs classes_file, .* got None for"):
            asvp_experiment("imagenet100", tmp_path)
        file = tmp_path / "classes.txt"
        with pytest.raises(ValueError, match=r"classes.txt for 'pets'"):
            asvp_experiment("pets", tmp_path, classes_file=file)
        file.write_text(f"{CLASSES[0]} a\n{CLASSES[0]} b\nn01 c\n")
        with pytest.raises(ValueError, match=r"3 lines with 2 names, 1 of which"):
            asvp_experiment("imagenet100", tmp_path, classes_file=file)

    def test_unknown_experiment(self, tmp_path):
        with pytest.raises(ValueError, match="no experiment 'svhn'; it has 'imagenet'"):
            asvp_experiment("svhn", tmp_path)
