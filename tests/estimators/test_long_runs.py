"""A fit that is interrupted, killed, watched or too large."""

import copy
import pickle
import signal

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback, EarlyStopping, GradientNormClipping
from skorch.dataset import ValidSplit
from torch import nn
from torch.utils.data import TensorDataset

from modal_clustermargin.estimators import (
    MLP,
    LinearNet,
    LinearProbe,
    NetworkClassifier,
    ProxyClassifier,
    SmallConvNet,
)
from modal_clustermargin.estimators._read_ahead import ReadAhead

CONTROL = {"n_passes_left": None, "error": KeyboardInterrupt}


class Interrupted(MLP):
    """Stops the process's work in some forward pass of a fit."""

    def forward(self, X):
        if self.training and CONTROL["n_passes_left"] is not None:
            CONTROL["n_passes_left"] -= 1
            if CONTROL["n_passes_left"] < 0:
                raise CONTROL["error"]
        return super().forward(X)


def shaken(row):
    return row + 0.1 * torch.randn(4)


def falls_by(factor):
    return lambda progress: factor**progress


class Shaking(TensorDataset):
    def __getitem__(self, row):
        X, y = super().__getitem__(row)
        return X + 0.1 * torch.randn(4), y


def frozen(start):
    start = copy.deepcopy(start)
    start.hidden.requires_grad_(False)
    return start


PICKLED = []


class Pickles(Callback):
    def on_batch_end(self, net, **kwargs):
        PICKLED[:] = [pickle.dumps(net)]


CHANGES = {
    "labels": lambda X, y, start: ([X, (y + 1) % 3], {}),
    "rows": lambda X, y, start: ([X + 1e-2, y], {}),
    "weights": lambda X, y, start: ([X, y, np.linspace(0.5, 1, 90)], {}),
    "seed": lambda X, y, start: ([X, y], {"random_state": 1}),
    "setting": lambda X, y, start: ([X, y], {"lr": 0.01}),
    "weights at start": lambda X, y, start: ([X, y], {"module": MLP(4, 3, 8)}),
    "frozen layer": lambda X, y, start: ([X, y], {"module": frozen(start)}),
    "what a function encloses": lambda X, y, start: (
        [X, y],
        {"schedule": falls_by(0.01)},
    ),
    "code of a function": lambda X, y, start: (
        [X, y],
        {"schedule": lambda progress: 0.3},
    ),
    "attribute of a criterion": lambda X, y, start: (
        [X, y],
        {"criterion": nn.CrossEntropyLoss(label_smoothing=0.5)},
    ),
    "callbacks": lambda X, y, start: (
        [X, y],
        {"callbacks": [GradientNormClipping(0.01)]},
    ),
}


@pytest.fixture(autouse=True)
def uninterrupted():
    yield
    CONTROL["n_passes_left"] = None
    CONTROL["error"] = KeyboardInterrupt


def forbid_training():
    CONTROL["n_passes_left"] = 0
    CONTROL["error"] = AssertionError


class InterruptedLinear(LinearNet):
    def forward(self, X):
        CONTROL["n_passes_left"] -= 1
        if CONTROL["n_passes_left"] < 0:
            raise KeyboardInterrupt
        return super().forward(X)


def interrupt_after(n_epochs, fit, *arguments):
    """Call a `fit` that is stopped in the middle of an epoch of three batches."""
    CONTROL["n_passes_left"] = 3 * n_epochs + 1
    with pytest.raises(KeyboardInterrupt):
        fit(*arguments)
    CONTROL["n_passes_left"] = None


def interruptible(**parameters):
    parameters = {"max_epochs": 6, "random_state": 0, **parameters}
    return NetworkClassifier(
        Interrupted, module__n_hidden=8, module__dropout=0.2, **parameters
    )


class TestInterruption:
    @pytest.fixture(autouse=True)
    def _ctrl_c_is_heard(self):
        """A process that was begun in the background is deaf to it."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    def test_keeps_the_last_complete_epoch(self, blobs):
        X, y = blobs
        expected = interruptible(max_epochs=3).fit(X, y).predict_proba(X)
        net = interruptible()
        interrupt_after(3, net.fit, X, y)
        np.testing.assert_array_equal(net.predict_proba(X), expected)
        assert len(net.history) == 3
        net.partial_fit(X, y)
        assert len(net.history) == 9

    def test_without_an_epoch_there_is_no_network(self, blobs):
        net = interruptible()
        net.fit(*blobs)
        interrupt_after(0, net.fit, *blobs)
        with pytest.raises(NotFittedError):
            net.predict(blobs[0])
        assert net.fit(*blobs).predict(blobs[0]).shape == (90,)

    def test_partial_fit_goes_back_to_where_it_began(self, blobs):
        X, y = blobs
        net = interruptible()
        expected = net.fit(X, y).predict_proba(X)
        interrupt_after(0, net.partial_fit, X, y)
        np.testing.assert_array_equal(net.predict_proba(X), expected)

    @pytest.mark.parametrize("moment", ["on_batch_end", "on_epoch_end"])
    def test_in_a_callback_is_no_stop_by_the_callback(self, blobs, moment, tmp_path):
        class Pressed(Callback):
            pass

        def press(self, net, **kwargs):
            if len(net.history) == 3:
                signal.raise_signal(signal.SIGINT)

        setattr(Pressed, moment, press)
        net = interruptible(callbacks=[Pressed()], checkpoint_dir=tmp_path)
        with pytest.raises(KeyboardInterrupt):
            net.fit(*blobs)
        assert len(net.history) == 2
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert net.predict(blobs[0]).shape == (90,)

    def test_while_the_head_is_probed(self, blobs):
        probe = LinearProbe(InterruptedLinear)
        net = NetworkClassifier(MLP, linear_probe=probe)
        CONTROL["n_passes_left"] = 2
        with pytest.raises(KeyboardInterrupt):
            net.fit(*blobs)
        with pytest.raises(NotFittedError):
            net.predict(blobs[0])

    def test_rates_are_set_back(self, blobs):
        net = interruptible(schedule="step", lr=0.5)
        interrupt_after(5, net.fit, *blobs)
        assert net.optimizer_.param_groups[0]["lr"] == 0.5
        assert pickle.loads(pickle.dumps(net)).predict(blobs[0]).shape == (90,)


class TestRunFolder:
    @pytest.mark.parametrize("n_epochs", [0, 1, 4])
    @pytest.mark.parametrize(
        "parameters",
        [
            {"schedule": "cosine", "lr": 0.05, "head_lr": 0.1},
            {"linear_probe": LinearProbe(max_epochs=3), "random_state": None},
            {"train_transform": shaken},
        ],
        ids=["schedule", "probe, no seed", "augmentation"],
    )
    def test_goes_on_to_the_same_network(self, blobs, n_epochs, parameters, tmp_path):
        X, y = blobs
        killed = interruptible(checkpoint_dir=tmp_path, **parameters)
        interrupt_after(n_epochs, killed.fit, X, y)
        net = interruptible(checkpoint_dir=tmp_path, **parameters).fit(X, y)
        assert len(net.history) == 6
        if parameters.get("random_state", 0) is not None:
            whole = interruptible(**parameters).fit(X, y)
            np.testing.assert_array_equal(net.predict_proba(X), whole.predict_proba(X))
            assert net.history[:, "train_loss"] == whole.history[:, "train_loss"]
        elif n_epochs:
            begun = killed.linear_probe_.module_.head.weight
            assert torch.equal(net.linear_probe_.module_.head.weight, begun)

    def test_a_complete_run_is_not_trained_again(self, blobs, tmp_path):
        X, y = blobs
        net = interruptible(checkpoint_dir=tmp_path / "runs" / "a", random_state=None)
        expected = net.fit(X, y).predict_proba(X)
        forbid_training()
        np.testing.assert_array_equal(net.fit(X, y).predict_proba(X), expected)
        # Neither device nor batch of prediction is part of what was trained.
        other = interruptible(
            checkpoint_dir=tmp_path / "runs" / "a",
            random_state=None,
            predict_batch_size=9,
            device="cpu",
        )
        np.testing.assert_allclose(
            other.fit(X[::-1], y[::-1]).predict_proba(X), expected, rtol=1e-5
        )
        assert [file.name for file in (tmp_path / "runs" / "a").iterdir()] == ["run.pt"]

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    def test_other_data_or_settings_begin_anew(self, blobs, change, tmp_path):
        X, y = blobs
        start = MLP(4, 3, n_hidden=8)
        common = {
            "max_epochs": 2,
            "random_state": 0,
            "schedule": falls_by(0.5),
            "criterion": nn.CrossEntropyLoss(),
        }
        before = NetworkClassifier(start, **common, checkpoint_dir=tmp_path)
        before.fit(X, y)
        data, parameters = change(X, y, start)
        changed = NetworkClassifier(start, **common).set_params(**parameters)
        expected = clone(changed).fit(*data).predict_proba(X)
        changed.set_params(checkpoint_dir=tmp_path).fit(*data)
        np.testing.assert_array_equal(changed.predict_proba(X), expected)
        assert not np.array_equal(expected, before.predict_proba(X))

    @pytest.mark.parametrize("seed", [0, None])
    def test_tensors_datasets_and_closures_are_known_again(self, blobs, seed, tmp_path):
        X, y = map(torch.tensor, blobs)
        parameters = {
            "checkpoint_dir": tmp_path,
            "criterion__weight": torch.ones(3),
            "schedule": falls_by(0.5),
            "callbacks": [EarlyStopping("train_loss", patience=9)],
            "random_state": seed,
        }
        dataset = Shaking(X, y)
        net = interruptible(**parameters).fit(dataset)
        forbid_training()
        parameters["criterion__weight"] = torch.ones(3)
        parameters["schedule"] = falls_by(0.5)
        parameters["callbacks"] = [EarlyStopping("train_loss", patience=9)]
        again = interruptible(**parameters).fit(Shaking(X.clone(), y))
        np.testing.assert_array_equal(again.predict_proba(X), net.predict_proba(X))

    def test_a_callback_that_stops_completes_the_run(self, blobs, tmp_path):
        class Second(Callback):
            def on_epoch_end(self, net, **kwargs):
                if len(net.history) == 2:
                    raise KeyboardInterrupt

        net = interruptible(checkpoint_dir=tmp_path, callbacks=[Second()])
        expected = net.fit(*blobs).predict_proba(blobs[0])
        forbid_training()
        np.testing.assert_array_equal(net.fit(*blobs).predict_proba(blobs[0]), expected)

    def test_early_stopping_and_the_best_epoch(self, blobs, tmp_path):
        stop = EarlyStopping(
            "train_loss", patience=2, load_best=True, lower_is_better=False
        )
        net = interruptible(checkpoint_dir=tmp_path, callbacks=[stop])
        expected = net.fit(*blobs).predict_proba(blobs[0])
        assert len(net.history) < 6
        np.testing.assert_array_equal(net.fit(*blobs).predict_proba(blobs[0]), expected)

    def test_messages(self, blobs, tmp_path):
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(ValueError, match="cannot be made a folder"):
            interruptible(checkpoint_dir=tmp_path / "file").fit(*blobs)
        (tmp_path / "run.pt").write_bytes(b"no run")
        with pytest.raises(ValueError, match="not a run that fit wrote.*Move it away"):
            interruptible(checkpoint_dir=tmp_path).fit(*blobs)
        assert (tmp_path / "run.pt").read_bytes() == b"no run"
        (tmp_path / "run.pt").unlink()
        (tmp_path / "run.pt").mkdir()
        with pytest.raises(ValueError, match="not a run that fit wrote"):
            interruptible(checkpoint_dir=tmp_path).fit(*blobs)
        unknown = interruptible(
            checkpoint_dir=tmp_path / "new", optimizer__betas=(x for x in (0.9, 0.99))
        )
        with pytest.raises(TypeError, match="a generator cannot"):
            unknown.fit(*blobs)

    def test_a_history_of_anything(self, blobs, tmp_path):
        class Records(Callback):
            def on_epoch_end(self, net, **kwargs):
                net.history.record("matrix", np.eye(2))
                net.history.record("tensor", torch.ones(2))

        net = interruptible(checkpoint_dir=tmp_path, callbacks=[Records()]).fit(*blobs)
        again = clone(net).fit(*blobs)
        assert again.history[-1]["matrix"] == [[1, 0], [0, 1]]

    def test_a_net_pickled_on_the_way_is_apart_from_the_run(self, blobs, tmp_path):
        parameters = {"checkpoint_dir": tmp_path, "verbose": 1}
        interruptible(**parameters).fit(*blobs)
        pickled = interruptible(**parameters, callbacks=[Pickles()]).fit(*blobs)
        pickle.loads(PICKLED[0]).partial_fit(*blobs)
        forbid_training()
        again = interruptible(**parameters, callbacks=[Pickles()]).fit(*blobs)
        np.testing.assert_array_equal(
            again.predict_proba(blobs[0]), pickled.predict_proba(blobs[0])
        )


class Full(MLP):
    def forward(self, X):
        if len(X) > 20:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate ...")
        return super().forward(X)


def test_a_full_device(blobs):
    X, y = blobs
    net = NetworkClassifier(Full, max_epochs=1)
    with pytest.raises(MemoryError, match="for batch_size=32. Set batch_size=16 or"):
        net.fit(X, y)
    net.set_params(batch_size=16).fit(X, y)
    for method in (net.predict_proba, net.embed):
        with pytest.raises(MemoryError, match="for predict_batch_size=256"):
            method(X)


def test_a_full_device_in_validation(blobs):
    net = NetworkClassifier(Full, batch_size=8, train_split=ValidSplit(2))
    with pytest.raises(MemoryError, match="for predict_batch_size=256"):
        net.fit(*blobs)
    net.set_params(predict_batch_size=-1)
    with pytest.raises(MemoryError, match="for predict_batch_size=-1"):
        net.fit(*blobs)


def test_a_bar_of_all_batches_and_the_loss(blobs, capsys):
    net = interruptible(verbose=1).fit(*blobs)
    printed = capsys.readouterr()
    assert "18/18" in printed.err
    assert f"loss {net.history[-1, 'train_loss']:.4f}" in printed.err
    assert printed.out == ""
    pickle.dumps(net)
    interruptible(verbose=0).fit(*blobs)
    assert capsys.readouterr().err == ""


def test_a_bar_begins_where_the_run_does(blobs, tmp_path, capsys):
    interrupt_after(4, interruptible(checkpoint_dir=tmp_path).fit, *blobs)
    interruptible(verbose=1, checkpoint_dir=tmp_path).fit(*blobs)
    assert "12/18" in capsys.readouterr().err


class TestMixedPrecision:
    @pytest.mark.parametrize("make", [SmallConvNet, lambda: MLP(64, 10)])
    def test_agrees_to_two_digits(self, digits, make):
        X, y = digits
        nets = [
            NetworkClassifier(
                make, max_epochs=3, random_state=0, mixed_precision=mixed
            ).fit(X[:100], y[:100])
            for mixed in (False, True)
        ]
        exact, mixed = (net.predict_proba(X) for net in nets)
        assert mixed.dtype == nets[1].embed(X).dtype == np.float32
        assert 0 < np.abs(exact - mixed).mean() < 0.01
        np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)

    def test_weights_stay_float32_and_channels_are_last(self, digits):
        X, y = digits
        seen = []

        class Watched(SmallConvNet):
            def forward(self, X):
                seen.append(X.is_contiguous(memory_format=torch.channels_last))
                return super().forward(X)

        net = NetworkClassifier(
            Watched, module__in_channels=3, max_epochs=1, mixed_precision=True
        )
        net.fit(np.repeat(X[:40], 3, axis=1), y[:40])
        assert all(seen)
        weight = net.module_.features[4].weight
        assert weight.dtype == torch.float32
        assert weight.is_contiguous(memory_format=torch.channels_last)

    def test_volumes(self):
        X, y = np.random.default_rng(0).random((8, 1, 4, 4, 4)), np.arange(8) % 2
        make = nn.Sequential(nn.Conv3d(1, 2, 3), nn.Flatten(), nn.Linear(16, 2))
        net = NetworkClassifier(make, max_epochs=1, mixed_precision=True).fit(X, y)
        assert net.predict_proba(X).shape == (8, 2)

    def test_a_proxy_too(self, blobs):
        net = ProxyClassifier(mixed_precision=True, random_state=0).fit(*blobs)
        assert net.score(*blobs) > 0.9


class TestReadAhead:
    def test_same_batches_in_the_same_order(self):
        batches = [(torch.tensor([i]), [torch.tensor([i]), "text"]) for i in range(5)]
        pinned = []
        ahead = ReadAhead(batches, pin=lambda part: pinned.append(part) or part + 1)
        assert len(ahead) == 5
        for _ in range(2):
            found = [(int(a), int(b), text) for a, (b, text) in ahead]
            assert found == [(i + 1, i + 1, "text") for i in range(5)]
        assert len(pinned) == 20

    def test_an_error_arrives_and_an_end_in_the_middle_is_clean(self):
        class Broken(list):
            def __iter__(self):
                yield torch.zeros(1)
                raise ValueError("row 7 is spoilt")

        ahead = ReadAhead(Broken(), pin=nn.Identity())
        with pytest.raises(ValueError, match="row 7 is spoilt"):
            list(ahead)
        next(iter(ReadAhead([torch.zeros(1)] * 3, pin=nn.Identity())))
