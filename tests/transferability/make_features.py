"""Random features with labels."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


@st.composite
def labelled_features(draw, max_samples=14, max_features=14):
    """Features on a coarse grid, often of low rank, with at least two classes."""
    n_samples = draw(st.integers(4, max_samples))
    n_features = draw(st.integers(1, max_features))
    grid = st.integers(-4, 4).map(lambda whole: whole / 2)
    shape = (n_samples, n_features)
    features = draw(hnp.arrays(np.float64, shape, elements=grid))
    labels = draw(hnp.arrays(np.int64, n_samples, elements=st.integers(0, 3)))
    assume(len(set(labels)) > 1)
    return features, labels
