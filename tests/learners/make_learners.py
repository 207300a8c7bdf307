"""Rows, labels and estimators that the tests of learners share."""

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from sklearn.base import BaseEstimator

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = (X[:, 0] > 0).astype(int)

KINDS = {
    "array": np.asarray,
    "list": np.ndarray.tolist,
    "csr": sparse.csr_array,
    "coo": sparse.coo_matrix,
    "frame": lambda X: pd.DataFrame(
        X, columns=list("abc"), index=np.arange(len(X)) + 7
    ),
    "frame of numbered columns": pd.DataFrame,
    "tensor": torch.as_tensor,
}
LABELS = {
    "array": np.asarray,
    "list": np.ndarray.tolist,
    "series": pd.Series,
    "strings": lambda y: np.array(["no", "yes"])[y],
}


FRAME = KINDS["frame"](X)


class RecordsTraining(BaseEstimator):
    """Records the rows and labels of its last training."""

    def fit(self, X, y):
        self.seen_ = X, y
        return self

    def predict_proba(self, X):
        return np.full((X.shape[0] if hasattr(X, "shape") else len(X), 2), 0.5)


class RecordsWeights(BaseEstimator):
    def fit(self, X, y, sample_weight=None):
        self.weights_ = sample_weight


def as_array(X):
    return X.toarray() if sparse.issparse(X) else np.asarray(X)
