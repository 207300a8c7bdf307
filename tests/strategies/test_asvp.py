"""ASVP: which network trains when, on which features a proxy selects."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, SGDClassifier

from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.strategies import (
    ASVP,
    BADGE,
    AtLabels,
    AtRounds,
    EveryRound,
    LogMEGain,
    MarginSampling,
    Never,
    RandomSampling,
)
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
    split_after,
    zero_counts,  # noqa: F401 a fixture for every test
)


class TestThreeIndicatorsOfOneClass:
    def test_never_is_a_proxy_on_features_computed_once(self):
        strategy = ASVP(proxy=PROXY, indicator=Never())
        picked, network = run(strategy)
        assert picked == run_by_hand(lambda labelled: X)
        assert Network.fits == ()
        assert network.is_pending_
        assert Network.n_embedded == len(X)
        assert [each.n_embedded for each in strategy.history_] == [120, 0, 0, 0]
        assert {each.selected_by for each in strategy.history_} == {"proxy"}

    @pytest.mark.parametrize("kind", [WithHead, Pretrained])
    def test_every_round_is_standard_active_learning(self, kind):
        strategy = ASVP(proxy=PROXY, indicator=EveryRound(), switch=Never())
        picked, network = run(strategy, DeferredFit(kind()))
        trained = {n: kind().fit(X[:n], Y[:n]) for n in (20, 25, 30, 35)}
        assert picked == run_by_hand(lambda labelled: trained[len(labelled)].turned(X))
        assert Network.fits[:4] == tuple((n, "a probe") for n in (20, 25, 30, 35))
        assert {each.selected_by for each in strategy.history_} == {"network"}
        assert network.estimator.linear_probe == "a probe"

    def test_asvp_continues_with_features_of_the_fine_tuned_network(self):
        strategy = ASVP(proxy=PROXY, indicator=AtLabels(30))
        picked, network = run(strategy, n_rounds=5)
        aligned = Pretrained(linear_probe=None).fit(X[:30], Y[:30])
        assert picked == run_by_hand(
            lambda labelled: X if len(labelled) < 30 else aligned.turned(X), n_rounds=5
        )
        history = strategy.history_
        assert [each.is_aligned for each in history] == [0, 0, 1, 0, 0]
        assert [each.is_switched for each in history] == [0, 0, 1, 1, 1]
        assert [each.selected_by[0] for each in history] == [*"ppnpp"]
        assert [each.n_embedded for each in history] == [120, 0, 120, 0, 0]
        assert Network.fits[0] == (30, None)
        # From now on the learner trains by the second training.
        assert network.estimator.linear_probe is None
        network.predict(X)
        assert Network.fits[-1] == (40, None)

    def test_switch_and_refresh_are_independent(self):
        never = ASVP(proxy=PROXY, indicator=Never(), switch=AtRounds(2))
        _, network = run(never)
        assert network.estimator.linear_probe is None
        assert [each.is_switched for each in never.history_] == [0, 0, 1, 1]
        assert not never.is_aligned_
        second = Pretrained(linear_probe="another")
        given = ASVP(proxy=PROXY, indicator=AtRounds((1, 2)), fine_tuning=second)
        _, network = run(given)
        assert network.estimator.linear_probe == "another"
        assert Network.fits[-2:] == ((25, "another"), (30, "another"))


class TestAnswers:
    def test_the_same_query_gets_the_same_answer(self):
        strategy = ASVP(RandomSampling(), PROXY, AtRounds(1))
        first = strategy(deferred(), X[20:], 5)
        np.testing.assert_array_equal(strategy(deferred(), X[20:], 5), first)
        strategy(deferred(), X[20:], 6)
        assert len(strategy.history_) == 1
        np.testing.assert_array_equal(strategy(deferred(), X[20:], 5), first)
        assert Network.fits == ()

    def test_a_copy_made_by_pickle_continues_the_loop(self):
        strategy = ASVP(proxy=PROXY, indicator=AtRounds(1))
        picked, network = run(strategy, n_rounds=2)
        copy = pickle.loads(pickle.dumps(strategy))
        _, left = split_after(picked)
        np.testing.assert_array_equal(
            copy(network, X[left], 5), strategy(network, X[left], 5)
        )

    def test_a_query_that_fails_after_the_refresh_can_be_repeated(self):
        class Failing(MarginSampling):
            has_failed = False

            def _select(self, *arguments):
                if not Failing.has_failed:
                    Failing.has_failed = True
                    raise KeyboardInterrupt
                return super()._select(*arguments)

        strategy, network = ASVP(Failing(), PROXY, LogMEGain(-100)), deferred()
        with pytest.raises(KeyboardInterrupt):
            strategy(network, X[20:], 5)
        strategy(network, X[20:], 5)
        assert Network.fits == ((20, None),)
        assert (strategy.is_aligned_, strategy.is_switched_) == (True, True)
        assert network.estimator.linear_probe is None

    def test_there_is_no_history_before_the_first_query(self):
        with pytest.raises(AttributeError, match="no history before its first query"):
            ASVP().history_  # noqa: B018 the access is the test


class TestProxies:
    def test_a_default_proxy_fits_the_estimator(self):
        strategy = ASVP(indicator=Never())
        run(strategy, n_rounds=1)
        assert strategy.proxy_.steps[-1][0] == "logisticregression"

        class WithProxy(Pretrained):
            def make_proxy(self):
                return SGDClassifier(loss="log_loss")

        strategy = ASVP(indicator=Never(), random_state=0)
        strategy(deferred(20, WithProxy()), X[20:], 5)
        assert type(strategy.proxy_) is SGDClassifier
        assert strategy.proxy_.random_state is not None

    def test_random_state_seeds_proxy_and_selector(self):
        proxy, indicator = SGDClassifier(loss="log_loss"), AtRounds(1)
        strategies = [
            ASVP(BADGE(), proxy, indicator, random_state=seed) for seed in (0, 0, 1)
        ]
        first, again, other = (run(strategy)[0] for strategy in strategies)
        assert first == again != other

    def test_no_labels_leave_the_choice_to_the_features(self):
        strategy = ASVP(proxy=PROXY)
        assert len(set(strategy(DeferredFit(Pretrained()), X, 6))) == 6
        assert strategy.history_[0].selected_by == "nobody"
        assert Network.n_embedded == len(X)
        assert len(run(strategy)[0]) == 4

    def test_labels_of_one_class_count_as_none_with_a_warning(self):
        strategy = ASVP(proxy=PROXY, indicator=EveryRound())
        network = DeferredFit(Pretrained()).fit(X[:3], ["oak"] * 3)
        with pytest.warns(UserWarning, match="All 3 labels that ASVP got are oak"):
            picks = strategy(network, X[3:], 4)
        np.testing.assert_array_equal(picks, np.arange(4))
        assert Network.fits == ()


class TestTraining:
    def test_after_the_switch_a_trained_network_is_trained_again(self):
        network = deferred()
        network.predict(X)
        ASVP(proxy=PROXY, indicator=Never(), switch=AtRounds(0))(network, X[20:], 5)
        assert network.is_pending_
        network.predict(X)
        assert Network.fits == ((20, "a probe"), (20, None))

    def test_a_network_trained_for_a_test_is_not_trained_again(self):
        strategy, network = ASVP(proxy=PROXY, indicator=EveryRound()), deferred()
        strategy(network, X[20:], 5)  # switches
        network.fit(X[:30], Y[:30]).predict(X)
        Network.fits = ()
        strategy(network, X[30:], 5)
        assert Network.fits == ()

    def test_the_second_training_may_be_of_another_class(self):
        class Second(Pretrained):
            pass

        strategy = ASVP(proxy=PROXY, indicator=AtRounds(1), fine_tuning=Second())
        _, network = run(strategy)
        assert type(network.estimator) is Second
        assert [each.is_aligned for each in strategy.history_] == [0, 1, 0, 0]


class TestMessages:
    def test_another_network(self):
        class Other(Pretrained):
            pass

        strategy = ASVP(proxy=PROXY, indicator=Never())
        run(strategy, n_rounds=1)
        message = r"made with network=Pretrained\(\), .* network=Other\(\) now"
        with pytest.raises(ValueError, match=message):
            run(strategy, DeferredFit(Other()), n_rounds=1)

    @pytest.mark.parametrize("answer", [0.3, 1, None, "yes", np.array([True])])
    @pytest.mark.parametrize("name", ["indicator", "switch"])
    def test_an_indicator_must_return_a_bool(self, name, answer):
        strategy = ASVP(proxy=PROXY, **{"indicator": Never(), name: lambda _: answer})
        message = rf"ASVP's {name} returned .* a bool is expected"
        with pytest.raises(ValueError, match=message):
            strategy(deferred(), X[20:], 3)

    @pytest.mark.parametrize("name", ["selector", "indicator", "switch"])
    def test_a_class_is_not_an_instance(self, name):
        message = rf"needs {name} as an instance; got the class Never\. Call it"
        with pytest.raises(ValueError, match=message):
            ASVP(**{name: Never})(deferred(), X[20:], 3)

    @pytest.mark.parametrize("name", ["proxy", "fine_tuning"])
    def test_a_classifier_has_a_fit(self, name):
        with pytest.raises(ValueError, match=f"'{name}' parameter of ASVP must be"):
            ASVP(**{name: "a proxy"})(deferred(), X[20:], 3)

    def test_checks_come_before_work(self):
        with pytest.raises(ValueError, match="n_instances >= 1"):
            ASVP()(deferred(), X, 0)
        assert Network.n_embedded == 0

    def test_fine_tuning_needs_embed(self):
        strategy = ASVP(
            proxy=PROXY, indicator=EveryRound(), fine_tuning=LogisticRegression()
        )
        message = r"LogisticRegression has no method embed\. Pass indicator=Never\(\)"
        with pytest.raises(ValueError, match=message):
            strategy(deferred(), X[20:], 3)


def test_a_clone_starts_a_new_loop():
    strategy = ASVP(proxy=PROXY, indicator=Never())
    run(strategy, n_rounds=1)
    assert not hasattr(clone(strategy), "history_")
