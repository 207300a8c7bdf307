"""A sample weight is a factor of the loss."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from skorch.dataset import ValidSplit
from torch import nn, optim

from modal_clustermargin.estimators import MLP, LinearProbe, NetworkClassifier

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
    weights=hnp.arrays(np.float64, N_ROWS, elements=st.floats(0.1, 4)),
    y=st.sampled_from([LABELS, TAGS]),
)
def test_a_step_follows_the_weighted_mean_of_the_losses(weights, y):
    start = MLP(4, 3, n_hidden=4)
    net = NetworkClassifier(
        start, max_epochs=1, batch_size=999, lr=1.0, optimizer=optim.SGD
    )
    net.fit(ROWS, y, sample_weight=weights)
    logits = start(torch.tensor(ROWS))
    if y is LABELS:
        losses = nn.functional.cross_entropy(
            logits, torch.tensor(LABELS), reduction="none"
        )
    else:
        losses = nn.functional.binary_cross_entropy_with_logits(
            logits, torch.tensor(TAGS).float(), reduction="none"
        ).mean(dim=1)
    (torch.tensor(weights) * losses).sum().div(weights.sum()).backward()
    for was, now in zip(start.parameters(), net.module_.parameters(), strict=True):
        torch.testing.assert_close(now, was - was.grad, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("probe", [None, LinearProbe(max_epochs=2)])
def test_only_ratios_matter(probe):
    expected = small(linear_probe=probe).fit(ROWS, LABELS).predict_proba(ROWS)
    for weights in (np.full(N_ROWS, 0.25), torch.full((N_ROWS,), 5000.0)):
        net = small(linear_probe=probe).fit(ROWS, LABELS, sample_weight=weights)
        np.testing.assert_allclose(net.predict_proba(ROWS), expected, atol=1e-6)


def test_a_row_without_weight_changes_nothing():
    weights = (np.arange(N_ROWS) != 4).astype(int)
    expected = small(batch_size=99).fit(ROWS, LABELS, sample_weight=weights)
    labels = LABELS.copy()
    labels[4] = 2
    net = small(batch_size=99).fit(ROWS, labels, sample_weight=weights)
    np.testing.assert_array_equal(net.predict_proba(ROWS), expected.predict_proba(ROWS))
    assert small(batch_size=1).fit(ROWS, LABELS, sample_weight=weights).history


def test_weights_pass_through_a_pipeline_a_split_and_metadata_routing():
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
        (np.ones((12, 2)), r"one number per sample.*\(12, 2\)"),
        (-np.arange(12), r"not negative.*; sample_weight\[1\] is -1"),
        (np.full(12, np.nan), r"finite.*sample_weight\[0\] is nan"),
        (np.zeros(12), r"not zero for every sample; sample_weight\[0\] is 0"),
    ],
)
def test_messages(weights, message):
    with pytest.raises(ValueError, match=message):
        small().fit(ROWS, LABELS, sample_weight=weights)


def test_a_criterion_without_a_reduction():
    class OwnLoss(nn.Module):
        def forward(self, logits, y):
            return nn.functional.cross_entropy(logits, y)

    net = small(criterion=OwnLoss, predict_nonlinearity=None).fit(ROWS, LABELS)
    with pytest.raises(ValueError, match=r"`reduction`.*OwnLoss has none"):
        net.fit(ROWS, LABELS, sample_weight=np.linspace(0.3, 1, 12))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_class_weights_and_reduction_are_kept(reduction):
    net = small(
        criterion__weight=torch.tensor([10.0, 1, 1]),
        criterion__reduction=reduction,
        lr=0.01,
        optimizer=optim.SGD,
    )
    expected = net.fit(ROWS, LABELS).predict_proba(ROWS)
    net.fit(ROWS, LABELS, sample_weight=np.ones(N_ROWS))
    np.testing.assert_allclose(net.predict_proba(ROWS), expected, atol=1e-4)
