"""Pools of row numbers of a Dataset."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.base import clone
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.transforms import v2

from modal_clustermargin import MarginSampling
from modal_clustermargin.estimators import DatasetRows, NetworkClassifier, SmallConvNet
from modal_clustermargin.learners import ActiveLearner

SCALED = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
SHIFTED = v2.Compose([v2.RandomCrop(8, padding=1), SCALED])


class Pictures(Dataset):
    def __init__(self, X, y):
        self.X, self.y, self.n_read = X, y, 0

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        self.n_read += 1
        return Image.fromarray(self.X[row]), self.y[row]


@pytest.fixture
def pictures(digits):
    X, y = digits
    return Pictures((X[:80, 0] * 255).round().astype(np.uint8), y[:80])


@pytest.fixture
def rows():
    return np.arange(80).reshape(-1, 1)


@pytest.fixture
def net(pictures):
    return NetworkClassifier(
        SmallConvNet,
        train_transform=DatasetRows(pictures, SHIFTED),
        predict_transform=DatasetRows(pictures, SCALED),
        classes=range(10),
        max_epochs=2,
        random_state=0,
    )


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, ">i4"])
def test_same_predictions_as_with_the_dataset_itself(net, pictures, rows, dtype):
    rows = rows.astype(dtype)
    net.fit(rows, pictures.y)
    whole = clone(net).set_params(train_transform=SHIFTED, predict_transform=SCALED)
    whole.initialize().module_.load_state_dict(net.module_.state_dict())
    np.testing.assert_array_equal(
        net.predict_proba(rows), whole.predict_proba(pictures)
    )
    np.testing.assert_array_equal(net.embed(rows[::3]), whole.embed(pictures)[::3])
    np.testing.assert_array_equal(
        net.fit(rows, pictures.y).predict_proba(rows), net.predict_proba(rows)
    )


def test_in_an_active_learner(net, pictures, rows):
    learner = ActiveLearner(net, MarginSampling(), rows[:20], pictures.y[:20])
    indices, instances = learner.query(rows[20:], n_instances=5)
    np.testing.assert_array_equal(instances, rows[20:][indices])
    learner.teach(instances, pictures.y[20:][indices])
    assert learner.X_training.dtype == rows.dtype
    assert learner.predict(rows[:7]).shape == (7,)


def test_row_numbers_of_two_concatenated_datasets(net, pictures, rows):
    both = DatasetRows(pictures + pictures, SCALED)
    net.set_params(train_transform=both, predict_transform=both).fit(rows, pictures.y)
    np.testing.assert_array_equal(net.predict_proba(rows + 80), net.predict_proba(rows))


def test_with_torchs_loader(net, pictures, rows):
    net.fit(rows, pictures.y)
    expected = net.predict_proba(rows)
    net.set_params(iterator_valid=DataLoader, iterator_train=DataLoader)
    np.testing.assert_array_equal(net.predict_proba(rows), expected)
    net.fit(rows, pictures.y)


def test_copies_share_a_dataset_and_pickles_do_not(net, pictures):
    copied = copy.deepcopy(net.train_transform)
    assert copied.dataset is pictures
    assert copied.transform is not SHIFTED
    assert clone(net).predict_transform.dataset is pictures
    read = pickle.loads(pickle.dumps(net.predict_transform))(torch.tensor([3]))
    assert torch.equal(read, net.predict_transform(torch.tensor(3)))


class TestRuns:
    @pytest.fixture
    def kept(self, net, pictures, rows, tmp_path):
        return net.set_params(checkpoint_dir=tmp_path).fit(rows, pictures.y)

    @staticmethod
    def n_read_by(net, pictures, rows):
        before = pictures.n_read
        net.fit(rows, pictures.y)
        return pictures.n_read - before

    def test_the_same_dataset_is_recognised(self, kept, pictures, rows):
        again = pickle.loads(pickle.dumps(clone(kept)))
        dataset = again.predict_transform.dataset
        dataset.name = "moved"  # its name is not compared
        n_read = self.n_read_by(again, dataset, rows)
        assert n_read < 160  # knew either transform's by 64, and trained nothing
        for name, part in again.module_.state_dict().items():
            assert torch.equal(part, kept.module_.state_dict()[name])

    @pytest.mark.parametrize("change", ["samples", "length", "transform"])
    def test_another_dataset_is_not_recognised(self, kept, pictures, rows, change):
        X, y = pictures.X, pictures.y
        other = {
            "samples": DatasetRows(Pictures(255 - X, y), SCALED),
            "length": DatasetRows(
                Pictures(np.tile(X, (2, 1, 1)), np.tile(y, 2)), SCALED
            ),
            "transform": DatasetRows(pictures, SHIFTED),
        }[change]
        kept.set_params(predict_transform=other)
        assert self.n_read_by(kept, pictures, rows) >= 160  # was trained


class TestMessages:
    @pytest.mark.parametrize("row", [80, -1, 2**40])
    def test_no_such_row(self, net, pictures, rows, row):
        rows[3] = row
        with pytest.raises(ValueError, match=f"rows 0 to 79; X asks for row {row}"):
            net.fit(rows, pictures.y)

    @pytest.mark.parametrize("kind", [np.float32, np.float64, bool, pd.DataFrame])
    def test_no_integers(self, net, pictures, rows, kind):
        X = kind(rows) if kind is pd.DataFrame else rows.astype(kind)
        with pytest.raises(ValueError, match="one integer per .* torch.(float|bool)"):
            net.fit(X, pictures.y)

    def test_several_numbers(self, net, pictures, rows):
        with pytest.raises(ValueError, match=r"one integer per sample.*shape \(2,\)"):
            net.fit(np.hstack([rows, rows]), pictures.y)

    def test_no_dataset(self):
        with pytest.raises(TypeError, match="a Dataset with a length .*got a int"):
            DatasetRows(7)
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            DatasetRows(TensorDataset(torch.zeros(0, 2)))
