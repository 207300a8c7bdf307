"""Where the features of ASVP come from, and how rows are recognised."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.strategies import ASVP, AtRounds, Never
from tests.strategies.make_networks import (
    PROXY,
    Network,
    X,
    Y,
    deferred,
    run,
    run_by_hand,
    zero_counts,  # noqa: F401 a fixture for every test
)


class TestRows:
    def test_equal_rows_are_embedded_once_and_picked_one_by_one(self):
        doubled = np.repeat(X[:10], 3, axis=0)
        picks = ASVP(proxy=PROXY, indicator=Never())(deferred(), doubled, 30)
        assert sorted(picks) == list(range(30))
        assert Network.n_embedded == 20  # ten of them are labelled rows as well

    def test_ids_recognise_rows_of_another_number_type(self):
        strategy = ASVP(proxy=PROXY, indicator=Never())
        assert run(strategy, ids=True)[0] == run_by_hand(lambda labelled: X)
        assert Network.n_embedded == len(X)
        narrow, ids = X[50:].astype(np.float32), np.arange(50, 120) + 1000
        strategy(deferred(), narrow, 3, ids=ids)
        assert Network.n_embedded == len(X)
        with pytest.raises(ValueError, match="pool with ids and is now called without"):
            strategy(deferred(), X[50:], 3)

    def test_features_are_found_by_content_when_rows_with_ids_are_labelled(self):
        strategy = ASVP(proxy=PROXY, indicator=AtRounds(1))
        run(strategy, ids=True)
        assert [each.n_embedded for each in strategy.history_] == [120, 120, 0, 0]


class TestGivenFeatures:
    def test_nothing_is_embedded(self):
        strategy = ASVP(proxy=PROXY, indicator=Never()).fit(X, features=X)
        assert run(strategy)[0] == run_by_hand(lambda labelled: X)
        assert Network.n_embedded == 0

    def test_they_are_used_in_a_folder_by_the_next_process(self, tmp_path):
        strategies = [
            ASVP(proxy=PROXY, indicator=Never(), store=tmp_path) for _ in range(2)
        ]
        strategies[0].fit(X, features=X**3)
        assert run(strategies[1])[0] == run_by_hand(lambda labelled: X**3)

    def test_rows_with_ids_are_found_by_content_when_they_are_labelled(self):
        strategy = ASVP(proxy=PROXY, indicator=Never())
        strategy.fit(X, features=X**3, ids=np.arange(120) + 1000)
        assert run(strategy, ids=True)[0] == run_by_hand(lambda labelled: X**3)
        assert Network.n_embedded == 0

    def test_a_loop_that_resumes_may_give_them_again(self, tmp_path):
        picked = []
        for _ in range(2):
            strategy = ASVP(proxy=PROXY, indicator=AtRounds(1), store=tmp_path)
            picked.append(run(strategy.fit(X, features=X))[0])
        assert picked[0] == picked[1]

    def test_they_do_not_mix_with_features_of_another_network(self):
        strategy = ASVP(proxy=PROXY, indicator=Never()).fit(X[20:], features=X[20:] + 1)
        with pytest.raises(ValueError, match="must also cover the labelled rows"):
            strategy(deferred(), X[20:], 3)
        with pytest.raises(ValueError, match="2 rows of embeddings for a pool of 3"):
            ASVP().fit(X[:3], features=X[:2])

    def test_each_row_gets_features_once(self):
        strategy = ASVP(proxy=PROXY, indicator=Never())
        strategy.fit(X, features=X).fit(X, features=X)
        with pytest.raises(ValueError, match="features for 120 rows that already"):
            strategy.fit(X, features=3 * X)


class TestEmbedding:
    def test_it_may_be_a_function(self):
        strategy = ASVP(
            proxy=PROXY,
            indicator=Never(),
            embedding=lambda classifier, rows: rows**2,
            labelled=(X[:20], Y[:20]),
        )
        picks = strategy(LogisticRegression().fit(X[:20], Y[:20]), X[20:], 5)
        assert [(20 + picks).tolist()] == run_by_hand(lambda labelled: X**2, 1)

    def test_it_must_match_the_pool_and_be_finite(self):
        strategy = ASVP(proxy=PROXY, embedding=lambda classifier, rows: rows[:-1])
        with pytest.raises(ValueError, match="99 rows of embeddings for a pool of 100"):
            strategy(deferred(), X[20:], 3)
        strategy = ASVP(proxy=PROXY, embedding=lambda classifier, rows: rows * np.nan)
        with pytest.raises(ValueError, match="features that contain NaN"):
            strategy(deferred(), X[20:], 3)
