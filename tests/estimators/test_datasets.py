"""Samples of a torch Dataset, and transforms of each sample."""

import numpy as np
import pytest
import torch
from PIL import Image
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
)
from torchvision.transforms import v2

from modal_clustermargin.estimators import MLP, NetworkClassifier, SmallConvNet

SCALED = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


class Pictures(Dataset):
    """Grey images as a file reader returns them, all or some with labels."""

    def __init__(self, X, y, with_labels=True):
        self.X, self.y, self.with_labels = X, y, with_labels

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        image = Image.fromarray(self.X[row])
        return (image, self.y[row]) if self.with_labels else image


@pytest.fixture
def bytes_and_labels(digits):
    X, y = digits
    return (X[:60, 0] * 255).round().astype(np.uint8), y[:60]


@pytest.fixture
def conv():
    return NetworkClassifier(SmallConvNet, max_epochs=2, random_state=0)


def test_a_dataset_and_its_array_predict_the_same(blobs, net):
    X, y = (torch.tensor(part) for part in blobs)
    net.fit(X, y)
    for dataset in (TensorDataset(X, y), TensorDataset(X)):
        np.testing.assert_array_equal(net.predict_proba(dataset), net.predict_proba(X))
        np.testing.assert_array_equal(net.predict(dataset), net.predict(X))
        np.testing.assert_array_equal(net.embed(dataset), net.embed(X))


def test_labels_come_from_the_dataset_or_from_y(blobs, net):
    X, y = (torch.tensor(part) for part in blobs)
    names = np.array(["a", "b", "c"])[y]
    with_labels = net.fit(TensorDataset(X, y)).predict_proba(X)
    assert net.classes_.tolist() == [0, 1, 2]
    assert net.n_features_in_ == 4
    given = net.fit(TensorDataset(X), names).predict_proba(X)
    assert net.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(given, with_labels)


class Merging(Dataset):
    """Gives class 1 for one row only of class 2, as a target_transform may."""

    def __init__(self, X, y):
        self.X, self.targets = X, y

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        return self.X[row], 3 if row == 50 else self.targets[row]


@pytest.mark.parametrize("wrap", [Dataset.__add__, Subset, None])
def test_labels_are_those_of_the_samples(wrap, blobs, net):
    dataset = Merging(*blobs)
    if wrap is Subset:
        dataset = Subset(dataset, np.arange(90))
    elif wrap is not None:
        dataset = wrap(dataset, dataset)
    net.set_params(max_epochs=0).fit(dataset)
    assert net.classes_.tolist() == [0, 1, 2, 3]


def test_labels_of_a_validation_set_are_those_of_the_samples(blobs, net):
    X, y = blobs
    net.set_params(max_epochs=1, train_split=predefined_split(Merging(X, y)))
    with pytest.raises(ValueError, match=r"not among the classes: \[3\]"):
        net.fit(X, y)


def test_targets_that_are_not_the_labels(blobs, net):
    """As in a torchvision data set with a target_transform."""
    X, y = blobs
    dataset = TensorDataset(torch.tensor(X), torch.tensor(y % 2))
    dataset.targets = y.tolist()
    assert net.set_params(max_epochs=0).fit(dataset).classes_.tolist() == [0, 1]


def test_a_dataset_that_draws_does_not_change_the_generators(blobs, net):
    class Shaking(TensorDataset):
        def __getitem__(self, row):
            X, y = super().__getitem__(row)
            return X + torch.randn(4), y

    dataset = Shaking(*map(torch.tensor, blobs))
    before = torch.get_rng_state()
    first = net.fit(dataset).predict_proba(dataset)
    np.testing.assert_array_equal(net.fit(dataset).predict_proba(dataset), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert net.forward(dataset).shape == (90, 3)


def test_a_transform_may_repair_invalid_samples(blobs, net):
    X, y = blobs[0].copy(), blobs[1]
    X[3, 1] = np.nan
    net.set_params(predict_transform=torch.nan_to_num).fit(X, y)
    assert np.isfinite(net.predict_proba(X)).all()
    net.set_params(predict_transform=torch.clone)
    with pytest.raises(ValueError, match="row 3"):
        net.fit(X, y)


def test_validation_on_a_dataset_of_the_user(blobs, net):
    X, y = blobs
    names = np.array(["a", "b", "c"])
    rows, labels = torch.tensor(X[:30]), torch.tensor(y[:30])
    held_out = TensorDataset(rows, labels + 5)
    net.set_params(train_split=predefined_split(held_out)).fit(X[30:], y[30:] + 5)
    expected = nn.functional.nll_loss(
        torch.tensor(net.predict_proba(rows)).log(), labels
    )
    assert net.history[-1, "valid_loss"] == pytest.approx(expected.item(), rel=1e-4)
    with pytest.raises(ValueError, match="not among the classes"):
        net.fit(X[30:], names[y[30:]])


def test_images_of_files(bytes_and_labels, conv):
    X, y = bytes_and_labels
    conv.set_params(predict_transform=SCALED).fit(Pictures(X, y))
    expected = conv.predict_proba(X[:, None])
    np.testing.assert_array_equal(conv.predict_proba(Pictures(X, y)), expected)
    without = Pictures(X, y, with_labels=False)
    np.testing.assert_array_equal(conv.embed(without), conv.embed(X[:, None]))


def test_a_transform_sees_each_sample_in_its_own_dtype(bytes_and_labels, conv):
    X, y = bytes_and_labels
    seen = set()

    def scaled(image):
        seen.add((image.dtype, tuple(image.shape)))
        return image / 255

    found = conv.set_params(predict_transform=scaled).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(conv.predict_proba(torch.tensor(X)), found)
    assert seen == {(torch.uint8, (8, 8))}
    conv.set_params(predict_transform=None)
    np.testing.assert_array_equal(conv.predict_proba(X / np.float32(255)), found)


def test_augmentation_is_for_training_and_follows_the_seed(bytes_and_labels, conv):
    X, y = bytes_and_labels
    X = X[:, None]
    augmented = v2.Compose([v2.RandomCrop(8, padding=2), SCALED])
    before = torch.get_rng_state()
    plain = conv.set_params(predict_transform=SCALED).fit(X, y).predict_proba(X)
    conv.set_params(train_transform=augmented)
    first = conv.fit(X, y).predict_proba(X)
    assert not np.array_equal(first, plain)
    np.testing.assert_array_equal(conv.predict_proba(X), first)
    np.testing.assert_array_equal(conv.fit(X, y).predict_proba(X), first)
    assert torch.equal(torch.get_rng_state(), before)


def test_images_of_many_sizes(conv):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (9 + i, 12), dtype=np.uint8) for i in range(8)]
    dataset = Pictures(images, np.arange(8) % 2)
    cut = v2.Compose([v2.RandomCrop(8), SCALED])
    middle = v2.Compose([v2.CenterCrop(8), SCALED])
    conv.set_params(train_transform=cut, predict_transform=middle).fit(dataset)
    assert conv.predict(dataset).shape == (8,)
    conv.set_params(train_transform=None, predict_transform=SCALED)
    with pytest.raises(ValueError, match=r"sample \d of X has .* Crop or resize"):
        conv.fit(dataset)


def test_the_data_loader_of_torch_reads_the_same_rows(bytes_and_labels, conv):
    X, y = bytes_and_labels
    conv.set_params(predict_transform=SCALED).fit(Pictures(X, y))
    expected = conv.predict_proba(Pictures(X, y))
    conv.set_params(iterator_valid=DataLoader, iterator_train=DataLoader)
    np.testing.assert_array_equal(conv.predict_proba(Pictures(X, y)), expected)
    conv.fit(Pictures(X, y), sample_weight=np.linspace(0.2, 0.8, 60))
    assert conv.predict(X[:, None]).shape == (60,)


class Endless(IterableDataset):
    def __iter__(self):
        yield from ()


@pytest.mark.parametrize(
    ("dataset", "error", "message"),
    [
        (Endless(), TypeError, "with a length.*Endless"),
        (TensorDataset(torch.zeros(0, 4)), ValueError, r"0 sample\(s\)"),
        (TensorDataset(torch.zeros(9, 4)), ValueError, "have no labels"),
        (
            TensorDataset(torch.full((9, 4), torch.nan), torch.arange(9)),
            ValueError,
            "NaN.* row 0",
        ),
        (
            Pictures(np.zeros((9, 8, 8), np.uint8), np.arange(9)),
            TypeError,
            "Sample 0 of X is a Image.*predict_transform=.*ToTensor",
        ),
    ],
)
def test_messages(dataset, error, message):
    with pytest.raises(error, match=message):
        NetworkClassifier(MLP, max_epochs=1).fit(dataset)


def test_nan_in_the_middle_of_a_dataset(net):
    X = torch.zeros(50, 4)
    X[33, 2] = torch.inf
    with pytest.raises(ValueError, match=r"infinity .* in row 33"):
        net.fit(TensorDataset(X, torch.arange(50) % 2))


def test_other_samples_than_at_fit(blobs, net):
    net.fit(*blobs)
    with pytest.raises(ValueError, match="X has 5 features"):
        net.embed(TensorDataset(torch.zeros(9, 5)))
