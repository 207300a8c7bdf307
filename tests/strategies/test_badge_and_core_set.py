"""BADGE and CoreSet: what they choose, and from what."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from torch import nn

from modal_clustermargin import _devices
from modal_clustermargin.estimators import MLP, NetworkClassifier
from modal_clustermargin.learners import ActiveLearner, Committee
from modal_clustermargin.pools import Pool
from modal_clustermargin.strategies import (
    BADGE,
    CoreSet,
    _diverse,
    badge_sampling,
    coreset_sampling,
    pool_residuals,
)
from tests.strategies.make_pools import ByRowNumber, Unfitted, numbered_rows, of_margins

ROWS = np.random.RandomState(4).normal(size=(60, 3))


def made_up(n_pool=60):
    proba = np.random.RandomState(5).dirichlet(np.ones(4), size=n_pool)
    return ByRowNumber(proba), numbered_rows(n_pool)


class TestBADGE:
    def test_residuals_are_the_gradients_of_a_network(self):
        """Those that torch computes for the weights of the last layer."""
        rng = np.random.RandomState(0)
        X, y = rng.normal(size=(20, 4)).astype(np.float32), np.arange(20) % 3
        net = NetworkClassifier(MLP, module__n_hidden=5, max_epochs=3).fit(X, y)
        outer = np.einsum(
            "ic,id->icd", pool_residuals(net, Pool(X), "BADGE"), net.embed(X)
        )
        for row, expected in enumerate(outer):
            logits = net.module_(torch.tensor(X[row : row + 1]))
            net.module_.zero_grad()
            nn.functional.cross_entropy(logits, logits.argmax(dim=1)).backward()
            gradient = -net.module_.head.weight.grad
            np.testing.assert_allclose(gradient, expected, atol=1e-5)

    def test_residuals_of_labels_and_of_several_outputs(self):
        X_pool = numbered_rows(2)
        labels = ByRowNumber([[0.9, 0.2, 0.6], [0.5, 0.1, 0.0]])
        np.testing.assert_allclose(
            pool_residuals(labels, Pool(X_pool), "BADGE"),
            [[0.1, -0.2, 0.4], [0.5, -0.1, 0]],
            atol=1e-7,
        )

        class Forest:
            def predict_proba(self, X):
                return [np.array([[0.3, 0.7], [0.5, 0.5]]), np.array([[1.0], [1.0]])]

        np.testing.assert_allclose(
            pool_residuals(Forest(), Pool(X_pool), "BADGE"),
            [[-0.3, 0.3, 0], [0.5, -0.5, 0]],
            atol=1e-7,
        )

    def test_messages_of_probabilities(self):
        class Answers:
            def __init__(self, *blocks):
                self.blocks = list(blocks)

            def predict_proba(self, X):
                return self.blocks.pop(0)

        n_pool = 1100
        X_pool = numbered_rows(n_pool)
        for answers, message in (
            (Answers([]), "an empty list"),
            (Answers([np.full((1024, 1), -7.0)]), "between 0 and 1"),
            (
                Answers(np.full((1024, 2), 0.5), np.ones((76, 1))),
                "of 2 classes for the first rows of X_pool, and of 1 from row 1024",
            ),
        ):
            with pytest.raises(ValueError, match=message):
                BADGE()(answers, X_pool, 5)

    def test_first_is_the_longest_or_drawn(self):
        classifier, X_pool = made_up()
        residuals = pool_residuals(classifier, Pool(X_pool), "BADGE")
        lengths = (residuals**2).sum(axis=1) * (X_pool**2).sum(axis=1)
        longest = int(lengths.argmax())
        assert BADGE(random_state=0)(classifier, X_pool, 5)[0] == longest
        firsts = {
            BADGE(first="drawn", random_state=seed)(classifier, X_pool, 1)[0]
            for seed in range(20)
        }
        assert len(firsts) > 10

    def test_certain_rows_are_picked_last(self):
        margins = np.r_[np.ones(50), np.linspace(0, 0.5, 10)]
        picks = BADGE(random_state=0)(of_margins(margins), numbered_rows(60), 14)
        assert set(picks[:11]) > set(range(50, 60))
        assert len(set(picks)) == 14

    def test_unfitted_draws_by_the_embeddings(self):
        X_pool = np.r_[np.zeros((50, 2)), 9 * np.eye(2)]
        picks = BADGE(random_state=0)(Unfitted(), X_pool, 3)
        assert {50, 51} < set(picks)

    def test_embeddings_of_ones_own(self):
        classifier, X_pool = made_up()
        embeddings = np.r_[np.zeros((57, 2)), 5 * np.eye(3, 2) + 1]
        for own in (embeddings, lambda *_: embeddings):
            picks = BADGE(own, random_state=0)(classifier, X_pool, 4)
            assert set(picks) > {57, 58, 59}

    def test_metrics_are_squared_distances(self):
        classifier, X_pool = made_up()
        indices, metrics = BADGE(random_state=0).pick_with_metrics(
            classifier, X_pool, 4
        )
        residuals = pool_residuals(classifier, Pool(X_pool), "BADGE")
        G = np.einsum("ic,id->icd", residuals, X_pool).reshape(60, -1)
        nearest = cdist(G[indices[3:]], G[indices[:3]], "sqeuclidean").min()
        np.testing.assert_allclose(metrics[3], nearest)
        np.testing.assert_allclose(metrics[0], (G[indices[0]] ** 2).sum())


class TestCoreSet:
    def test_in_a_learner_the_labelled_rows_are_covered_already(self):
        X_pool = np.array([[0.0], [1.0], [5.0], [9.0]])
        learner = ActiveLearner(
            LogisticRegression(), CoreSet(), np.array([[0.0], [8.0]]), [0, 1]
        )
        indices, _ = learner.query(X_pool, n_instances=4)
        assert indices.tolist() == [2, 1, 3, 0]

    def test_labelled_rows_of_a_committee_are_those_of_all_members(self):
        X_pool = np.array([[0.0], [1.0], [5.0], [9.0]])
        members = [
            ActiveLearner(
                LogisticRegression(), X_training=np.array(X), y_training=[0, 1]
            )
            for X in ([[0.0], [0.5]], [[0.0], [8.0]])
        ]
        committee = Committee(members, query_strategy=CoreSet())
        assert committee.query(X_pool, n_instances=3)[0].tolist() == [2, 3, 1]

    @pytest.mark.parametrize("embed", [None, lambda classifier, X: X])
    def test_labelled_rows_given(self, embed):
        X_pool, labelled = np.array([[0.0], [1.0], [5.0], [9.0]]), [[0.0], [8.0]]
        forms = [
            labelled,
            np.array(labelled),
            torch.tensor(labelled),
            sparse.csr_array(labelled),
            lambda classifier: labelled,
        ]
        for form in forms if embed is None else forms[1:3]:
            picks = CoreSet(form, embedding=embed)(None, X_pool, 3)
            assert picks.tolist() == [2, 1, 3]

    def test_without_labelled_rows_the_first_is_drawn(self):
        X_pool = numbered_rows(50)
        firsts = {CoreSet(random_state=seed)(None, X_pool, 2)[0] for seed in range(20)}
        assert len(firsts) > 10
        assert CoreSet([], random_state=0)(None, X_pool, 2).shape == (2,)

    def test_embeddings_of_a_network_for_pool_and_labelled_rows(self):
        rng = np.random.RandomState(0)
        X, y = rng.normal(size=(80, 4)).astype(np.float32), np.arange(80) % 3
        net = NetworkClassifier(MLP, module__n_hidden=5, max_epochs=3, random_state=0)
        learner = ActiveLearner(net, CoreSet(), X[:20], y[:20])
        indices, _ = learner.query(X[20:], n_instances=10)
        Z = net.embed(X)
        np.testing.assert_array_equal(CoreSet(Z[:20])(None, Z[20:], 10), indices)

    def test_cosine_knows_no_lengths(self):
        X_pool = np.array([[100.0, 0], [1, 1], [0, 3], [0, 0]])
        strategy = CoreSet([[1.0, 0]], metric="cosine")
        indices, metrics = strategy.pick_with_metrics(None, X_pool, 4)
        assert indices.tolist() == [2, 3, 1, 0]
        np.testing.assert_allclose(metrics, [1, 1, 1 - 0.5**0.5, 0], atol=1e-7)

    def test_labelled_rows_are_not_rounded_to_the_type_of_the_pool(self):
        X_pool = np.array([[16777216], [16777218]], np.float32)
        assert CoreSet([[16777217.0]])(None, X_pool, 2).tolist() == [0, 1]

    def test_numbers_of_any_type(self):
        expected = CoreSet(ROWS[:5].round())(None, ROWS[5:].round(), 9)
        for dtype in (np.longdouble, np.float16, np.int8):
            rows = ROWS.round().astype(dtype)
            for pool in (rows[5:], np.asfortranarray(rows[5:])):
                np.testing.assert_array_equal(
                    CoreSet(rows[:5])(None, pool, 9), expected
                )

    def test_metrics_are_distances(self):
        indices, metrics = CoreSet(ROWS[:5]).pick_with_metrics(None, ROWS[5:], 6)
        for k in range(6):
            centers = np.r_[ROWS[:5], ROWS[5:][indices[:k]]]
            expected = cdist(ROWS[5:][indices[k : k + 1]], centers).min()
            np.testing.assert_allclose(metrics[k], expected)

    def test_messages(self):
        with pytest.raises(
            ValueError, match="embeddings of 2 columns, .* X_pool have 3"
        ):
            CoreSet(np.zeros((4, 2)))(None, ROWS, 2)
        learner = ActiveLearner(
            LogisticRegression(), CoreSet(), ROWS[:9], np.arange(9) % 2
        )
        with pytest.raises(ValueError, match=r"embedding= as an array.*as labelled="):
            CoreSet(embedding=ROWS)(learner, ROWS, 2)


@pytest.mark.parametrize("strategy", [BADGE, CoreSet])
class TestBoth:
    @pytest.mark.parametrize(
        "X_pool",
        [np.zeros((40, 3)), np.ones((40, 3)), np.repeat(ROWS[:4], 10, axis=0)],
        ids=["zeros", "constant", "duplicates"],
    )
    @pytest.mark.parametrize("n_classes", [1, 3])
    def test_distinct_whatever_the_rows(self, strategy, X_pool, n_classes):
        class Constant:
            def predict_proba(self, X):
                return np.full((len(X), n_classes), 1 / n_classes)

        for n_instances in (1, 17, 40):
            picks = strategy(random_state=0)(Constant(), X_pool, n_instances)
            assert len(set(picks)) == n_instances

    def test_parts(self, strategy):
        classifier, X_pool = made_up(600)
        instance = strategy(n_partitions=7, random_state=0)
        picks = instance(classifier, X_pool, 100)
        assert len(set(picks)) == 100
        np.testing.assert_array_equal(instance(classifier, X_pool, 100), picks)
        one = strategy(random_state=0)(classifier, X_pool, 100)
        assert not np.array_equal(np.sort(one), np.sort(picks))
        # More parts than picks: every part gives one at most.
        few = strategy(n_partitions=500, random_state=0)(classifier, X_pool, 3)
        assert len(set(few)) == 3

    def test_a_device_chooses_what_the_processor_does(self, strategy, monkeypatch):
        """The code for CUDA, on the processor."""
        classifier, X_pool = made_up(600)
        expected = strategy(random_state=0, device="cpu")(classifier, X_pool, 200)
        cpu = torch.device("cpu")
        monkeypatch.setattr(_devices, "cuda_device", lambda device, who: cpu)
        picks = strategy(random_state=0, device="cuda")(classifier, X_pool, 200)
        np.testing.assert_array_equal(picks, expected)

    @pytest.mark.gpu
    def test_cuda_chooses_what_the_processor_does(self, strategy):
        classifier, X_pool = made_up(6000)
        cpu, cuda = (
            strategy(random_state=0, device=device)(classifier, X_pool, 1000)
            for device in ("cpu", "cuda")
        )
        np.testing.assert_array_equal(cpu, cuda)

    def test_a_device_is_looked_for_when_there_is_work(self, strategy, monkeypatch):
        asked = []
        look = lambda device, who: asked.append((device, who))  # noqa: E731
        monkeypatch.setattr(_devices, "cuda_device", look)
        classifier, X_pool = made_up()
        strategy()(classifier, X_pool, 5)
        assert asked == []
        monkeypatch.setattr(_diverse, "_DEVICE_FROM", 0)
        strategy()(classifier, X_pool, 5)
        strategy(device="cpu")(classifier, X_pool, 5)
        assert asked == [(None, strategy.__name__)]

    def test_a_bar(self, strategy, capsys):
        classifier, X_pool = made_up()
        strategy(verbose=True, n_partitions=3)(classifier, X_pool, 10)
        printed = capsys.readouterr().err
        assert strategy.__name__ in printed
        assert "10/10" in printed

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"n_partitions": 0}, "n_partitions"),
            ({"device": "tpu"}, r"cannot use device='tpu'|runs on device 'cpu'"),
            ({"embedding": np.zeros((3, 2))}, "3 rows of embeddings for a pool of 60"),
            ({"embedding": np.full((60, 2), np.nan)}, "finite embeddings; row 0"),
            ({"embedding": [["a"]] * 60}, "embeddings that are numbers"),
            ({"embedding": np.empty((60, 0))}, r"without columns: \(60, 0\)"),
            ({"embedding": np.full((60, 2), 1e-170)}, "is 1e-170. Divide the emb"),
            ({"embedding": np.full((60, 2), 1e150)}, "is 1e[+]150. Divide the emb"),
        ],
    )
    def test_messages(self, strategy, parameters, message):
        classifier, X_pool = made_up()
        function = badge_sampling if strategy is BADGE else coreset_sampling
        for query in (strategy(**parameters), partial(function, **parameters)):
            with pytest.raises(ValueError, match=message):
                query(classifier, X_pool, 5)
