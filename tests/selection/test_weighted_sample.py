"""The sample: who is drawn, and that its sums are unbiased."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.selection import weighted_sample

WEIGHTS = np.array([0.1, 0.5, 1.0, 1.0, 3.0, 0.0, 10.0])


def test_sums_are_unbiased():
    values = np.array([5.0, 1.0, 2.0, -1.0, 0.5, 9.0, 0.1])
    rng = np.random.RandomState(0)
    sums = []
    for _ in range(20_000):
        positions, weights = weighted_sample(WEIGHTS, rng.rand(7), 3)
        sums.append([weights.sum(), weights @ values[positions]])
    error = np.std(sums, axis=0) / len(sums) ** 0.5
    off = np.mean(sums, axis=0) - [WEIGHTS.sum(), WEIGHTS @ values]
    assert (np.abs(off) < 4 * error).all(), (off, error)


def test_the_first_is_drawn_in_proportion_to_its_weight():
    rng = np.random.RandomState(0)
    drawn = [weighted_sample(WEIGHTS, rng.rand(7), 1)[0][0] for _ in range(20_000)]
    share = np.bincount(drawn, minlength=7) / len(drawn)
    np.testing.assert_allclose(share, WEIGHTS / WEIGHTS.sum(), atol=0.015)


@given(st.lists(st.sampled_from([0, 1e-300, 0.25, 1, 1e290]), min_size=1), st.data())
def test_a_larger_sample_contains_a_smaller_one(weights, data):
    weights = np.array(weights)
    uniform = np.random.RandomState(len(weights)).rand(len(weights))
    n = data.draw(st.integers(0, len(weights)))
    fewer = data.draw(st.integers(0, n))
    positions, sample_weights = weighted_sample(weights, uniform, n)
    assert len(positions) == len(set(positions)) == n
    assert (np.diff(positions) > 0).all()
    assert set(weighted_sample(weights, uniform, fewer)[0]) <= set(positions)
    assert np.isfinite(sample_weights).all()
    assert (sample_weights >= weights[positions] * (1 - 1e-12)).all()
    n_positive = np.count_nonzero(weights)
    if n >= n_positive:
        assert np.count_nonzero(weights[positions]) == n_positive
        np.testing.assert_array_equal(sample_weights, weights[positions])
