"""Alikeness within groups against the analysis of variance of scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import f_oneway

from modal_clustermargin.selection import intraclass_correlation

groups = st.lists(
    st.lists(st.floats(0, 1).map(lambda x: round(x, 3)), min_size=1, max_size=6),
    min_size=2,
    max_size=8,
).filter(lambda groups: any(len(set(group)) > 1 for group in groups))


@given(groups, st.randoms(use_true_random=False))
def test_is_that_of_an_analysis_of_variance(groups, order):
    ratio = f_oneway(*groups).statistic
    sizes = np.array([len(group) for group in groups])
    usual_size = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(groups) - 1)
    expected = (ratio - 1) / (ratio - 1 + usual_size)
    # Numbers of groups may have gaps, and rows come in any order.
    rows = [(value, 2 * i) for i, group in enumerate(groups) for value in group]
    order.shuffle(rows)
    values, labels = map(np.array, zip(*rows, strict=True))
    found = intraclass_correlation(values, labels)
    assert found == pytest.approx(max(expected, 0), abs=1e-9)


@pytest.mark.parametrize(
    ("values", "labels", "expected"),
    [
        ([0.1, 0.1, 0.7, 0.7], [0, 0, 1, 1], 1.0),  # copies
        ([0.1, 0.7, 0.1, 0.7], [0, 0, 1, 1], 0.0),  # groups tell nothing
        ([0.1, 0.7, 0.4], [2, 0, 1], 0.0),  # each by itself
        ([0.1, 0.7, 0.4], [3, 3, 3], 0.0),  # all together
        ([0.1, 0.1, 0.1, 0.1], [0, 0, 0, 1], 0.0),  # nothing to tell
        ([0.3], [0], 0.0),
    ],
)
def test_by_hand(values, labels, expected):
    assert intraclass_correlation(np.array(values), np.array(labels)) == expected
