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
