"""The deal against the paper's loop, and the promises of the batch."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.selection import (
    cluster_margin_candidates,
    deal_round_robin,
    intraclass_correlation,
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


class TestCandidates:
    pools = st.lists(
        st.tuples(st.integers(0, 8).map(lambda i: i / 8), st.integers(0, 6)),
        min_size=1,
        max_size=60,
    ).map(lambda rows: (np.array([m for m, _ in rows]), np.array([c for _, c in rows])))

    @given(pool=pools, factor=st.floats(1, 12), data=st.data())
    def test_a_number_takes_the_lowest_margins(self, pool, factor, data):
        margins, labels = pool
        n = data.draw(st.integers(1, len(margins)))
        candidates = cluster_margin_candidates(margins, labels, n, factor)
        n_candidates = min(math.ceil(factor * n), len(margins))
        expected = np.argsort(margins, kind="stable")[:n_candidates]
        np.testing.assert_array_equal(candidates, expected)

    @given(pool=pools, data=st.data())
    def test_auto_follows_the_intraclass_correlation_of_margins(self, pool, data):
        margins, labels = pool
        n = data.draw(st.integers(1, len(margins)))
        candidates = cluster_margin_candidates(margins, labels, n, "auto")
        alike = intraclass_correlation(margins, labels)
        per_pick = round(2 + 8 * alike**16, 1)
        most = max(math.ceil(len(margins) * 2 / 3), n)
        n_candidates = min(math.ceil(1 + per_pick * (n - 1)), most)
        expected = np.argsort(margins, kind="stable")[:n_candidates]
        np.testing.assert_array_equal(candidates, expected)

    def test_auto_by_hand(self):
        copies, others = np.repeat([0, 1, 2], 20), np.tile([0, 1, 2], 20)
        margins = np.repeat([0.1, 0.5, 0.7], 20)
        for labels, expected in ((copies, 11), (others, 3), (np.arange(60), 3)):
            candidates = cluster_margin_candidates(margins, labels, 2, "auto")
            np.testing.assert_array_equal(candidates, np.arange(expected))
        for n_instances, expected in ((1, 1), (4, 31), (5, 40), (39, 40), (41, 41)):
            candidates = cluster_margin_candidates(margins, copies, n_instances, "auto")
            np.testing.assert_array_equal(candidates, np.arange(expected))
