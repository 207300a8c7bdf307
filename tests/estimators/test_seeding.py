"""random_state alone makes a run reproducible; global generators do not change."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone

from modal_clustermargin.estimators import MLP, NetworkClassifier


@pytest.fixture
def dropping():
    return NetworkClassifier(
        MLP, module__n_hidden=8, module__dropout=0.5, max_epochs=5, random_state=3
    )


def global_states():
    # The name is looked up here so that the check sees numpy's own generator.
    return torch.get_rng_state().numpy().tobytes(), repr(np.random.get_state())


@pytest.mark.parametrize("random_state", [0, None, np.random.RandomState(0)])
def test_global_generators_do_not_change(random_state, dropping, blobs):
    X, y = blobs
    before = global_states()
    dropping.set_params(random_state=random_state)
    dropping.fit(X, y).partial_fit(X, y)
    dropping.predict_proba(X)
    dropping.embed(X)
    assert global_states() == before


def test_global_generators_are_restored_when_fit_fails(dropping, blobs):
    before = global_states()
    dropping.set_params(module__n_classes=2)
    with pytest.raises(ValueError, match="each of 3 classes"):
        dropping.fit(*blobs)
    assert global_states() == before


def test_global_generators_do_not_matter(dropping, blobs):
    X, y = blobs
    first = dropping.fit(X, y).predict_proba(X)
    torch.rand(7)
    np.testing.assert_array_equal(dropping.fit(X, y).predict_proba(X), first)
    np.testing.assert_array_equal(clone(dropping).fit(X, y).predict_proba(X), first)


@pytest.mark.parametrize("random_state", [4, None])
def test_other_seed_other_network(random_state, dropping, blobs):
    X, y = blobs
    first = dropping.fit(X, y).predict_proba(X)
    other = dropping.set_params(random_state=random_state).fit(X, y).predict_proba(X)
    again = dropping.fit(X, y).predict_proba(X)
    assert not np.array_equal(first, other)
    assert np.array_equal(other, again) == (random_state is not None)


def test_a_random_state_instance_advances_and_can_be_replayed(dropping, blobs):
    def two_fits():
        dropping.set_params(random_state=np.random.RandomState(0))
        return [dropping.fit(*blobs).predict_proba(blobs[0]) for _ in range(2)]

    first, second = two_fits()
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(two_fits(), [first, second])


def test_partial_fit_shuffles_anew_and_reproducibly(blobs):
    class Diary(MLP):
        def forward(self, X):
            seen.append(X[0].tolist())
            return super().forward(X)

    def first_rows():
        seen.clear()
        net = NetworkClassifier(Diary, max_epochs=2, random_state=0)
        net.partial_fit(*blobs).partial_fit(*blobs)
        return list(seen)

    seen = []
    rows = first_rows()
    assert rows == first_rows()
    epochs = [tuple(map(tuple, rows[i : i + 3])) for i in range(0, 12, 3)]
    assert len(set(epochs)) == 4


def test_prediction_draws_nothing(dropping, blobs):
    X, y = blobs
    dropping.fit(X, y)
    np.testing.assert_array_equal(dropping.embed(X), dropping.embed(X))
    with_looks = dropping.partial_fit(X, y).predict_proba(X)
    without = clone(dropping).fit(X, y).partial_fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(with_looks, without)


def test_threads_do_not_mix_their_draws(dropping, blobs):
    X, y = blobs
    before = global_states()
    alone = dropping.fit(X, y).predict_proba(X)

    def fit(_):
        return clone(dropping).fit(X, y).predict_proba(X)

    with ThreadPoolExecutor(4) as pool:
        for proba in pool.map(fit, range(8)):
            np.testing.assert_array_equal(proba, alone)
    assert global_states() == before
