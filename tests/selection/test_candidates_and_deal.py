"""The deal against the paper's loop, and the promises of the batch."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.selection import (
    cluster_margin_candidates,
    deal_round_robin,
)


def deal_by_the_paper(labels, n_picks, order, cluster_order):
    """Round robin as the paper tells it: sort once, pass after pass."""
    waiting = [[i for i in order if labels[i] == c] for c in range(max(labels) + 1)]
    clusters = sorted(
        range(len(waiting)), key=lambda c: (len(waiting[c]), cluster_order[c])
    )
    picks, turns, turn = [], [], 0
    while len(picks) < n_picks:
        for c in clusters:
            if waiting[c] and len(picks) < n_picks:
                picks.append(waiting[c].pop(0))
                turns.append(turn)
        turn += 1
    return picks, turns


@st.composite
def deals(draw):
    members = draw(st.lists(st.integers(1, 7), min_size=1, max_size=8))
    labels = draw(st.permutations(np.repeat(np.arange(len(members)), members).tolist()))
    n_picks = draw(st.integers(1, len(labels)))
    order = draw(st.permutations(range(len(labels))))
    cluster_order = draw(st.permutations(range(len(members))))
    return np.array(labels), n_picks, np.array(order), np.array(cluster_order)


@given(deals())
def test_deals_as_the_paper_does(deal):
    picks, turns = deal_round_robin(*deal)
    expected_picks, expected_turns = deal_by_the_paper(*deal)
    np.testing.assert_array_equal(picks, expected_picks)
    np.testing.assert_array_equal(turns, expected_turns)


@given(deals())
def test_the_batch_is_distinct_even_and_smallest_first(deal):
    labels, n_picks, *_ = deal
    picks, turns = deal_round_robin(*deal)
    sizes = np.bincount(labels)
    given_by = np.bincount(labels[picks], minlength=len(sizes))
    assert len(set(picks)) == len(picks) == n_picks
    assert np.count_nonzero(given_by) == min(n_picks, len(sizes))
    # Nobody gives two more than a cluster that still has some.
    assert given_by.max() <= given_by[given_by < sizes].min(initial=n_picks) + 1
    for turn in set(turns):
        assert (np.diff(sizes[labels[picks[turns == turn]]]) >= 0).all()


@given(
    margins=st.lists(st.integers(0, 8).map(lambda i: i / 8), min_size=1, max_size=60),
    factor=st.floats(1, 12),
    data=st.data(),
)
def test_candidates_have_the_lowest_margins(margins, factor, data):
    n = data.draw(st.integers(1, len(margins)))
    candidates = cluster_margin_candidates(np.array(margins), n, factor)
    n_candidates = min(math.ceil(factor * n), len(margins))
    expected = np.argsort(margins, kind="stable")[:n_candidates]
    np.testing.assert_array_equal(candidates, expected)
