"""A folder in which a loop of ASVP goes on after its process was killed."""

import json
from functools import cache

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.strategies import (
    ASVP,
    AtRounds,
    EveryRound,
    MarginSampling,
    Never,
    RandomSampling,
)
from tests.strategies.make_networks import (
    PROXY,
    Network,
    Pretrained,
    X,
    Y,
    deferred,
    run,
    split_after,
    turned_by,
    zero_counts,  # noqa: F401 a fixture for every test
)


def asvp(folder, selector=None, indicator=None, **parameters):
    indicator = AtRounds(2) if indicator is None else indicator
    return ASVP(selector, PROXY, indicator, store=folder, **parameters)


@cache
def picks_without_a_folder(selector):
    return run(ASVP(selector(), PROXY, AtRounds(2), random_state=0))[0]


def note_numbers(state):
    state.values |= {"a": np.float32(1.5), "b": np.arange(2)}
    return False


class TestKilledLoops:
    @pytest.mark.parametrize(
        ("stop", "call"),
        [
            *[("embed", n) for n in (1, 2, 3, 4)],
            ("fit", 1),
            *[("proxy", n) for n in (1, 2, 3)],
            *[("selector", n) for n in (1, 3, 4)],
        ],
    )
    def test_a_killed_loop_goes_on(self, tmp_path, monkeypatch, stop, call):
        # An odd call dies with random picks, an even one with margin sampling.
        selector = [MarginSampling, RandomSampling][call % 2]
        expected = picks_without_a_folder(selector)
        Network.n_embedded = n_calls = 0

        def dying(function):
            def call_or_die(self, *arguments):
                nonlocal n_calls
                n_calls += 1
                if n_calls == call:
                    raise KeyboardInterrupt
                return function(self, *arguments)

            return call_or_die

        where = {
            "embed": (Network, "embed"),
            "fit": (Network, "fit"),
            "proxy": (LogisticRegression, "fit"),
            "selector": (selector, "_select"),
        }[stop]
        with monkeypatch.context() as patched:
            patched.setattr(*where, dying(getattr(*where)))
            with pytest.raises(KeyboardInterrupt):
                run(asvp(tmp_path, selector(), random_state=0))
        again = asvp(tmp_path, selector(), random_state=0)
        assert run(again)[0] == expected
        assert [each.is_aligned for each in again.history_] == [0, 0, 1, 0]
        # 120 rows twice, and eight rows in each process for a comparison.
        assert Network.n_embedded <= 240 + 16
        assert len(list(tmp_path.glob("features-*"))) == 1

    def test_a_refresh_that_was_killed_is_of_one_network(self, tmp_path):
        class Moody(Pretrained):
            """A network that embeds differently after each training."""

            n_trained = 0

            def fit(self, X, y):
                Moody.n_trained += 1
                super().fit(X, y)
                self.angle_ = float(Moody.n_trained)
                return self

            def embed(self, X):
                if getattr(self, "angle_", 0) == 1.0 and len(X) == 20:
                    raise KeyboardInterrupt  # at the labelled rows, after the pool
                return super().embed(X)

        seen = []
        with pytest.raises(KeyboardInterrupt):
            run(
                asvp(tmp_path, None, EveryRound(), switch=Never()), DeferredFit(Moody())
            )
        strategy = asvp(tmp_path, None, EveryRound(), switch=Never())
        run(strategy, DeferredFit(Moody()), n_rounds=1)
        strategy.set_params(indicator=lambda state: seen.append(state.pool_features[:]))
        with pytest.raises(ValueError, match="a bool is expected"):
            strategy(deferred(21, Moody()), X[21:], 3)
        np.testing.assert_allclose(seen[0], turned_by(2).turned(X[21:]), rtol=1e-6)


class TestNextProcess:
    def test_it_knows_rounds_features_and_training(self, tmp_path):
        first = asvp(tmp_path)
        picked, _ = run(first)
        labelled, left = split_after(picked)
        Network.fits, Network.n_embedded = (), 0
        network, second = deferred(labelled), asvp(tmp_path)
        second(network, X[left], 5)
        assert second.history_[:4] == first.history_
        assert (Network.fits, Network.n_embedded) == ((), 0)
        assert network.estimator.linear_probe is None
        with pytest.raises(ValueError, match="fine-tuned in an earlier process. Start"):
            second(deferred(labelled), np.vstack([X[left], [[9, 9]]]), 3)

    def test_it_knows_ids(self, tmp_path):
        labelled, left = split_after(run(asvp(tmp_path), ids=True)[0])
        Network.n_embedded = 0
        asvp(tmp_path)(deferred(labelled), X[left], 5, ids=left + 1000)
        assert Network.n_embedded == 0
        with pytest.raises(ValueError, match="pool with ids and is now called without"):
            asvp(tmp_path)(deferred(labelled), X[left], 5)

    def test_an_answered_query_is_answered_again(self, tmp_path):
        def watched():
            strategy, states = asvp(tmp_path, RandomSampling()), []

            def query(network, X_pool, n):
                picks = strategy(network, X_pool, n)
                counts = [each.n_labelled for each in strategy.history_]
                probe = network.estimator.linear_probe
                flags = strategy.is_aligned_, strategy.is_switched_
                states.append((picks.tolist(), probe, *flags, counts))
                return picks

            run(query)
            return states

        first = watched()
        Network.fits = ()
        assert watched() == first
        assert Network.fits == ()

    def test_rounds_of_an_abandoned_branch_do_not_count(self, tmp_path):
        run(asvp(tmp_path, None, AtRounds(3)), n_rounds=3)
        other = asvp(tmp_path, None, AtRounds(3))
        run(other, n_rounds=3, n_instances=2)
        assert [each.n_labelled for each in other.history_] == [20, 22, 24]

    def test_an_indicator_may_note_numbers_of_any_kind(self, tmp_path):
        for _ in range(2):
            strategy = asvp(tmp_path, None, note_numbers)
            run(strategy, n_rounds=1)
        assert strategy.history_[0].values == {"a": 1.5, "b": [0, 1]}


class TestRefused:
    def test_another_loop(self, tmp_path):
        picked, _ = run(asvp(tmp_path), n_rounds=3)
        other = deferred(np.arange(60, 90))
        with pytest.raises(ValueError, match="fine-tuned on 30 labelled rows, and"):
            asvp(tmp_path)(other, X[:60], 5)
        labelled, left = split_after(picked)
        labels = Y[labelled].copy()
        labels[0] = (labels[0] + 1) % 3
        other = DeferredFit(Pretrained()).fit(X[labelled], labels)
        with pytest.raises(ValueError, match="does not have these rows with these"):
            asvp(tmp_path)(other, X[left], 5)

    def test_other_settings(self, tmp_path):
        run(asvp(tmp_path), n_rounds=1)
        message = r"made with indicator=AtRounds\(rounds=2\), and .*=Never\(\) now"
        with pytest.raises(ValueError, match=message):
            asvp(tmp_path, None, Never())(deferred(), X[20:], 3)

    def test_another_network(self, tmp_path):
        run(asvp(tmp_path, None, Never()), n_rounds=1)
        other = deferred(21, Pretrained(linear_probe="another"))
        with pytest.raises(ValueError, match="made with network=Pretrained"):
            asvp(tmp_path, None, Never())(other, X[21:], 3)

    def test_new_rows_for_a_network_with_other_weights(self, tmp_path):
        class Drawn(Pretrained):
            n_asked = 0

            def untrained(self, X):
                Drawn.n_asked += 1
                return turned_by(Drawn.n_asked, self)

        for pool in (X[20:100], X[20:100]):
            asvp(tmp_path, None, Never())(deferred(20, Drawn()), pool, 3)
        assert Drawn.n_asked == 1
        with pytest.raises(ValueError, match="has features of a different network"):
            asvp(tmp_path, None, Never())(deferred(20, Drawn()), X[20:], 3)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            (
                {"random_state": np.random.RandomState(0)},
                "with this random_state.*int or None",
            ),
            ({"indicator": lambda state: False}, "with this indicator.*lambda"),
        ],
    )
    def test_settings_that_cannot_be_compared(self, tmp_path, parameters, message):
        with pytest.raises(ValueError, match=message):
            asvp(tmp_path, **parameters)(deferred(), X[20:], 3)

    def test_a_history_of_another_version(self, tmp_path):
        (tmp_path / "rounds.json").write_text(json.dumps({"format": 0}))
        with pytest.raises(ValueError, match="rounds.json is not a history"):
            asvp(tmp_path)(deferred(), X[20:], 3)
