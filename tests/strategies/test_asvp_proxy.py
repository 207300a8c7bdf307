"""Any selector works with ASVP, and its answer is checked."""

import numpy as np
import pytest

from modal_clustermargin.strategies import (
    ASVP,
    BADGE,
    AtRounds,
    ClusterMargin,
    CoreSet,
    Never,
    RandomSampling,
)
from tests.strategies.make_networks import PROXY, X, deferred, run


class CountedClusterings(ClusterMargin):
    n_clusterings = 0

    def _cluster(self, *arguments):
        CountedClusterings.n_clusterings += 1
        return super()._cluster(*arguments)


@pytest.mark.parametrize(
    "selector",
    [
        BADGE(random_state=0),
        CoreSet(),
        RandomSampling(random_state=0),
        lambda classifier, X_pool, n: np.arange(n),
        lambda classifier, X_pool, n: (np.arange(n), X_pool[np.arange(n)]),
    ],
)
def test_any_strategy_selects_on_features(selector):
    picked, _ = run(ASVP(selector, PROXY, AtRounds(1)), n_rounds=3)
    assert len(set(np.ravel(picked))) == 15


def test_core_set_knows_the_labelled_rows():
    picks = ASVP(CoreSet(), PROXY, Never())(deferred(), X[20:], 5)
    expected = CoreSet(labelled=X[:20])(None, X[20:], 5)
    np.testing.assert_array_equal(picks, expected)


def test_cluster_margin_clusters_once_until_features_change():
    strategy = ASVP(CountedClusterings(random_state=0), PROXY, AtRounds(2))
    picked, _ = run(strategy, n_rounds=5)
    assert len(set(np.ravel(picked))) == 25
    assert CountedClusterings.n_clusterings == 2
    assert strategy.selector_.last_query_.indices.shape == (5,)


@pytest.mark.parametrize(
    "answer", [[-1, 0, 1, 2, 3], [0, 1, 2, 3, 400], [0.0] * 5, [0, 0, 0, 0, 0]]
)
def test_picks_must_be_different_positions_in_the_pool(answer):
    strategy = ASVP(lambda *arguments: np.array(answer), PROXY, Never())
    with pytest.raises(ValueError, match="5 different positions in a pool of 100 and"):
        strategy(deferred(), X[20:], 5)
