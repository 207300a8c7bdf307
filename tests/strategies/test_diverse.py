"""What strategies of diverse rows share: embeddings, parts of the pool, the device."""

from functools import partial

import numpy as np
import pytest
import torch

from modal_clustermargin import _devices
from modal_clustermargin.strategies import (
    BADGE,
    CoreSet,
    _diverse,
    badge_sampling,
    coreset_sampling,
)
from tests.strategies.make_pools import random_classes

FUNCTIONS = {BADGE: badge_sampling, CoreSet: coreset_sampling}
ROWS = np.random.RandomState(4).normal(size=(4, 3))

pytestmark = pytest.mark.parametrize("strategy", FUNCTIONS)


@pytest.mark.parametrize(
    "X_pool",
    [np.zeros((40, 3)), np.ones((40, 3)), np.repeat(ROWS, 10, axis=0)],
    ids=["zeros", "constant", "duplicates"],
)
@pytest.mark.parametrize("n_classes", [1, 3])
def test_distinct_whatever_the_rows(strategy, X_pool, n_classes):
    class Constant:
        def predict_proba(self, X):
            return np.full((len(X), n_classes), 1 / n_classes)

    for n_instances in (1, 17, 40):
        picks = strategy(random_state=0)(Constant(), X_pool, n_instances)
        assert len(set(picks)) == n_instances


def test_parts(strategy):
    classifier, X_pool = random_classes(600)
    instance = strategy(n_partitions=7, random_state=0)
    picks = instance(classifier, X_pool, 100)
    assert len(set(picks)) == 100
    np.testing.assert_array_equal(instance(classifier, X_pool, 100), picks)
    one = strategy(random_state=0)(classifier, X_pool, 100)
    assert not np.array_equal(np.sort(one), np.sort(picks))
    # More parts than picks: every part gives one at most.
    few = strategy(n_partitions=500, random_state=0)(classifier, X_pool, 3)
    assert len(set(few)) == 3


def test_a_device_chooses_what_the_processor_does(strategy, monkeypatch):
    """The code for CUDA, on the processor."""
    classifier, X_pool = random_classes(600)
    expected = strategy(random_state=0, device="cpu")(classifier, X_pool, 200)
    cpu = torch.device("cpu")
    monkeypatch.setattr(_devices, "cuda_device", lambda device, who: cpu)
    picks = strategy(random_state=0, device="cuda")(classifier, X_pool, 200)
    np.testing.assert_array_equal(picks, expected)


@pytest.mark.gpu
def test_cuda_chooses_what_the_processor_does(strategy):
    classifier, X_pool = random_classes(6000)
    cpu, cuda = (
        strategy(random_state=0, device=device)(classifier, X_pool, 1000)
        for device in ("cpu", "cuda")
    )
    np.testing.assert_array_equal(cpu, cuda)


def test_a_device_is_looked_for_when_there_is_work(strategy, monkeypatch):
    asked = []
    look = lambda device, who: asked.append((device, who))  # noqa: E731
    monkeypatch.setattr(_devices, "cuda_device", look)
    classifier, X_pool = random_classes()
    strategy()(classifier, X_pool, 5)
    assert asked == []
    monkeypatch.setattr(_diverse, "_DEVICE_FROM", 0)
    strategy()(classifier, X_pool, 5)
    strategy(device="cpu")(classifier, X_pool, 5)
    assert asked == [(None, strategy.__name__)]


def test_a_bar(strategy, capsys):
    classifier, X_pool = random_classes()
    strategy(verbose=True, n_partitions=3)(classifier, X_pool, 10)
    printed = capsys.readouterr().err
    assert strategy.__name__ in printed
    assert "10/10" in printed


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_partitions": 0}, "n_partitions"),
        ({"device": "tpu"}, r"cannot use device='tpu'|runs on device 'cpu'"),
        ({"embedding": np.zeros((3, 2))}, "3 rows of embeddings for a pool of 60"),
        ({"embedding": np.full((60, 2), np.nan)}, "finite embeddings; row 0"),
        ({"embedding": [["a"]] * 60}, "embeddings that are numbers"),
        ({"embedding": np.empty((60, 0))}, r"without columns: \(60, 0\)"),
        ({"embedding": np.full((60, 2), 1e-170)}, "is 1e-170. Divide the emb"),
        ({"embedding": np.full((60, 2), 1e150)}, "is 1e[+]150. Divide the emb"),
    ],
)
def test_messages(strategy, parameters, message):
    classifier, X_pool = random_classes()
    function = FUNCTIONS[strategy]
    for query in (strategy(**parameters), partial(function, **parameters)):
        with pytest.raises(ValueError, match=message):
            query(classifier, X_pool, 5)
