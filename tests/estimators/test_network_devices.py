"""Where a network runs, and that it does not show in the answer."""

import pickle

import numpy as np
import pytest
import torch

from modal_clustermargin.estimators import MLP, NetworkClassifier, SmallConvNet


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
    def test_same_answer_as_on_the_cpu(self, digits):
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

    def test_global_generator_is_left_alone(self, blobs):
        before = torch.cuda.get_rng_state()
        net = NetworkClassifier(MLP, module__dropout=0.5, max_epochs=2).fit(*blobs)
        net.embed(blobs[0])
        assert torch.equal(torch.cuda.get_rng_state(), before)
        assert not torch.backends.cudnn.deterministic

    def test_tensors_may_lie_there(self, net, blobs):
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


def test_a_device_that_torch_does_not_know_is_told():
    with pytest.raises(ValueError, match="NetworkClassifier cannot use device='cudda'"):
        NetworkClassifier(device="cudda").fit([[0.0], [1.0]], [0, 1])
