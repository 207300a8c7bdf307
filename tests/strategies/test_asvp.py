"""ASVP: what is trained when, on which features, and who selects."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from modal_clustermargin.estimators import DeferredFit, NetworkClassifier
from modal_clustermargin.learners import ActiveLearner, Committee
from modal_clustermargin.pools import fingerprints
from modal_clustermargin.strategies import (
    ASVP,
    BADGE,
    AtLabels,
    AtRounds,
    ClusterMargin,
    CoreSet,
    EveryRound,
    LogMEGain,
    MarginSampling,
    Never,
    RandomSampling,
    RoundState,
)


class Network(ClassifierMixin, BaseEstimator):
    """Embeds rows turned by an angle that depends on how many it was trained on.

    Counts what all of its clones do.
    """

    fits = ()
    n_embedded = 0

    def __init__(self, linear_probe="a probe", embeds_untrained=True):
        self.linear_probe = linear_probe
        self.embeds_untrained = embeds_untrained

    def fit(self, X, y):
        Network.fits += ((len(X), self.linear_probe),)
        self.angle_ = len(X) / 50 + (self.linear_probe is None)
        self.model_ = LogisticRegression().fit(self._turned(X), y)
        return self

    def _turned(self, X):
        c, s = np.cos(self.angle_), np.sin(self.angle_)
        return np.asarray(X, float) @ [[c, s], [-s, c]] + [self.angle_, 0]

    def embed(self, X):
        if not hasattr(self, "angle_"):
            raise NotFittedError
        Network.n_embedded += len(X)
        return self._turned(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(self._turned(X))

    def predict(self, X):
        return self.model_.predict(self._turned(X))


class Pretrained(Network):
    """One that says what it begins from."""

    def untrained(self, X):
        network = clone(self)
        network.angle_ = 0.0
        return network


class WithHead(Pretrained):
    """One that answers for embeddings as well."""

    def head_classifier(self, X):
        return self.model_


@pytest.fixture(autouse=True)
def none_counted():
    Network.fits, Network.n_embedded = (), 0


def noting(state):
    """An indicator that notes numbers of numpy."""
    state.values |= {"a": np.float32(1.5), "b": np.arange(2)}
    return False


def rows(n_rows, seed=0):
    X = np.random.RandomState(seed).normal(size=(n_rows, 2))
    return X, (X[:, 0] > 0) + (X[:, 1] > 0.3).astype(int)


X, Y = rows(120)


def run(strategy, network=None, n_rounds=4, n_instances=5, n_initial=20, ids=False):
    """Rounds of plain scikit-learn style; positions picked, and the classifier."""
    network = DeferredFit(Pretrained()) if network is None else network
    labelled, picked = np.arange(n_initial), []
    for _ in range(n_rounds):
        network.fit(X[labelled], Y[labelled])
        left = np.setdiff1d(np.arange(len(X)), labelled)
        given = {"ids": left + 1000} if ids else {}
        picks = left[strategy(network, X[left], n_instances, **given)]
        labelled = np.concatenate([labelled, picks])
        picked.append(picks.tolist())
    return picked, network


def by_hand(features_of, selector=None, n_rounds=4, n_instances=5, n_initial=20):
    """Rounds of a logistic regression on features, written out."""
    selector = MarginSampling() if selector is None else selector
    labelled, picked = np.arange(n_initial), []
    for _ in range(n_rounds):
        left = np.setdiff1d(np.arange(len(X)), labelled)
        F = features_of(labelled)
        model = LogisticRegression().fit(F[labelled], Y[labelled])
        picks = left[selector(model, F[left], n_instances)]
        labelled = np.concatenate([labelled, picks])
        picked.append(picks.tolist())
    return picked


PROXY = LogisticRegression()


class TestThreeIndicatorsOfOneClass:
    def test_svpp_is_a_proxy_on_features_computed_once(self):
        strategy = ASVP(proxy=PROXY, indicator=Never())
        picked, network = run(strategy)
        assert picked == by_hand(lambda labelled: X)
        assert Network.fits == ()
        assert network.is_pending_
        assert Network.n_embedded == len(X)
        assert [each.n_embedded for each in strategy.history_] == [120, 0, 0, 0]
        assert {each.selected_by for each in strategy.history_} == {"proxy"}

    @pytest.mark.parametrize("kind", [WithHead, Pretrained])
    def test_every_round_is_standard_active_learning(self, kind):
        strategy = ASVP(proxy=PROXY, indicator=EveryRound(), switch=Never())
        picked, network = run(strategy, DeferredFit(kind()))
        trained = [clone(kind()).fit(X[:n], Y[:n]) for n in (20, 25, 30, 35)]

        def features_of(labelled):
            angle = trained[(len(labelled) - 20) // 5]
            return angle._turned(X)

        assert picked == by_hand(features_of)
        assert Network.fits[:4] == tuple((n, "a probe") for n in (20, 25, 30, 35))
        assert {each.selected_by for each in strategy.history_} == {"network"}
        assert network.estimator.linear_probe == "a probe"

    def test_asvp_goes_on_with_the_features_of_the_fine_tuned_network(self):
        strategy = ASVP(proxy=PROXY, indicator=AtLabels(30))
        picked, network = run(strategy, n_rounds=5)
        aligned = clone(Pretrained(linear_probe=None)).fit(X[:30], Y[:30])

        def features_of(labelled):
            return X if len(labelled) < 30 else aligned._turned(X)

        assert picked == by_hand(features_of, n_rounds=5)
        history = strategy.history_
        assert [each.is_aligned for each in history] == [False, False, True, 0, 0]
        assert [each.is_switched for each in history] == [0, 0, 1, 1, 1]
        assert [each.selected_by[0] for each in history] == [*"ppnpp"]
        assert [each.n_embedded for each in history] == [120, 0, 120, 0, 0]
        assert Network.fits[0] == (30, None)
        # What the learner will train is the second training from now on.
        assert network.estimator.linear_probe is None
        network.predict(X)
        assert Network.fits[-1] == (40, None)

    def test_switch_and_alignment_go_each_by_its_own(self):
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


class TestSelectors:
    @pytest.mark.parametrize(
        "selector",
        [
            ClusterMargin(random_state=0),
            BADGE(random_state=0),
            CoreSet(),
            RandomSampling(random_state=0),
            lambda classifier, X_pool, n: np.arange(n),
        ],
    )
    def test_any_strategy_selects_on_features(self, selector):
        strategy = ASVP(selector, PROXY, AtRounds(2))
        picked, _ = run(strategy)
        assert len(set(np.ravel(picked))) == 20

    def test_core_set_knows_the_labelled_rows(self):
        picked, _ = run(ASVP(CoreSet(), PROXY, Never()), n_rounds=1)
        expected = 20 + CoreSet(labelled=X[:20])(None, X[20:], 5)
        assert picked == [expected.tolist()]

    def test_cluster_margin_clusters_once_until_features_change(self):
        class Counted(ClusterMargin):
            n_clusterings = 0

            def _cluster(self, *arguments):
                Counted.n_clusterings += 1
                return super()._cluster(*arguments)

        strategy = ASVP(Counted(random_state=0), PROXY, AtRounds(2))
        run(strategy, n_rounds=5)
        assert Counted.n_clusterings == 2
        assert strategy.selector_.last_query_.indices.shape == (5,)

    def test_a_selector_that_repeats_itself_is_refused(self):
        strategy = ASVP(lambda classifier, X_pool, n: np.zeros(n, int), PROXY, Never())
        with pytest.raises(ValueError, match="for 5 different .* 1 of them diff"):
            run(strategy)

    @pytest.mark.parametrize("answer", [[-1, 0, 1, 2, 3], [0, 1, 2, 3, 400], [0.0] * 5])
    def test_positions_outside_of_the_pool_are_refused(self, answer):
        strategy = ASVP(lambda *arguments: np.array(answer), PROXY, Never())
        with pytest.raises(ValueError, match="different positions in a pool of 100"):
            run(strategy)

    def test_instances_in_the_place_of_metrics_are_left_out(self):
        def with_instances(classifier, X_pool, n):
            return np.arange(n), X_pool[np.arange(n)]

        strategy = ASVP(with_instances, PROXY, Never())
        assert len(run(strategy)[0]) == 4

    def test_equal_rows_are_embedded_once_and_picked_one_by_one(self):
        doubled = np.repeat(X[:10], 3, axis=0)
        network = DeferredFit(Pretrained()).fit(X[:20], Y[:20])
        picks = ASVP(proxy=PROXY, indicator=Never())(network, doubled, 30)
        assert sorted(picks) == list(range(30))
        assert Network.n_embedded == 20  # of which ten are labelled as well


class TestColdStart:
    def test_nothing_labelled_leaves_it_to_the_features(self):
        strategy = ASVP(ClusterMargin(random_state=0), PROXY)
        picks = strategy(DeferredFit(Pretrained()), X, 6)
        assert len(set(picks)) == 6
        assert strategy.history_[0].selected_by == "nobody"
        assert Network.n_embedded == len(X)
        picked, _ = run(strategy)
        assert len(picked) == 4

    def test_one_class_is_warned_of_and_learned_nothing_from(self):
        strategy = ASVP(proxy=PROXY, indicator=EveryRound())
        network = DeferredFit(Pretrained()).fit(X[:3], ["oak"] * 3)
        with pytest.warns(UserWarning, match="All 3 labels that ASVP got are oak"):
            picks = strategy(network, X[3:], 4)
        np.testing.assert_array_equal(picks, np.arange(4))
        assert Network.fits == ()


class TestFolder:
    def parameters(self, folder):
        return {"proxy": PROXY, "indicator": AtRounds(2), "store": folder}

    @pytest.mark.parametrize("stop", ["embed", "fit", "proxy", "selector"])
    @pytest.mark.parametrize("call", [1, 2, 3, 4])
    @pytest.mark.parametrize("selector", [MarginSampling, RandomSampling])
    def test_a_killed_loop_goes_on_where_it_was(
        self, tmp_path, monkeypatch, stop, call, selector
    ):
        settings = {"selector": selector(), "random_state": 0}
        expected, _ = run(ASVP(proxy=PROXY, indicator=AtRounds(2), **settings))
        Network.n_embedded = 0
        calls = {"n": 0}

        def dying(function):
            def call_or_die(self, *arguments, **keywords):
                calls["n"] += 1
                if calls["n"] == call:
                    raise KeyboardInterrupt
                return function(self, *arguments, **keywords)

            return call_or_die

        where = {
            "embed": (Network, "embed"),
            "fit": (Network, "fit"),
            "proxy": (LogisticRegression, "fit"),
            "selector": (selector, "_select"),
        }[stop]
        with monkeypatch.context() as patched:
            patched.setattr(*where, dying(getattr(*where)))
            try:
                run(ASVP(**self.parameters(tmp_path), **settings))
                was_killed = False
            except KeyboardInterrupt:
                was_killed = True
        assert was_killed or calls["n"] < call
        again = ASVP(**self.parameters(tmp_path), **settings)
        assert run(again)[0] == expected
        assert [each.is_aligned for each in again.history_] == [0, 0, 1, 0]
        # 120 rows twice, and eight of them in each process to compare.
        assert Network.n_embedded <= 240 + 16
        assert len(list(tmp_path.glob("features-*"))) == 1

    def test_a_later_process_knows_history_features_and_training(self, tmp_path):
        first = ASVP(**self.parameters(tmp_path))
        picked, _ = run(first, n_rounds=4)
        labelled = [*range(20), *np.ravel(picked)]
        left = np.setdiff1d(np.arange(len(X)), labelled)
        Network.fits, Network.n_embedded = (), 0
        network = DeferredFit(Pretrained()).fit(X[labelled], Y[labelled])
        second = ASVP(**self.parameters(tmp_path))
        second(network, X[left], 5)
        assert second.history_[:4] == first.history_
        assert (Network.fits, Network.n_embedded) == ((), 0)
        assert network.estimator.linear_probe is None
        # A row never seen needs the network that the features are of.
        network.fit(X[labelled], Y[labelled])
        new = np.vstack([X[left], [[9.0, 9.0]]])
        second(network, new, 3)
        assert Network.fits == ((30, None),)

    def test_a_round_that_was_is_answered_from_there(self, tmp_path):
        parameters = self.parameters(tmp_path) | {"selector": RandomSampling()}
        first, _ = run(ASVP(**parameters))
        Network.fits = ()
        again, network = run(ASVP(**parameters))
        assert again == first
        assert Network.fits == ()
        assert network.estimator.linear_probe is None

    def test_a_round_answered_again_leaves_all_as_it_was_then(self, tmp_path):
        def watched():
            strategy, states = ASVP(**self.parameters(tmp_path)), []

            def state(classifier, X_pool, n):
                picks = strategy(classifier, X_pool, n)
                history = strategy.history_
                states.append(
                    (
                        classifier.estimator.linear_probe,
                        strategy.is_aligned_,
                        strategy.is_switched_,
                        [each.n_labelled for each in history],
                    )
                )
                return picks

            run(state)
            return states

        assert watched() == watched()

    def test_another_loop_is_refused_once_features_are_of_the_first(self, tmp_path):
        run(ASVP(**self.parameters(tmp_path)))
        other = DeferredFit(Pretrained()).fit(X[60:90], Y[60:90])
        with pytest.raises(
            ValueError, match="fine-tuned on 30 labelled rows; of these, 27"
        ):
            ASVP(**self.parameters(tmp_path))(other, X[:60], 5)

    def test_labels_that_were_corrected_are_another_loop(self, tmp_path):
        picked, _ = run(ASVP(**self.parameters(tmp_path)), n_rounds=3)
        labelled = [*range(20), *np.ravel(picked)]
        labels = Y[labelled].copy()
        labels[0] = (labels[0] + 1) % 3
        network = DeferredFit(Pretrained()).fit(X[labelled], labels)
        left = np.setdiff1d(np.arange(len(X)), labelled)
        with pytest.raises(ValueError, match="of these, labels have changed"):
            ASVP(**self.parameters(tmp_path))(network, X[left], 5)

    def test_rounds_of_a_branch_that_was_left_do_not_count(self, tmp_path):
        parameters = self.parameters(tmp_path) | {"indicator": AtRounds(3)}
        run(ASVP(**parameters), n_rounds=3)
        other = ASVP(**parameters)
        run(other, n_rounds=3, n_instances=2)
        assert [each.n_labelled for each in other.history_] == [20, 22, 24]

    def test_features_refreshed_by_halves_are_of_one_network(self, tmp_path):
        class Moody(Pretrained):
            n_trained = 0

            def fit(self, X, y):
                Moody.n_trained += 1
                super().fit(X, y)
                self.angle_ = float(Moody.n_trained)
                return self

            def embed(self, X):
                if getattr(self, "angle_", 0) == 1.0 and len(X) == 20:
                    raise KeyboardInterrupt  # the labelled rows, after the pool
                return super().embed(X)

        parameters = {"proxy": PROXY, "switch": Never(), "store": tmp_path}
        network = DeferredFit(Moody())
        with pytest.raises(KeyboardInterrupt):
            run(ASVP(indicator=EveryRound(), **parameters), network, n_rounds=1)
        strategy = ASVP(indicator=EveryRound(), **parameters)
        run(strategy, DeferredFit(Moody()), n_rounds=1)
        keys = fingerprints(X)
        expected = clone(Moody())
        expected.angle_ = 2.0
        np.testing.assert_allclose(
            strategy._features._store.take(keys), expected._turned(X), rtol=1e-6
        )

    def test_a_switch_after_the_alignment_leaves_the_network_known(self, tmp_path):
        parameters = {
            "proxy": PROXY,
            "indicator": AtRounds(0),
            "switch": AtRounds(2),
            "store": tmp_path,
        }
        picked, network = run(ASVP(**parameters))
        labelled = [*range(20), *np.ravel(picked)]
        left = np.setdiff1d(np.arange(len(X)), labelled)
        Network.fits = ()
        network = DeferredFit(Pretrained()).fit(X[labelled], Y[labelled])
        ASVP(**parameters)(network, np.vstack([X[left], [[9.0, 9.0]]]), 5)
        assert Network.fits == ((20, "a probe"),)

    def test_ids_are_known_to_the_next_process(self, tmp_path):
        picked, _ = run(ASVP(**self.parameters(tmp_path)), n_rounds=4, ids=True)
        labelled = [*range(20), *np.ravel(picked)]
        left = np.setdiff1d(np.arange(len(X)), labelled)
        Network.n_embedded = 0
        network = DeferredFit(Pretrained()).fit(X[labelled], Y[labelled])
        strategy = ASVP(**self.parameters(tmp_path))
        strategy(network, X[left], 5, ids=left + 1000)
        assert Network.n_embedded == 0
        with pytest.raises(ValueError, match="pool with ids and is now called without"):
            ASVP(**self.parameters(tmp_path))(network, X[left], 5)

    def test_an_indicator_may_note_numbers_of_any_kind(self, tmp_path):
        strategy = ASVP(proxy=PROXY, indicator=noting, store=tmp_path)
        run(strategy, n_rounds=2)
        again = ASVP(proxy=PROXY, indicator=noting, store=tmp_path)
        run(again, n_rounds=1)
        assert again.history_[0].values == {"a": 1.5, "b": [0, 1]}

    def test_a_generator_cannot_be_begun_again(self, tmp_path):
        strategy = ASVP(store=tmp_path, random_state=np.random.RandomState(0))
        with pytest.raises(ValueError, match="random_state as an int or None"):
            run(strategy)

    def test_a_second_process_is_refused(self, tmp_path):
        run(ASVP(**self.parameters(tmp_path)), n_rounds=1)
        code = (
            "import sys;"
            "from modal_clustermargin.strategies._asvp_history import History;"
            "History(sys.argv[1], {})"
        )
        strategy = ASVP(**self.parameters(tmp_path))
        run(strategy, n_rounds=1)
        command = [sys.executable, "-c", code, str(tmp_path)]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "is in use by another process. Name another" in other.stderr
        assert strategy.history_

    def test_other_settings_are_refused_by_name(self, tmp_path):
        run(ASVP(**self.parameters(tmp_path)))
        other = ASVP(proxy=PROXY, indicator=Never(), store=tmp_path)
        message = r"made with indicator=AtRounds\(rounds=2\), and .*=Never\(\) now"
        with pytest.raises(ValueError, match=message):
            run(other)

    def test_features_of_another_network_are_refused(self, tmp_path):
        class Other(Pretrained):
            def untrained(self, X):
                network = clone(self)
                network.angle_ = 1.0
                return network

        run(ASVP(proxy=PROXY, indicator=Never(), store=tmp_path), n_rounds=1)
        with pytest.raises(ValueError, match="computed by a different network"):
            run(
                ASVP(proxy=PROXY, indicator=Never(), store=tmp_path),
                DeferredFit(Other()),
                n_rounds=2,
                n_initial=21,
            )

    def test_what_is_no_history_is_refused(self, tmp_path):
        (tmp_path / "rounds.json").write_text(json.dumps({"format": 0}))
        with pytest.raises(ValueError, match="rounds.json is not a history"):
            run(ASVP(**self.parameters(tmp_path)))
        with pytest.raises(ValueError, match="cannot be a folder for features"):
            run(ASVP(**self.parameters(tmp_path / "rounds.json")))


class TestRows:
    def test_ids_know_rows_in_another_number_type(self):
        strategy = ASVP(proxy=PROXY, indicator=Never())
        expected, _ = run(ASVP(proxy=PROXY, indicator=Never()))
        assert run(strategy, ids=True)[0] == expected
        assert Network.n_embedded == 2 * len(X)
        network = DeferredFit(Pretrained()).fit(X[:20], Y[:20])
        strategy(network, X[50:].astype(np.float32), 3, ids=np.arange(50, 120) + 1000)
        assert Network.n_embedded == 2 * len(X)
        with pytest.raises(ValueError, match="pool with ids and is now called without"):
            strategy(network, X[50:], 3)

    def test_features_may_be_given(self):
        strategy = ASVP(proxy=PROXY, indicator=Never()).fit(X, features=X)
        assert run(strategy)[0] == by_hand(lambda labelled: X)
        assert Network.n_embedded == 0

    def test_features_given_of_another_network_do_not_mix(self):
        strategy = ASVP(proxy=PROXY, indicator=Never()).fit(X[20:], features=X[20:] + 1)
        with pytest.raises(ValueError, match="cover the labelled rows, too"):
            run(strategy)
        with pytest.raises(ValueError, match="2 rows of embeddings for a pool of 3"):
            ASVP().fit(X[:3], features=X[:2])

    def test_features_are_given_once_and_before_the_first_query(self):
        strategy = ASVP(proxy=PROXY, indicator=AtRounds(0))
        strategy.fit(X, features=X).fit(X, features=X)
        with pytest.raises(ValueError, match="features for 120 rows that already"):
            strategy.fit(X, features=3 * X)
        run(strategy, n_rounds=1)
        with pytest.raises(ValueError, match="before its first query"):
            strategy.fit(X, features=X)

    def test_features_that_were_given_stay_so_in_a_folder(self, tmp_path):
        def strategy():
            return ASVP(proxy=PROXY, indicator=Never(), store=tmp_path)

        strategy().fit(X, features=X**3)
        assert run(strategy())[0] == by_hand(lambda labelled: X**3)

    def test_labels_in_a_column_are_labels(self):
        names = np.array(["elm", "oak", "ash"], dtype=object)[Y]
        for labels in (names, names[:, np.newaxis], Y[:, np.newaxis]):
            network = DeferredFit(Pretrained()).fit(X[:20], labels[:20])
            strategy = ASVP(proxy=PROXY, indicator=LogMEGain(-100))
            strategy(network, X[20:], 5)
            assert strategy.is_aligned_

    def test_the_same_question_has_the_same_answer(self):
        strategy = ASVP(RandomSampling(), PROXY, AtRounds(1))
        network = DeferredFit(Pretrained()).fit(X[:20], Y[:20])
        first = strategy(network, X[20:], 5)
        np.testing.assert_array_equal(strategy(network, X[20:], 5), first)
        strategy(network, X[20:], 6)
        assert len(strategy.history_) == 1
        assert Network.fits == ()

    def test_embedding_may_be_a_function(self):
        def squares(classifier, rows):
            return rows**2

        strategy = ASVP(proxy=PROXY, indicator=Never(), embedding=squares)
        network = LogisticRegression().fit(X[:20], Y[:20])
        strategy.set_params(labelled=(X[:20], Y[:20]))
        picks = strategy(network, X[20:], 5)
        assert (20 + picks).tolist() == by_hand(lambda labelled: X**2)[0]

    def test_it_can_be_pickled_in_the_middle(self):
        strategy = ASVP(proxy=PROXY, indicator=AtRounds(1))
        picked, network = run(strategy, n_rounds=2)
        copy = pickle.loads(pickle.dumps(strategy))
        left = np.setdiff1d(np.arange(len(X)), [*range(20), *np.ravel(picked)])
        np.testing.assert_array_equal(
            copy(network, X[left], 5), strategy(network, X[left], 5)
        )


class TestNetworks:
    def test_one_that_is_trained_by_teach_is_not_trained_twice(self):
        learner = ActiveLearner(
            WithHead(), ASVP(indicator=EveryRound(), switch=Never()), X[:20], Y[:20]
        )
        learner.query(X[20:], n_instances=3)
        assert len(Network.fits) == 1

    def test_one_that_begins_with_other_weights_each_time_is_asked_once(self):
        class Drawn(Pretrained):
            n_asked = 0

            def untrained(self, X):
                Drawn.n_asked += 1
                network = clone(self)
                network.angle_ = float(Drawn.n_asked)
                return network

        turned = clone(Drawn())
        turned.angle_ = 1.0
        picked, _ = run(ASVP(proxy=PROXY, indicator=Never()), DeferredFit(Drawn()))
        assert picked == by_hand(lambda labelled: turned._turned(X))
        assert Drawn.n_asked == 1

    def test_another_one_is_refused(self):
        class Other(Pretrained):
            pass

        strategy = ASVP(proxy=PROXY, indicator=Never())
        run(strategy, n_rounds=1)
        with pytest.raises(ValueError, match=r"of Pretrained\(\) and .* by Other\(\)"):
            run(strategy, DeferredFit(Other()), n_rounds=1)

    def test_the_second_training_may_be_of_another_kind(self):
        class Second(Pretrained):
            pass

        strategy = ASVP(proxy=PROXY, indicator=AtRounds(1), fine_tuning=Second())
        _, network = run(strategy)
        assert type(network.estimator) is Second
        assert [each.is_aligned for each in strategy.history_] == [0, 1, 0, 0]

    def test_a_second_training_without_embed_refreshes_nothing(self):
        strategy = ASVP(
            proxy=PROXY, indicator=EveryRound(), fine_tuning=LogisticRegression()
        )
        message = r"LogisticRegression has no embed\. Pass indicator=Never\(\)"
        with pytest.raises(ValueError, match=message):
            run(strategy)

    def test_one_that_teach_trains_again_does_not_change_the_features(self):
        strategy = ASVP(proxy=PROXY, indicator=AtRounds(0), switch=Never())
        network = Pretrained().fit(X[:20], Y[:20])
        strategy.set_params(labelled=(X[:20], Y[:20]))
        strategy(network, X[20:90], 5)
        network.fit(X[:50], Y[:50])
        strategy.set_params(labelled=(X[:50], Y[:50]))
        strategy(network, X[50:], 5)
        expected = Pretrained().fit(X[:20], Y[:20])._turned(X)
        np.testing.assert_allclose(
            strategy._features._store.take(fingerprints(X)), expected
        )

    def test_a_query_that_fails_after_the_alignment_is_gone_on_with(self):
        class Failing(MarginSampling):
            has_failed = False

            def _select(self, *arguments):
                if not Failing.has_failed:
                    Failing.has_failed = True
                    raise KeyboardInterrupt
                return super()._select(*arguments)

        strategy = ASVP(Failing(), PROXY, LogMEGain(-100))
        network = DeferredFit(Pretrained()).fit(X[:20], Y[:20])
        with pytest.raises(KeyboardInterrupt):
            strategy(network, X[20:], 5)
        strategy(network, X[20:], 5)
        assert Network.fits == ((20, None),)
        assert (strategy.is_aligned_, strategy.is_switched_) == (True, True)
        assert network.estimator.linear_probe is None

    def test_one_that_was_trained_before_the_switch_is_trained_anew_after_it(self):
        network = DeferredFit(Pretrained()).fit(X[:20], Y[:20])
        network.predict(X)
        ASVP(proxy=PROXY, indicator=Never(), switch=AtRounds(0))(network, X[20:], 5)
        assert network.is_pending_
        network.predict(X)
        assert Network.fits == ((20, "a probe"), (20, None))

    def test_one_that_was_trained_to_be_tested_is_not_trained_again(self):
        strategy = ASVP(proxy=PROXY, indicator=EveryRound())
        network = DeferredFit(Pretrained()).fit(X[:20], Y[:20])
        strategy(network, X[20:], 5)  # switches
        network.fit(X[:30], Y[:30]).predict(X)
        Network.fits = ()
        strategy(network, X[30:], 5)
        assert Network.fits == ()

    def test_one_that_cannot_embed_untrained_is_trained(self):
        strategy = ASVP(proxy=PROXY, indicator=Never())
        run(strategy, DeferredFit(Network()), n_rounds=1)
        assert Network.fits == ((20, "a probe"),)

    def test_a_proxy_is_made_where_none_is_given(self):
        strategy = ASVP(indicator=Never())
        run(strategy, n_rounds=1)
        assert strategy.proxy_.steps[-1][0] == "logisticregression"
        net = DeferredFit(NetworkClassifier(max_epochs=2, random_state=0))
        strategy = ASVP(indicator=Never(), random_state=0)
        picks = strategy(net.fit(X[:20], Y[:20]), X[20:], 5)
        assert type(strategy.proxy_).__name__ == "ProxyClassifier"
        again = ASVP(indicator=Never(), random_state=0)
        np.testing.assert_array_equal(again(net, X[20:], 5), picks)


class TestMessages:
    def test_an_estimator_without_embed(self):
        learner = ActiveLearner(LogisticRegression(), ASVP(), X[:20], Y[:20])
        message = r"LogisticRegression has no embed .*NetworkClassifier, or pass embed"
        with pytest.raises(ValueError, match=message):
            ASVP()(learner, X[20:], 3)
        with pytest.raises(ValueError, match=r"DeferredFit\(LogisticRegression\) has"):
            ASVP()(DeferredFit(LogisticRegression()), X[20:], 3)

    def test_a_committee(self):
        members = [ActiveLearner(Pretrained(), X_training=X[:20], y_training=Y[:20])]
        with pytest.raises(ValueError, match="one network, and a Committee has"):
            ASVP()(Committee(members), X[20:], 3)

    def test_labelled_rows_that_nobody_knows(self):
        with pytest.raises(ValueError, match=r"fitted Pretrained\. Put it into"):
            ASVP()(Pretrained().fit(X[:20], Y[:20]), X[20:], 3)
        given = ASVP(labelled=(X[:20], Y[:19]))
        with pytest.raises(ValueError, match="20 labelled rows and 19 labels"):
            given(Pretrained().fit(X[:20], Y[:20]), X[20:], 3)

    @pytest.mark.parametrize("answer", [0.3, 1, None, "yes", np.array([True])])
    @pytest.mark.parametrize("name", ["indicator", "switch"])
    def test_an_indicator_that_returns_no_bool(self, name, answer):
        parameters = {"indicator": Never(), name: lambda state: answer}
        message = rf"ASVP's {name} returned .* a bool is expected"
        with pytest.raises(ValueError, match=message):
            run(ASVP(proxy=PROXY, **parameters))

    def test_features_that_do_not_match_the_pool(self):
        strategy = ASVP(proxy=PROXY, embedding=lambda classifier, rows: rows[:-1])
        with pytest.raises(ValueError, match="99 rows of embeddings for a pool of 100"):
            run(strategy)
        strategy = ASVP(proxy=PROXY, embedding=lambda classifier, rows: rows * np.nan)
        with pytest.raises(ValueError, match="features that contain NaN"):
            run(strategy)

    @pytest.mark.parametrize("name", ["selector", "indicator", "switch"])
    def test_a_class_in_the_place_of_an_instance(self, name):
        message = rf"wants {name} as an instance; got the class Never\. Call it"
        with pytest.raises(ValueError, match=message):
            run(ASVP(**{name: Never}))

    @pytest.mark.parametrize("name", ["proxy", "fine_tuning"])
    def test_what_is_no_classifier(self, name):
        with pytest.raises(ValueError, match=rf"wants {name} as a classifier"):
            run(ASVP(**{name: "a proxy"}))

    def test_nothing_is_computed_before_the_checks(self):
        with pytest.raises(ValueError, match="n_instances >= 1"):
            ASVP()(DeferredFit(Pretrained()).fit(X, Y), X, 0)
        assert Network.n_embedded == 0

    @pytest.mark.parametrize("given", [-1, 2.5, "3", True])
    def test_counts(self, given):
        with pytest.raises(ValueError, match="AtLabels wants n_labels as an integer"):
            run(ASVP(proxy=PROXY, indicator=AtLabels(given)))
        with pytest.raises(ValueError, match="AtRounds wants rounds as an integer"):
            run(ASVP(proxy=PROXY, indicator=AtRounds((1, given))))


class TestIndicators:
    def state(self, F, y, pool=None, history=()):
        return RoundState(y, history, lambda: F, lambda: F if pool is None else pool)

    def test_log_me_of_the_labelled_features(self):
        from modal_clustermargin.transferability import log_me, ped

        pool = np.random.RandomState(3).normal(size=(20_000, 2)) * 3 + 1
        state = self.state(X, Y, pool)
        assert state.log_me == log_me(X, Y)
        moved = ped(X, Y, mean=pool.mean(axis=0), scale=pool.std(axis=0))
        assert state.log_me_ped == pytest.approx(log_me(moved, Y), rel=1e-12)
        assert set(state.values) == {"log_me", "log_me_ped"}

    def test_the_default_fires_once_where_classes_overlap(self):
        rng = np.random.RandomState(0)
        apart = np.eye(3)[Y] + 0.01 * rng.normal(size=(len(X), 3))
        mixed = np.eye(3)[Y] + 1.0 * rng.normal(size=(len(X), 3))
        indicator = LogMEGain()
        assert not indicator(self.state(apart, Y))
        state = self.state(mixed, Y)
        gain = state.log_me_ped - state.log_me
        assert not LogMEGain(1.01 * 120 * gain)(state)
        assert LogMEGain(0.99 * 120 * gain)(state)
        assert state.values["evidence"] == 120 * gain > 0
        strategy = ASVP(proxy=PROXY, indicator=LogMEGain(-100.0))
        run(strategy)
        assert [each.is_aligned for each in strategy.history_] == [1, 0, 0, 0]

    def test_columns_of_labels_have_no_classes_to_push_apart(self):
        columns = np.eye(3, dtype=int)[Y]
        assert not LogMEGain()(self.state(X, columns))

    def test_at_labels_fires_when_a_number_is_passed(self):
        fired = ASVP(proxy=PROXY, indicator=AtLabels((22, 29, 31)))
        run(fired, n_rounds=5)
        assert [each.is_aligned for each in fired.history_] == [0, 1, 1, 1, 0]


def test_a_number_that_came_with_one_class_is_not_forgotten():
    strategy = ASVP(proxy=PROXY, indicator=AtLabels(10))
    network = DeferredFit(Pretrained())
    with pytest.warns(UserWarning, match="a proxy cannot learn"):
        strategy(network.fit(X[:10], np.zeros(10)), X[10:], 5)
    strategy(network.fit(X[:15], Y[:15]), X[15:], 5)
    assert [each.is_aligned for each in strategy.history_] == [False, True]


def test_there_is_no_history_before_the_first_query():
    with pytest.raises(AttributeError, match="a history after its first query"):
        ASVP().history_  # noqa: B018 the access is the test
    with pytest.raises(ValueError, match="for each labelled row, and y is None"):
        ASVP(labelled=(X, None))(DeferredFit(Pretrained()), X, 3)
