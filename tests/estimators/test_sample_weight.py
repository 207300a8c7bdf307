"""A weight is how often a row is there, and the order of rows is none."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from torch import nn, optim

from modal_clustermargin.estimators import MLP, LinearProbe, NetworkClassifier
from modal_clustermargin.estimators._row_keys import order_of_content, row_keys
from modal_clustermargin.estimators._training_rows import (
    as_weights,
    copies_and_shares,
)

few = settings(max_examples=10, deadline=None)
N_ROWS = 12
ROWS = np.random.default_rng(3).normal(size=(N_ROWS, 4)).astype(np.float32)
LABELS = np.arange(N_ROWS) % 3
TAGS = (ROWS > 0)[:, :3]


def small(**parameters):
    parameters = {"max_epochs": 2, "batch_size": 5, "random_state": 0, **parameters}
    return NetworkClassifier(MLP, module__n_hidden=4, classes=[0, 1, 2], **parameters)


@few
@given(
    weights=hnp.arrays(np.int64, N_ROWS, elements=st.integers(0, 3)).filter(np.any),
    seed=st.integers(0, 99),
    y=st.sampled_from([LABELS, TAGS]),
    probe=st.sampled_from([None, LinearProbe(max_epochs=2)]),
)
def test_whole_weights_are_copies_in_any_order_to_the_bit(weights, seed, y, probe):
    copied = np.repeat(np.arange(N_ROWS), weights)
    mixed = np.random.default_rng(seed).permutation(N_ROWS)
    net = small(linear_probe=probe)
    expected = net.fit(ROWS[copied], y[copied]).predict_proba(ROWS)
    net.fit(ROWS[mixed], y[mixed], sample_weight=weights[mixed])
    np.testing.assert_array_equal(net.predict_proba(ROWS), expected)
    net.partial_fit(ROWS[mixed], y[mixed], sample_weight=weights[mixed])
    assert (net.predict_proba(ROWS) != expected).any()


@few
@given(weights=hnp.arrays(np.float64, N_ROWS, elements=st.floats(0.1, 4)))
def test_a_step_follows_the_weighted_mean_of_the_losses(weights):
    start = MLP(4, 3, n_hidden=4)
    net = NetworkClassifier(
        start, max_epochs=1, batch_size=999, lr=1.0, optimizer=optim.SGD
    )
    net.fit(ROWS, LABELS, sample_weight=weights)
    losses = nn.functional.cross_entropy(
        start(torch.tensor(ROWS)), torch.tensor(LABELS), reduction="none"
    )
    # Three copies of 2.5 / 3 each weigh what one of 2.5 does.
    (torch.tensor(weights) * losses).sum().div(weights.sum()).backward()
    for was, now in zip(start.parameters(), net.module_.parameters(), strict=True):
        torch.testing.assert_close(now, was - was.grad, rtol=1e-3, atol=1e-5)


@given(weights=hnp.arrays(np.float64, 5, elements=st.floats(0.01, 9)))
def test_copies_and_shares_make_up_the_weights(weights):
    n_copies, shares = copies_and_shares(weights)
    shares = np.ones(5) if shares is None else shares
    np.testing.assert_allclose(n_copies * shares, weights)
    assert (shares <= 1).all()
    assert (n_copies < weights + 1).all()


@few
@given(hnp.arrays(np.float32, (20, 3), elements=st.sampled_from([-1.5, -0.0, 0.0, 2])))
def test_keys_are_equal_for_equal_rows_alone(rows):
    keys = row_keys(rows)
    same = (rows[:, None] == rows[None]).all(axis=2)
    np.testing.assert_array_equal(keys[:, None] == keys[None], same)
    order = order_of_content(keys, np.arange(20) % 2, None)
    mixed = np.random.default_rng(0).permutation(20)
    again = mixed[order_of_content(keys[mixed], mixed % 2, None)]
    np.testing.assert_array_equal(rows[order], rows[again])
    np.testing.assert_array_equal(order % 2, again % 2)


def test_a_class_without_weight_is_no_class():
    net = NetworkClassifier(MLP, max_epochs=1)
    net.fit(ROWS, LABELS, sample_weight=(LABELS != 1).astype(int))
    assert net.classes_.tolist() == [0, 2]


def test_scale_does_not_matter():
    expected = small().fit(ROWS, LABELS).predict_proba(ROWS)
    scaled = small().fit(ROWS, LABELS, sample_weight=np.full(N_ROWS, 0.25))
    np.testing.assert_allclose(scaled.predict_proba(ROWS), expected, atol=1e-6)


def test_weights_pass_through_a_pipeline_and_skorchs_scores():
    from skorch.dataset import ValidSplit

    weights = np.linspace(0.5, 1.5, N_ROWS)
    net = small(verbose=2, train_split=ValidSplit(2))
    make_pipeline(net).fit(ROWS, LABELS, networkclassifier__sample_weight=weights)
    with config_context(enable_metadata_routing=True):
        routed = make_pipeline(small().set_fit_request(sample_weight=True))
        routed.fit(ROWS, LABELS, sample_weight=weights)
    np.testing.assert_array_equal(
        routed.predict_proba(ROWS),
        small().fit(ROWS, LABELS, sample_weight=weights).predict_proba(ROWS),
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), r"shape \(12,\); got shape \(3,\)"),
        (np.ones((12, 2)), r"one number a sample.*\(12, 2\)"),
        (-np.arange(12), r"not negative; sample_weight\[1\] is -1"),
        (np.full(12, np.nan), r"finite.*sample_weight\[0\] is nan"),
        (np.zeros(12), "zero for every sample"),
        (np.full(12, 5000), r"mean is 5000.*sample_weight / sample_weight\.mean"),
    ],
)
def test_messages(weights, message):
    with pytest.raises(ValueError, match=message):
        small().fit(ROWS, LABELS, sample_weight=weights)


def test_a_criterion_that_cannot_be_weighted():
    class OwnLoss(nn.Module):
        def forward(self, logits, y):
            return nn.functional.cross_entropy(logits, y)

    net = small(criterion=OwnLoss)
    net.fit(ROWS, LABELS, sample_weight=np.arange(12))
    with pytest.raises(ValueError, match=r"`reduction`.*OwnLoss has none"):
        net.fit(ROWS, LABELS, sample_weight=np.linspace(0.3, 1, 12))


def test_order_of_rows_that_differ_in_weight_alone():
    rows, labels = np.tile(ROWS, (2, 1)), np.tile(LABELS, 2)
    weights = np.repeat([0.3, 1], N_ROWS)
    expected = small().fit(rows, labels, sample_weight=weights).predict_proba(ROWS)
    mixed = np.random.default_rng(1).permutation(2 * N_ROWS)
    net = small().fit(rows[mixed], labels[mixed], sample_weight=weights[mixed])
    np.testing.assert_array_equal(net.predict_proba(ROWS), expected)


def test_order_with_a_transform_of_numbers_that_float32_does_not_tell_apart():
    rows = ROWS.astype(float) * 1e-3 + 1e6
    net = small(predict_transform=lambda row: (row - 1e6) * 1e3)
    expected = net.fit(rows, LABELS).predict_proba(rows)
    mixed = np.random.default_rng(1).permutation(N_ROWS)
    net.fit(rows[mixed], LABELS[mixed])
    np.testing.assert_array_equal(net.predict_proba(rows), expected)


def test_keys_of_zeros_and_ones_differ_in_all_their_bits():
    rows = np.random.default_rng(0).integers(0, 2, (2000, 64)).astype(np.float32)
    keys = row_keys(rows)
    for shift in range(0, 64, 16):
        assert len(np.unique(keys >> shift & 0xFFFF)) > 1800


def test_weights_that_rounding_spoilt_and_weights_next_to_nothing():
    weights = np.full(41, 0.1)
    weights /= weights.mean()
    assert weights.max() > 1
    np.testing.assert_array_equal(as_weights(weights, 41), np.ones(41))
    almost = as_weights(np.r_[np.ones(3), np.full(9, 1e-50)], 12)
    np.testing.assert_array_equal(almost, np.r_[np.ones(3), np.zeros(9)])
    np.testing.assert_array_equal(as_weights(np.full(12, 1e-50), 12), np.ones(12))
    grown = torch.ones(12, requires_grad=True)
    np.testing.assert_array_equal(as_weights(grown, 12), np.ones(12))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_class_weights_and_reduction_are_kept(reduction):
    net = small(
        criterion__weight=torch.tensor([10.0, 1, 1]),
        criterion__reduction=reduction,
        lr=0.01,
        optimizer=optim.SGD,
    )
    expected = net.fit(ROWS, LABELS).predict_proba(ROWS)
    net.fit(ROWS, LABELS, sample_weight=np.full(N_ROWS, 1 - 1e-6) + 1e-8 * LABELS)
    np.testing.assert_allclose(net.predict_proba(ROWS), expected, atol=1e-4)


def test_copies_are_not_split():
    seen = []

    def split(dataset, y):
        seen.append(len(dataset))
        return dataset, None

    small(train_split=split).fit(ROWS, LABELS, sample_weight=np.full(N_ROWS, 3))
    assert seen == [N_ROWS]


def test_a_row_without_weight_may_hold_anything():
    rows = ROWS.copy()
    rows[4, 1] = np.nan
    small().fit(rows, LABELS, sample_weight=(np.arange(N_ROWS) != 4).astype(int))
    with pytest.raises(ValueError, match="row 4"):
        small().fit(rows, LABELS, sample_weight=(np.arange(N_ROWS) != 3).astype(int))
