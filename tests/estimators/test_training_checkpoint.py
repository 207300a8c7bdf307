"""A training that is interrupted or killed, and the same `fit` afterwards."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback, EarlyStopping
from torch import nn
from torch.utils.data import TensorDataset

from modal_clustermargin.estimators import MLP, LinearProbe, NetworkClassifier

CONTROL = {"n_passes_left": None, "error": KeyboardInterrupt}


class Interrupted(MLP):
    """Raises an error in some forward pass of a training."""

    def forward(self, X):
        if self.training and CONTROL["n_passes_left"] is not None:
            CONTROL["n_passes_left"] -= 1
            if CONTROL["n_passes_left"] < 0:
                raise CONTROL["error"]
        return super().forward(X)


@pytest.fixture(autouse=True)
def uninterrupted():
    yield
    CONTROL.update(n_passes_left=None, error=KeyboardInterrupt)


def forbid_training():
    CONTROL.update(n_passes_left=0, error=AssertionError)


def interrupt_after(n_epochs, fit, *arguments):
    """Call a `fit` that is stopped in the middle of an epoch of three batches."""
    CONTROL["n_passes_left"] = 3 * n_epochs + 1
    with pytest.raises(KeyboardInterrupt):
        fit(*arguments)
    CONTROL["n_passes_left"] = None


def interruptible(**parameters):
    parameters = {"max_epochs": 4, "random_state": 0, **parameters}
    return NetworkClassifier(
        Interrupted, module__n_hidden=8, module__dropout=0.2, **parameters
    )


def shaken(row):
    return row + 0.1 * torch.randn(4)


class Shaking(TensorDataset):
    def __getitem__(self, row):
        X, y = super().__getitem__(row)
        return X + 0.1 * torch.randn(4), y


PICKLED = []


class Pickles(Callback):
    def on_batch_end(self, net, **kwargs):
        PICKLED[:] = [pickle.dumps(net)]


class TestInterruption:
    def test_ctrl_c_is_raised_and_the_network_can_be_used(self, blobs):
        net = interruptible(schedule="step", lr=0.5)
        interrupt_after(2, net.fit, *blobs)
        assert net.optimizer_.param_groups[0]["lr"] == 0.5
        assert net.predict(blobs[0]).shape == (90,)
        assert pickle.loads(pickle.dumps(net)).predict(blobs[0]).shape == (90,)
        net.fit(*blobs)
        assert len(net.history) == 4

    def test_a_callback_may_stop_after_an_epoch(self, blobs):
        stop = EarlyStopping("train_loss", patience=2, threshold=10)
        net = interruptible(callbacks=[stop], max_epochs=9).fit(*blobs)
        assert len(net.history) == 3


class TestContinuing:
    @pytest.mark.parametrize("n_epochs", [0, 1, 3])
    @pytest.mark.parametrize(
        "parameters",
        [
            {"schedule": "cosine", "lr": 0.05, "head_lr": 0.1},
            {"linear_probe": LinearProbe(max_epochs=3)},
            {"train_transform": shaken},
        ],
        ids=["schedule", "probe", "augmentation"],
    )
    def test_leads_to_the_same_network(self, blobs, n_epochs, parameters, tmp_path):
        X, y = blobs
        whole = interruptible(**parameters).fit(X, y)
        killed = interruptible(checkpoint_dir=tmp_path, **parameters)
        interrupt_after(n_epochs, killed.fit, X, y)
        net = interruptible(checkpoint_dir=tmp_path, **parameters).fit(X, y)
        np.testing.assert_array_equal(net.predict_proba(X), whole.predict_proba(X))
        assert net.history[:, "train_loss"] == whole.history[:, "train_loss"]
        np.testing.assert_array_equal(
            net.partial_fit(X, y).predict_proba(X),
            whole.partial_fit(X, y).predict_proba(X),
        )

    def test_the_progress_bar_counts_batches(self, blobs, capsys, tmp_path):
        net = interruptible(checkpoint_dir=tmp_path, verbose=1)
        interrupt_after(2, net.fit, *blobs)
        assert "7/12" in capsys.readouterr().err
        net.fit(*blobs)  # repeats the epoch that was interrupted
        printed = capsys.readouterr().err
        assert " 6/12" in printed
        assert " 0/12" not in printed
        assert "12/12" in printed

    def test_a_complete_training_is_not_repeated(self, blobs, tmp_path):
        X, y = blobs
        folder = tmp_path / "runs" / "a"
        net = interruptible(checkpoint_dir=folder, random_state=None)
        expected = net.fit(X, y).predict_proba(X)
        forbid_training()
        np.testing.assert_array_equal(net.fit(X, y).predict_proba(X), expected)
        # Neither device nor batch of prediction changes what was trained.
        other = clone(net).set_params(predict_batch_size=9, device="cpu")
        np.testing.assert_allclose(
            other.fit(X, y).predict_proba(X), expected, rtol=1e-5
        )
        assert [file.name for file in folder.iterdir()] == ["training.pt"]

    @pytest.mark.parametrize("change", ["X", "y", "weights", "setting", "module"])
    def test_other_data_or_settings_start_anew(self, blobs, change, tmp_path):
        X, y = blobs
        start = MLP(4, 3, n_hidden=8)
        net = NetworkClassifier(
            start, max_epochs=2, random_state=0, checkpoint_dir=tmp_path
        )
        before = net.fit(X, y).predict_proba(X)
        data, parameters = {
            "X": ([X + 1e-2, y], {}),
            "y": ([X, (y + 1) % 3], {}),
            "weights": ([X, y, np.linspace(0.5, 1, 90)], {}),
            "setting": ([X, y], {"criterion": nn.CrossEntropyLoss(label_smoothing=1)}),
            "module": ([X, y], {"module": MLP(4, 3, 8)}),
        }[change]
        net.set_params(**parameters)
        expected = clone(net).set_params(checkpoint_dir=None).fit(*data)
        np.testing.assert_array_equal(
            net.fit(*data).predict_proba(X), expected.predict_proba(X)
        )
        assert not np.array_equal(net.predict_proba(X), before)

    def test_recognises_a_dataset(self, blobs, tmp_path):
        X, y = map(torch.tensor, blobs)
        net = interruptible(checkpoint_dir=tmp_path).fit(Shaking(X, y))
        forbid_training()
        again = clone(net).fit(Shaking(X.clone(), y))
        np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))

    def test_early_stopping_and_the_best_epoch(self, blobs, tmp_path):
        stop = EarlyStopping(
            "train_loss", patience=2, load_best=True, lower_is_better=False
        )
        net = interruptible(checkpoint_dir=tmp_path, callbacks=[stop])
        expected = net.fit(*blobs).predict_proba(blobs[0])
        assert len(net.history) < 4
        forbid_training()
        np.testing.assert_array_equal(net.fit(*blobs).predict_proba(blobs[0]), expected)

    def test_a_history_of_any_values(self, blobs, tmp_path):
        class Records(Callback):
            def on_epoch_end(self, net, **kwargs):
                net.history.record("matrix", np.eye(2))
                net.history.record("tensor", torch.ones(2))

        net = interruptible(checkpoint_dir=tmp_path, callbacks=[Records()]).fit(*blobs)
        again = clone(net).fit(*blobs)
        assert again.history[-1]["matrix"] == [[1, 0], [0, 1]]

    def test_a_net_that_a_callback_pickled_writes_no_checkpoint(self, blobs, tmp_path):
        parameters = {"checkpoint_dir": tmp_path, "verbose": 1}
        interruptible(**parameters, callbacks=[Pickles()]).fit(*blobs)
        before = (tmp_path / "training.pt").read_bytes()
        net = pickle.loads(PICKLED[0])
        net.partial_fit(*blobs)
        assert (tmp_path / "training.pt").read_bytes() == before


class TestMessages:
    @pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
    def test_a_foreign_or_half_written_file_is_replaced(self, blobs, content, tmp_path):
        net = interruptible(checkpoint_dir=tmp_path)
        expected = net.fit(*blobs).predict_proba(blobs[0])
        file = tmp_path / "training.pt"
        file.write_bytes(file.read_bytes()[:-100] if content is None else content)
        with pytest.warns(UserWarning, match=r"training\.pt is not a checkpoint"):
            net.fit(*blobs)
        np.testing.assert_array_equal(net.predict_proba(blobs[0]), expected)
        forbid_training()
        net.fit(*blobs)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"schedule": lambda progress: 1},
            {"random_state": np.random.RandomState(0)},
        ],
    )
    def test_settings_that_cannot_be_recognised(self, blobs, parameters, tmp_path):
        with pytest.raises(ValueError, match="another process|earlier process"):
            interruptible(checkpoint_dir=tmp_path, **parameters).fit(*blobs)
