"""Classifiers and pools that the tests of strategies share."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from modal_clustermargin.strategies import (
    ASVP,
    BADGE,
    ClusterMargin,
    CoreSet,
    MarginSampling,
    MaxHerding,
    RandomSampling,
    UncertaintyHerding,
)

STRATEGIES = [
    *(ASVP, BADGE, ClusterMargin, CoreSet, MarginSampling, MaxHerding),
    *(RandomSampling, UncertaintyHerding),
]


def rows_themselves(classifier, X):
    """Features for an ASVP whose classifier has none to give."""
    X = X.toarray() if sparse.issparse(X) else np.asarray(X)
    return X.reshape(len(X), -1)


# What a strategy cannot do without.
NEEDS = {
    ASVP: {
        "embedding": rows_themselves,
        "labelled": (np.array([[0.0, 0, 0, 0], [9, 1, 1, 1]]), np.array([0, 1])),
    }
}


def parameters_of(strategy, seed=0):
    """Parameters to test it with, a seed among them if it draws."""
    parameters = dict(NEEDS.get(strategy, {}))
    if hasattr(strategy(), "random_state"):
        parameters["random_state"] = seed
    return parameters


def make(strategy, seed=0):
    """An instance to test."""
    return strategy(**parameters_of(strategy, seed))


def as_memory_map(X, folder):
    np.save(folder / "pool.npy", X)
    return np.load(folder / "pool.npy", mmap_mode="r")


POOL_KINDS = {
    "ndarray": lambda X, folder: X,
    "images": lambda X, folder: X.reshape(len(X), 2, 2, -1),
    "memory map": as_memory_map,
    "csr_matrix": lambda X, folder: sparse.csr_matrix(X),
    "csr_array": lambda X, folder: sparse.csr_array(X),
    "coo_matrix": lambda X, folder: sparse.coo_matrix(X),
    "DataFrame": lambda X, folder: pd.DataFrame(X),
    "named DataFrame": lambda X, folder: pd.DataFrame(X).add_prefix("x"),
    "polars": lambda X, folder: pytest.importorskip("polars").from_numpy(X),
    "list": lambda X, folder: X.tolist(),
    "list of arrays": lambda X, folder: list(X),
    "tensor": lambda X, folder: torch.from_numpy(X),
}


def first_column(X):
    """Of a pool of any kind: its rows' numbers, as `ByRowNumber` needs them."""
    if sparse.issparse(X):
        return X.tocsr()[:, [0]].toarray().ravel()
    return np.asarray(X).reshape(len(X), -1)[:, 0]


class ByRowNumber(ClassifierMixin, BaseEstimator):
    """A classifier that looks up probabilities by the number in column 0.

    It counts its calls and remembers the largest block it was asked for.
    """

    n_calls = 0
    largest_block = 0

    def __init__(self, proba):
        self.proba = proba

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        rows = first_column(X).astype(int)
        self.n_calls += 1
        self.largest_block = max(self.largest_block, len(rows))
        return np.asarray(self.proba)[rows]


class Unfitted:
    def predict_proba(self, X):
        raise NotFittedError


def of_margins(margins):
    """A classifier with two classes and the given margins."""
    margins = np.asarray(margins, float)
    return ByRowNumber(np.column_stack([(1 + margins) / 2, (1 - margins) / 2]))


def numbered_rows(n_pool, n_features=3, seed=0):
    """Distinct rows; column 0 is the row number."""
    X = np.random.RandomState(seed).normal(size=(n_pool, n_features))
    return np.column_stack([np.arange(n_pool, dtype=float), X])


def random_classes(n_pool=60):
    """A classifier with four classes of random probabilities, and its rows."""
    proba = np.random.RandomState(5).dirichlet(np.ones(4), size=n_pool)
    return ByRowNumber(proba), numbered_rows(n_pool)


@st.composite
def queries(draw, max_pool=40):
    """``(classifier, margins, X_pool, embeddings, n_instances)``, full of ties."""
    n_pool = draw(st.integers(1, max_pool))
    sixteenths = st.lists(st.integers(0, 16), min_size=n_pool, max_size=n_pool)
    margins = np.array(draw(sixteenths)) / 16
    cells = st.lists(st.integers(0, 8), min_size=n_pool, max_size=n_pool)
    embeddings = np.array(draw(cells), float)[:, np.newaxis] + [[1.0, 0.0]]
    embeddings[:, 1] = draw(st.integers(0, 2))
    n_instances = draw(st.integers(1, n_pool))
    return of_margins(margins), margins, numbered_rows(n_pool), embeddings, n_instances
