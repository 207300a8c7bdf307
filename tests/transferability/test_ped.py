"""PED is its published description, taken literally."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.transferability import ped
from tests.transferability.make_features import labelled_features


def literal_ped(features, labels, n_sigma, time_step, exit_ratio):
    """The published description, class by class and pair by pair."""
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    X = (features - mean) / scale
    first = None
    for _ in range(6):
        members = {c: X[labels == c] for c in np.unique(labels)}
        moves = {c: np.zeros(X.shape[1]) for c in members}
        for i in members:
            for j in members:
                apart = members[i].mean(axis=0) - members[j].mean(axis=0)
                distance = np.sqrt((apart**2).sum())
                if i == j or distance < 1e-9:
                    continue
                radii = [np.sqrt(members[c].var(axis=0).sum()) for c in (i, j)]
                overlap = max(n_sigma * sum(radii) - distance, 0)
                shift = min(0.5 * time_step**2 * overlap, overlap)
                moves[i] += shift * apart / distance
        change = sum(np.abs(move).sum() for move in moves.values())
        first = change if first is None else first
        if first == 0 or change / first <= exit_ratio:
            break
        X = X + np.array([moves[c] for c in labels])
    return X * scale + mean


@given(
    labelled_features(max_features=4),
    st.sampled_from([0.3, 0.6, 2.0]),
    st.sampled_from([0.1, 1.0, 3.0]),
    # No powers of .99 or .5: time steps of .1 and 1 leave exactly such a share of an
    # overlap, and rounding would decide.
    st.sampled_from([0.21, 0.47, 0.975]),
)
def test_equals_a_literal_implementation_of_the_description(
    data, n_sigma, time_step, exit_ratio
):
    features, labels = data
    # Off the grid: on it, rounding decides whether a step is half of the first.
    noise = np.random.RandomState(0).uniform(0.01, 0.02, features.shape)
    features = features + noise
    np.testing.assert_allclose(
        ped(
            features,
            labels,
            n_sigma=n_sigma,
            time_step=time_step,
            exit_ratio=exit_ratio,
        ),
        literal_ped(features, labels, n_sigma, time_step, exit_ratio),
        rtol=1e-7,
        atol=1e-7,
    )


@given(labelled_features(max_features=4))
def test_all_rows_of_a_class_move_by_the_same_vector(data):
    features, labels = data
    path = ped(features, labels, n_sigma=2.0, time_step=0.5) - features
    for label in set(labels):
        own = path[labels == label]
        np.testing.assert_allclose(own, own[:1].repeat(len(own), 0), atol=1e-9)


def test_two_classes_worked_by_hand():
    # Standardised by (mean 0, scale 1): means -1 and 1, deviations 1, so with
    # n_sigma = 2 they overlap by 4 - 2 = 2, and a step of 1 moves each by 1.
    features = np.array([[-2.0], [0.0], [0.0], [2.0]])
    moved = ped(
        features, list("aabb"), mean=[0], scale=[1], n_sigma=2, time_step=1, max_steps=1
    )
    np.testing.assert_allclose(moved, [[-3.0], [-1.0], [1.0], [3.0]])
    # Half the strength is half the way, and a second step goes on from there: apart by
    # 3 they overlap by 1.
    half = {"mean": [0], "scale": [1], "n_sigma": 2, "time_step": 1, "strength": 0.5}
    once = ped(features, list("aabb"), max_steps=1, **half)
    np.testing.assert_allclose(once, [[-2.5], [-0.5], [0.5], [2.5]])
    twice = ped(features, list("aabb"), max_steps=2, exit_ratio=0, **half)
    np.testing.assert_allclose(twice, [[-2.75], [-0.75], [0.75], [2.75]])


def test_classes_that_do_not_overlap_or_coincide_stay():
    apart = np.array([[0.0], [0.1], [9.0], [9.1]])
    np.testing.assert_array_equal(ped(apart, [0, 0, 1, 1]), apart)
    same = np.array([[0.1, 3.0], [0.3, 5.0], [0.3, 5.0], [0.1, 3.0]])
    np.testing.assert_array_equal(ped(same, [0, 0, 1, 1]), same)


def test_ped_refuses_invalid_classes_and_rows():
    with pytest.raises(ValueError, match="ped needs labels that are one class"):
        ped(np.ones((2, 2)), [[0, 1], [1, 0]])
    with pytest.raises(ValueError, match=r"mean of shape \(1,\) and scale of shape"):
        ped(np.ones((2, 2)), [0, 1], mean=[0])
    with pytest.raises(ValueError, match=r"needs n_sigma >= 0; got -1\."):
        ped(np.ones((2, 2)), [0, 1], n_sigma=-1)
    with pytest.raises(ValueError, match=r"a negative scale: -2\."):
        ped(np.ones((2, 2)), [0, 1], mean=[0, 0], scale=[-2, 1])
    with pytest.raises(ValueError, match="NaN or infinity in scale"):
        ped(np.ones((2, 2)), [0, 1], scale=[np.inf, 1])
