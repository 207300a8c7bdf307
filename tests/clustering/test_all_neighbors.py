"""The search of a set in itself, against all products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_clustermargin.clustering import _all_neighbors
from modal_clustermargin.clustering._all_neighbors import _rounds, nearest_in_set


@given(st.integers(1, 40))
def test_every_two_blocks_meet_once_and_none_is_twice_in_a_round(n_blocks):
    met = []
    for left, right in _rounds(n_blocks):
        if not np.array_equal(left, right):
            playing = np.concatenate([left, right])
            assert len(set(playing)) == len(playing)
        met += [
            frozenset(pair) for pair in zip(left.tolist(), right.tolist(), strict=True)
        ]
    assert len(met) == len(set(met)) == n_blocks * (n_blocks + 1) // 2


@pytest.mark.parametrize("block_rows", [1, 7, 64, 640])
@pytest.mark.parametrize("n_rows", [1, 2, 130, 500])
def test_finds_what_all_products_say(block_rows, n_rows, monkeypatch):
    monkeypatch.setattr(_all_neighbors, "_BLOCK_ROWS", block_rows)
    rng = np.random.RandomState(n_rows)
    rows = rng.normal(size=(n_rows, 5)).astype(np.float32)
    half = (rows**2).sum(axis=1) / 2
    all_scores = rows @ rows.T - half
    np.fill_diagonal(all_scores, -np.inf)
    expected = -np.sort(-all_scores, axis=1)[:, :6]
    for least in (-np.inf, np.float32(-1)):
        proposed, scores = nearest_in_set(
            rows, half, 6, np.full(n_rows, least, np.float32)
        )
        found = np.maximum(expected, least)
        np.testing.assert_allclose(scores[:, : found.shape[1]], found, atol=1e-5)
        is_found = proposed >= 0
        np.testing.assert_array_equal(is_found, scores > least)
        i, _ = np.nonzero(is_found)
        np.testing.assert_allclose(
            all_scores[i, proposed[is_found]], scores[is_found], atol=1e-5
        )
