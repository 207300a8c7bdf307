"""A network on its device, in bfloat16; errors of torch, explained; the bar."""

import pickle
import re

import numpy as np
import pytest
import torch
from skorch.dataset import ValidSplit
from torch import nn

from modal_clustermargin.estimators import (
    MLP,
    LinearNet,
    NetworkClassifier,
    ProxyClassifier,
    ProxyNet,
    ResNet18,
    SmallConvNet,
    SmallResNet,
)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_by_name_needs_cuda(blobs):
    with pytest.raises(
        ValueError, match=r"device='cuda:1', but torch sees 0 CUDA.*device=None"
    ):
        NetworkClassifier(MLP, device="cuda:1").fit(*blobs)


def test_device_by_name(net, blobs):
    assert net.set_params(device="cpu").fit(*blobs).device_ == torch.device("cpu")


@pytest.mark.gpu
class TestOnTheGPU:
    def test_same_probabilities_as_on_the_cpu(self, digits):
        X, y = digits
        answers = [
            NetworkClassifier(SmallConvNet, max_epochs=5, random_state=0, device=device)
            .fit(X[:100], y[:100])
            .predict_proba(X)
            for device in ("cpu", None)
        ]
        np.testing.assert_allclose(*answers, atol=0.05)

    def test_same_seed_same_weights(self, digits):
        X, y = digits
        net = NetworkClassifier(SmallConvNet, max_epochs=5, random_state=0)
        first = net.fit(X[:100], y[:100]).predict_proba(X)
        assert net.device_.type == "cuda"
        np.testing.assert_array_equal(net.fit(X[:100], y[:100]).predict_proba(X), first)

    def test_global_generator_does_not_change(self, blobs):
        before = torch.cuda.get_rng_state()
        net = NetworkClassifier(MLP, module__dropout=0.5, max_epochs=2).fit(*blobs)
        net.embed(blobs[0])
        assert torch.equal(torch.cuda.get_rng_state(), before)
        assert not torch.backends.cudnn.deterministic

    def test_tensors_may_be_on_the_gpu(self, net, blobs):
        X, y = (torch.as_tensor(part, device="cuda") for part in blobs)
        on_gpu = net.fit(X, y).embed(X)
        np.testing.assert_allclose(on_gpu, net.fit(*blobs).embed(blobs[0]), rtol=1e-3)

    def test_pickle(self, net, blobs):
        X, y = blobs
        thawed = pickle.loads(pickle.dumps(net.fit(X, y)))
        np.testing.assert_array_equal(thawed.embed(X), net.embed(X))
        thawed.partial_fit(X, y)

    def test_activations_do_not_pile_up(self, net, blobs):
        X, y = blobs
        net.set_params(predict_batch_size=64, module__n_hidden=1024).fit(X, y)
        X = np.zeros((20_000, 4), np.float32)
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        net.embed(X)
        grown = torch.cuda.max_memory_allocated() - before
        assert grown < X.shape[0] * 1024 * 4 / 10


def test_an_unknown_device():
    with pytest.raises(ValueError, match="NetworkClassifier cannot use device='cudda'"):
        NetworkClassifier(device="cudda").fit([[0.0], [1.0]], [0, 1])


class TestMixedPrecision:
    @pytest.mark.parametrize("make", [SmallConvNet, lambda: MLP(64, 10)])
    def test_probabilities_agree_to_two_digits(self, digits, make):
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


def test_callbacks_that_are_not_a_list(blobs):
    with pytest.raises(ValueError, match="callbacks must be a list .*got 7"):
        NetworkClassifier(callbacks=7).fit(*blobs)


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


@pytest.mark.parametrize(
    ("module", "parameters", "shape"),
    [
        (SmallConvNet, {}, (64,)),
        (SmallConvNet, {}, (3, 8, 8)),
        (SmallResNet, {}, (64,)),
        (MLP, {"module__n_features": 7}, (1, 8, 8)),
        (LinearNet, {"module__n_features": 64}, (1, 8, 8)),
        (ProxyNet, {"module__n_features": 7}, (64,)),
        (ResNet18, {}, (64,)),
        (nn.Sequential(nn.BatchNorm2d(1), nn.Flatten()), {}, (64,)),
    ],
)
def test_samples_that_the_module_cannot_read(module, parameters, shape):
    net = NetworkClassifier(module, **parameters)
    with pytest.raises(
        ValueError, match=rf"cannot read samples .*{re.escape(str(shape))}"
    ):
        net.fit(np.zeros((6, *shape)), np.arange(6) % 2)


def test_other_errors_of_a_module_stay_as_they_are(blobs):
    class Broken(MLP):
        def forward(self, X):
            raise RuntimeError("my own words")

    with pytest.raises(RuntimeError, match="my own words"):
        NetworkClassifier(Broken).fit(*blobs)


def test_a_negative_number_of_epochs(blobs):
    with pytest.raises(ValueError, match="max_epochs must be at least 0; got -1"):
        NetworkClassifier(max_epochs=-1).fit(*blobs)


def test_batch_norm_and_a_single_sample(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match=r"of one sample\. Label a"):
        ProxyClassifier().fit(X[:1], y[:1])


@pytest.mark.parametrize("columns", [False, True])
def test_training_that_diverged(columns, net, blobs):
    X, y = blobs
    net.set_params(lr=1e30).fit(X, np.eye(3)[y] if columns else y)
    with pytest.raises(ValueError, match=r"of every row: .* lr below 1e\+30, or"):
        net.predict(X)


def test_a_row_that_overflows(net, blobs):
    class Steep(MLP):
        def forward(self, X):
            return super().forward(X) * 1e20

    X, y = blobs
    large = X.copy()
    large[17] = 1e30
    net.set_params(module=Steep, max_epochs=0).fit(X, y)
    with pytest.raises(ValueError, match="of row 17 of X: its values overflow in"):
        net.predict(large)


def test_the_progress_bar_counts_batches_and_shows_the_loss(blobs, capsys):
    net = NetworkClassifier(MLP, max_epochs=6, verbose=1).fit(*blobs)
    printed = capsys.readouterr()
    assert "18/18" in printed.err  # three batches in an epoch
    assert f"epoch 6/6, loss {net.history[-1, 'train_loss']:.4f}" in printed.err
    assert printed.out == ""
    pickle.dumps(net)
    net.set_params(verbose=0).fit(*blobs)
    assert capsys.readouterr().err == ""
