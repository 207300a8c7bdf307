"""What a query of ASVP accepts: networks, labelled rows, and selectors."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.clustering import AverageLinkage
from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.learners import ActiveLearner, Committee
from modal_clustermargin.strategies import (
    ASVP,
    BADGE,
    AtRounds,
    ClusterMargin,
    CoreSet,
    EveryRound,
    LogMEGain,
    Never,
    RandomSampling,
)
from modal_clustermargin.strategies._asvp_query import Query
from tests.strategies.make_networks import (
    PROXY,
    Network,
    Pretrained,
    WithHead,
    X,
    Y,
    deferred,
    run,
    run_by_hand,
    turned_by,
    zero_counts,  # noqa: F401 a fixture for every test
)


class TestNetworks:
    def test_a_network_trained_by_teach_is_not_trained_twice(self):
        strategy = ASVP(indicator=EveryRound(), switch=Never())
        learner = ActiveLearner(WithHead(), strategy, X[:20], Y[:20])
        learner.query(X[20:], n_instances=3)
        assert len(Network.fits) == 1

    def test_teach_does_not_change_the_features(self):
        network = Pretrained().fit(X[:20], Y[:20])
        strategy = ASVP(
            proxy=PROXY,
            indicator=AtRounds(0),
            switch=Never(),
            labelled=lambda _: (X[: network.n_rows], Y[: network.n_rows]),
        )
        network.n_rows = 20
        strategy(network, X[20:90], 5)
        expected = Pretrained().fit(X[:20], Y[:20]).turned(X)
        network.fit(X[:50], Y[:50]).n_rows = 50
        seen = []
        strategy.set_params(
            indicator=lambda state: seen.append(state.features) or False
        )
        strategy(network, X[50:], 5)
        np.testing.assert_allclose(seen[0], expected[:50])

    def test_a_network_with_random_weights_is_asked_once(self):
        class Drawn(Pretrained):
            n_asked = 0

            def untrained(self, X):
                Drawn.n_asked += 1
                return turned_by(Drawn.n_asked, self)

        picked, _ = run(ASVP(proxy=PROXY, indicator=Never()), DeferredFit(Drawn()))
        assert picked == run_by_hand(lambda labelled: turned_by(1).turned(X))
        assert Drawn.n_asked == 1

    def test_a_network_that_cannot_embed_untrained_is_trained(self):
        strategy = ASVP(proxy=PROXY, indicator=Never())
        run(strategy, DeferredFit(Network()), n_rounds=1)
        assert Network.fits == ((20, "a probe"),)

    def test_embed_is_required(self):
        learner = ActiveLearner(LogisticRegression(), ASVP(), X[:20], Y[:20])
        message = r"LogisticRegression has no method embed.*Classifier, or pass a fun"
        with pytest.raises(ValueError, match=message):
            ASVP()(learner, X[20:], 3)
        with pytest.raises(ValueError, match=r"DeferredFit\(LogisticRegression\) has"):
            ASVP()(DeferredFit(LogisticRegression()), X[20:], 3)

    def test_a_committee_is_refused(self):
        members = [ActiveLearner(Pretrained(), X_training=X[:20], y_training=Y[:20])]
        with pytest.raises(ValueError, match="single network, but a Committee has"):
            ASVP()(Committee(members), X[20:], 3)


class TestLabelledRows:
    def test_labels_in_a_column_are_labels(self):
        names = np.array(["elm", "oak", "ash"], dtype=object)[Y]
        for labels in (names, names[:, np.newaxis], Y[:, np.newaxis]):
            network = DeferredFit(Pretrained()).fit(X[:20], labels[:20])
            strategy = ASVP(proxy=PROXY, indicator=LogMEGain(-100))
            strategy(network, X[20:], 5)
            assert strategy.is_aligned_

    def test_unknown_rows_are_refused(self):
        with pytest.raises(ValueError, match=r"fitted Pretrained does not keep them"):
            ASVP()(Pretrained().fit(X[:20], Y[:20]), X[20:], 3)

    def test_each_row_needs_a_label(self):
        given = ASVP(labelled=(X[:20], Y[:19]))
        with pytest.raises(ValueError, match="20 labelled rows and 19 labels"):
            given(clone(Pretrained()).fit(X[:20], Y[:20]), X[20:], 3)
        with pytest.raises(ValueError, match="for each labelled row, and y is None"):
            ASVP(labelled=(X, None))(deferred(), X, 3)


class CountedClusterings(AverageLinkage):
    n_clusterings = 0

    def fit(self, X, y=None):
        CountedClusterings.n_clusterings += 1
        return super().fit(X, y)


class TestSelectors:
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
    def test_any_strategy_selects_on_features(self, selector):
        picked, _ = run(ASVP(selector, PROXY, AtRounds(1)), n_rounds=3)
        assert len(set(np.ravel(picked))) == 15

    def test_core_set_knows_the_labelled_rows(self):
        picks = ASVP(CoreSet(), PROXY, Never())(deferred(), X[20:], 5)
        expected = CoreSet(labelled=X[:20])(None, X[20:], 5)
        np.testing.assert_array_equal(picks, expected)

    def test_cluster_margin_clusters_once_until_features_change(self):
        strategy = ASVP(ClusterMargin(CountedClusterings()), PROXY, AtRounds(2))
        picked, _ = run(strategy, n_rounds=5)
        assert len(set(np.ravel(picked))) == 25
        assert CountedClusterings.n_clusterings == 2
        assert strategy.selector_.last_query_.indices.shape == (5,)

    @pytest.mark.parametrize(
        "answer", [[-1, 0, 1, 2, 3], [0, 1, 2, 3, 400], [0.0] * 5, [0, 0, 0, 0, 0]]
    )
    def test_picks_must_be_different_positions_in_the_pool(self, answer):
        strategy = ASVP(lambda *arguments: np.array(answer), PROXY, Never())
        with pytest.raises(
            ValueError, match="5 different positions in a pool of 100 and"
        ):
            strategy(deferred(), X[20:], 5)


def test_seconds_of_a_stage_exclude_the_stages_inside_it():
    query = SimpleNamespace(seconds={"outer": 0.0, "inner": 0.0})
    with Query.timed(query, "outer"), Query.timed(query, "inner"):
        sum(range(300_000))
    assert query.seconds["inner"] > query.seconds["outer"] >= 0
