"""Indicators: when they fire, and what they can read."""

import numpy as np
import pytest

from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.strategies import (
    ASVP,
    AtLabels,
    AtRounds,
    LogMEGain,
    RoundState,
)
from modal_clustermargin.transferability import log_me, ped
from tests.strategies.make_networks import PROXY, Pretrained, X, Y, deferred, run


def make_state(F, y, pool=None):
    return RoundState(y, (), lambda: F, lambda: F if pool is None else pool)


def refreshes(indicator, n_rounds=4):
    strategy = ASVP(proxy=PROXY, indicator=indicator)
    run(strategy, n_rounds=n_rounds)
    return [int(each.is_aligned) for each in strategy.history_]


class TestRoundState:
    def test_scores_are_those_of_the_labelled_features(self):
        pool = np.random.RandomState(3).normal(size=(20_000, 2)) * 3 + 1
        state = make_state(X, Y, pool)
        assert state.log_me == log_me(X, Y)
        moved = ped(X, Y, mean=pool.mean(axis=0), scale=pool.std(axis=0))
        assert state.log_me_ped == pytest.approx(log_me(moved, Y), rel=1e-12)
        assert set(state.values) == {"log_me", "log_me_ped"}


class TestLogMEGain:
    def test_it_fires_where_classes_overlap(self):
        rng = np.random.RandomState(0)
        apart = np.eye(3)[Y] + 0.01 * rng.normal(size=(len(X), 3))
        mixed = np.eye(3)[Y] + 1.0 * rng.normal(size=(len(X), 3))
        assert not LogMEGain()(make_state(apart, Y))
        state = make_state(mixed, Y)
        gain = state.log_me_ped - state.log_me
        assert not LogMEGain(1.01 * 120 * gain)(state)
        assert LogMEGain(0.99 * 120 * gain)(state)
        assert state.values["evidence"] == 120 * gain > 0

    def test_it_fires_once(self):
        assert refreshes(LogMEGain(-100.0)) == [1, 0, 0, 0]

    def test_multi_label_data_has_no_classes_to_push_apart(self):
        assert not LogMEGain(-100.0)(make_state(X, np.eye(3, dtype=int)[Y]))


class TestAtLabels:
    def test_it_fires_when_a_number_is_passed(self):
        assert refreshes(AtLabels((22, 29, 31)), n_rounds=5) == [0, 1, 1, 1, 0]

    def test_a_number_reached_with_one_class_is_made_up_for(self):
        strategy = ASVP(proxy=PROXY, indicator=AtLabels(10))
        network = DeferredFit(Pretrained())
        with pytest.warns(UserWarning, match="a proxy cannot learn"):
            strategy(network.fit(X[:10], np.zeros(10)), X[10:], 5)
        strategy(network.fit(X[:15], Y[:15]), X[15:], 5)
        assert [each.is_aligned for each in strategy.history_] == [False, True]


@pytest.mark.parametrize("given", [-1, 2.5, "3", True])
def test_counts_are_integers_of_at_least_zero(given):
    with pytest.raises(ValueError, match="AtLabels needs n_labels as an integer"):
        ASVP(proxy=PROXY, indicator=AtLabels(given))(deferred(), X[20:], 3)
    with pytest.raises(ValueError, match="AtRounds needs rounds as an integer"):
        ASVP(proxy=PROXY, indicator=AtRounds((1, given)))(deferred(), X[20:], 3)
