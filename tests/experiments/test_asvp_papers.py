"""Each experiment of the ASVP paper, on a few made-up images and random weights."""

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from _asvp_papers import asvp_experiment
from _asvp_report import report
from _asvp_results import ASVPResults
from _asvp_runs import asvp_methods, run_rounds
from sklearn.base import clone

from modal_clustermargin import RandomSampling
from modal_clustermargin.comparison import Prices
from modal_clustermargin.estimators import (
    DeferredFit,
    LinearProbe,
    ResNet18,
    ResNet50,
    WideResNet28x8,
)
from modal_clustermargin.learners import ActiveLearner
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

NAMES = {  # writer of data, checkpoint, side of images
    "imagenet": (write_image_net, "BYOL-EMAN", 32),
    "imagenet100": (write_image_net, "BYOL-EMAN", 32),
    "cifar10": (write_cifar10, "SimSiam", 16),
    "cifar10-lp-ft": (write_cifar10, "SimSiam", 16),
    "cifar10-224": (write_cifar10, "BYOL-EMAN", 32),
    "cifar100": (write_cifar100, "SimSiam, wide", 8),
    "pets": (write_pets, "BYOL-EMAN", 32),
}


@pytest.fixture(autouse=True)
def _any_file_is_whole(monkeypatch):
    """torchvision compares the files of CIFAR with the sums of the real ones."""
    there = "torchvision.datasets.cifar.check_integrity"
    monkeypatch.setattr(there, lambda path, md5=None: Path(path).is_file())


@pytest.fixture(autouse=True)
def _one_thread():
    """Two wait for each other on images as small as these."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def tamed(network):
    """The last norm of each block made small: rates are those for learned weights."""
    last_norms = {ResNet50: ".bn3.weight", ResNet18: ".bn2.weight"}
    found = network.backbone.state_dict()
    for name, part in found.items():
        if name.endswith(last_norms.get(type(network), ".conv2.weight")):
            part *= 0.1
    return found


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Random weights under the prefixes of the authors, in half precision."""
    folder = tmp_path_factory.mktemp("checkpoints")
    layouts = {
        "BYOL-EMAN": (
            ResNet50(2),
            {"module.online_net.backbone.": -1, "module.target_net.backbone.": 1},
        ),
        "SimSiam": (ResNet18(2, small_images=True), {"backbone.": 1}),
        "SimSiam, wide": (WideResNet28x8(2), {"backbone.": 1}),
    }
    for name, (network, prefixes) in layouts.items():
        found = tamed(network).items()
        stored = {
            prefix + key: sign * (part.half() if part.is_floating_point() else part)
            for prefix, sign in prefixes.items()
            for key, part in found
        }
        torch.save({"epoch": 200, "state_dict": stored}, folder / name)
    return folder


def make(name, data, checkpoint=None, **arguments):
    if name == "imagenet100":
        classes = data / "classes.txt"
        classes.write_text("".join(f"{c} a fish\n" for c in reversed(CLASSES)))
        arguments["classes_file"] = classes
    return asvp_experiment(name, data, checkpoint, device="cpu", **arguments)


@pytest.mark.parametrize("name", NAMES)
def test_every_part_runs(name, checkpoints, tmp_path):
    write, weights, size = NAMES[name]
    made = make(
        name,
        write(tmp_path),
        checkpoints / weights,
        image_size=size,
        max_epochs=1,
        random_state=0,
    )
    assert made.X.shape == (N_TRAIN, 1)
    assert made.X_test.shape == (N_TEST, 1)
    embedder = clone(made.fine_tuning).set_params(max_epochs=0)
    embedder.fit(made.X[:2], made.y[:2])
    assert not embedder.module_.loaded.missing
    assert "online" not in embedder.module_.loaded.prefix
    features = embedder.embed(made.X)
    assert features.shape == (N_TRAIN, 2048 if weights == "BYOL-EMAN" else 512)
    proxy = clone(made.proxy).fit(features[:8], made.y[:8])
    assert proxy.predict_proba(features[8:]).shape == (N_TRAIN - 8, len(CLASSES))
    for recipe in (made.lp_ft, made.fine_tuning):
        net = clone(recipe).fit(made.X[:8], made.y[:8])
        assert len(net.history) == 1
        assert hasattr(net, "linear_probe_") == (recipe is made.lp_ft)
        assert np.isfinite(net.predict_proba(made.X_test)).all()
        assert set(net.predict(made.X_test)) <= {0, 1, 2}


def test_a_learner_that_waits(tmp_path):
    made = make("cifar10", write_cifar10(tmp_path), image_size=8, max_epochs=1)
    learner = ActiveLearner(
        DeferredFit(made.lp_ft), RandomSampling(), made.X[:4], made.y[:4]
    )
    indices, rows = learner.query(made.X[4:], n_instances=4)
    learner.teach(rows, made.y[4:][indices])
    assert learner.estimator.is_pending_
    assert 0 <= learner.score(made.X_test, made.y_test) <= 1


@pytest.fixture
def cifar10(tmp_path):
    return make("cifar10", write_cifar10(tmp_path))


def test_rounds_of_all_methods_come_to_a_report(tmp_path):
    write_cifar10(tmp_path)
    experiment = make("cifar10", tmp_path, image_size=16, max_epochs=1, random_state=0)
    budgets = {"budgets": (6, 3, 3), "evaluate_at": (9, 12)}
    experiment = dataclasses.replace(experiment, **budgets)
    rows = []
    for method, strategy in asvp_methods(experiment, 0, switch_at=9).items():
        rows += run_rounds(experiment, strategy, method=method, seed=0)
    assert [row["n_labels"] for row in rows] == [6, 9, 12] * 4
    results = ASVPResults(rows, switch_at=9)
    np.testing.assert_array_equal(results.n_labels, [9, 12])
    assert "Features refreshed at" in report(results, Prices(0.05, 3.0))


class TestImagesAndLabels:
    @pytest.mark.parametrize("name", NAMES)
    def test_labels_are_those_of_the_images(self, name, tmp_path):
        made = make(name, NAMES[name][0](tmp_path))
        images = made.proxy.classes, made.fine_tuning.predict_transform.dataset
        assert images[0] == range(3)
        together = [images[1][row][1] for row in range(N_TRAIN + N_TEST)]
        np.testing.assert_array_equal(together, [*made.y, *made.y_test])
        np.testing.assert_array_equal(made.X_test[:, 0], N_TRAIN + np.arange(N_TEST))
        expected = [sorted(labels) for labels in LABELS]
        assert [sorted(made.y), sorted(made.y_test)] == expected

    def test_classes_of_a_file_are_numbered_in_its_order(self, tmp_path):
        write_image_net(tmp_path)
        file = tmp_path / "two.txt"
        file.write_text(f"{CLASSES[2]} shark\n\n{CLASSES[0]} tench\n")
        made = asvp_experiment("imagenet100", tmp_path, classes_file=file)
        assert made.proxy.classes == range(2)
        assert sorted(made.y) == [0] * 4 + [1] * 4
        files = [
            path for path, _ in made.lp_ft.train_transform.dataset.datasets[0].imgs
        ]
        assert [CLASSES[2] in path for path in files] == (made.y == 0).tolist()

    def test_training_is_turned_and_prediction_is_not(self, cifar10):
        row = torch.tensor([3])
        seen = [cifar10.fine_tuning.predict_transform(row) for _ in range(2)]
        assert torch.equal(*seen)
        shifted = [cifar10.fine_tuning.train_transform(row) for _ in range(4)]
        assert not all(torch.equal(shifted[0], each) for each in shifted)


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
        made = make(name, NAMES[name][0](tmp_path))
        assert (len(made.budgets), sum(made.budgets)) == (n_rounds, n_labels)
        assert (made.evaluate_at[0], made.evaluate_at[-1]) == (first, n_labels)
        assert (len(made.evaluate_at), made.n_seeds) == (n_evaluations, n_seeds)

    @pytest.mark.parametrize("name", NAMES)
    def test_the_table_says_where_they_come_from(self, name, tmp_path):
        made = make(name, NAMES[name][0](tmp_path))
        line = next(
            line
            for line in asvp_experiment.__doc__.splitlines()
            if line.strip().startswith(f'"{name}"')
        )
        *parts, n_seeds, of_seeds = line.split()[-7:]
        assert [*parts, of_seeds] == [source[0] for source in made.sources.values()]
        assert int(n_seeds) == made.n_seeds

    def test_epochs_of_the_paper_stay_as_they_are(self, cifar10):
        assert cifar10.lp_ft.linear_probe.max_epochs == 10
        assert cifar10.lp_ft.max_epochs == 120
        assert cifar10.fine_tuning.max_epochs == cifar10.proxy.max_epochs == 100

    def test_fewer_epochs_and_another_probe(self, tmp_path):
        probe = LinearProbe(max_epochs=70)
        made = make(
            "cifar10", write_cifar10(tmp_path), max_epochs=30, linear_probe=probe
        )
        networks = (made.lp_ft, made.fine_tuning, made.proxy)
        assert [net.max_epochs for net in networks] == [30, 30, 30]
        assert made.lp_ft.linear_probe is probe
        assert probe.max_epochs == 70
        assert made.fine_tuning.linear_probe is None

    def test_it_is_a_record_that_can_be_pickled(self, cifar10):
        again = pickle.loads(pickle.dumps(cifar10.lp_ft))
        row = torch.tensor([0])
        expected = cifar10.lp_ft.predict_transform(row)
        assert torch.equal(again.predict_transform(row), expected)
        with pytest.raises(AttributeError):
            cifar10.name = "other"


class TestMessages:
    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("imagenet", "Put there folders train and val"),
            ("imagenet100", "'imagenet100' are not .* folders train and val"),
            ("cifar10", "cifar-10-batches-py, as cifar-10-python.tar.gz"),
            ("cifar100", "cifar-100-python, as cifar-100-python.tar.gz"),
            ("pets", "oxford-iiit-pet, with images and annotations"),
        ],
    )
    def test_data_that_are_not_there(self, name, wanted, tmp_path):
        with pytest.raises(FileNotFoundError, match=wanted):
            make(name, tmp_path)

    def test_a_file_that_is_missing(self, tmp_path):
        write_cifar10(tmp_path)
        (tmp_path / "cifar-10-batches-py" / "data_batch_3").unlink()
        with pytest.raises(FileNotFoundError, match="'cifar10' are not whole in"):
            make("cifar10", tmp_path)

    def test_other_classes_to_test_on(self, tmp_path):
        write_image_net(tmp_path)
        (tmp_path / "val" / CLASSES[0]).rename(tmp_path / "val" / "n09999999")
        with pytest.raises(ValueError, match="2 are in one of them alone.*n01440764"):
            make("imagenet", tmp_path)

    def test_classes_files(self, tmp_path):
        write_image_net(tmp_path)
        with pytest.raises(ValueError, match="wants classes_file=, a text file"):
            asvp_experiment("imagenet100", tmp_path)
        file = tmp_path / "classes.txt"
        file.write_text("n01 a\nn01 b\n")
        with pytest.raises(ValueError, match="each once; got 2 lines with 1 names"):
            asvp_experiment("imagenet100", tmp_path, classes_file=file)
        with pytest.raises(ValueError, match=r"alone; got .*classes.txt' for 'pets'"):
            asvp_experiment("pets", tmp_path, classes_file=file)

    def test_no_such_experiment(self, tmp_path):
        with pytest.raises(ValueError, match="no 'svhn'; it has 'imagenet', 'imagen"):
            asvp_experiment("svhn", tmp_path)

    def test_a_checkpoint_of_another_network(self, checkpoints, tmp_path):
        made = make("cifar10", write_cifar10(tmp_path), checkpoints / "BYOL-EMAN")
        with pytest.raises(ValueError, match="BYOL-EMAN (is of another|has)"):
            clone(made.fine_tuning).fit(made.X, made.y)
