"""The training data of a learner: checked, extended and used to train."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.ensemble._base import _BaseHeterogeneousEnsemble
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length, check_random_state, check_X_y

from modal_clustermargin.learners._row_containers import (
    append_rows,
    labels_in_memory,
    rows_at,
    rows_in_memory,
    side_by_side,
)
from modal_clustermargin.pools import as_array, n_rows


@contextmanager
def kept_after_errors(learners):
    """Give all learners the training data back that they had before an error."""
    names = ("X_training", "y_training")
    before = [
        (each, name, getattr(each, name))
        for each in learners
        for name in names
        if hasattr(each, name)
    ]
    try:
        yield
    except BaseException:
        for each, name, value in before:
            setattr(each, name, value)
        raise


class TrainingDataMixin:
    """Checks, extends and bootstraps the training data of a learner.

    The private methods have the names by which modAL's own learners, optimizers and
    committees call them.
    """

    def _start(self, X, y, bootstrap_init, random_state, fit_kwargs):
        """Finish `__init__`: store parameters, and train on the first training data."""
        self.bootstrap_init = bootstrap_init
        self.random_state = random_state
        self.X_training, self.y_training = X, y
        if X is not None:
            self.fit(X, y, bootstrap=bootstrap_init, **fit_kwargs)

    def fit(self, X, y, bootstrap=False, **fit_kwargs):
        """Replace the training data by X and y, and train on them.

        Parameters
        ----------
        X : ndarray, sparse, DataFrame, list or tensor of shape (n_samples, ...)
            Rows of a dask or Zarr array are loaded into memory.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        bootstrap : bool, default=False
            Whether to train on n_samples rows drawn with replacement, and on their
            `sample_weight`.

        **fit_kwargs :
            Passed to the estimator's `fit`. If `fit` raises an error, the training data
            stays as it was.

        Returns
        -------
        self
        """
        X, y = self._checked(X, y)
        self._train(X, y, bootstrap, fit_kwargs)
        self.X_training, self.y_training = X, y
        return self

    def transform_without_estimating(self, X):
        """X as the last step of the estimator's pipeline receives it.

        For an ensemble of pipelines, the columns of all pipelines side by side; for an
        estimator without a pipeline, X itself.
        """
        members = [self.estimator]
        if isinstance(self.estimator, _BaseHeterogeneousEnsemble):
            members = self.estimator.estimators_
        pipelines = [member for member in members if isinstance(member, Pipeline)]
        if not pipelines:
            return X
        return side_by_side(
            [each[:-1].transform(X) if len(each) > 1 else X for each in pipelines]
        )

    def _add_training_data(self, X, y):
        X, y = self._checked(X, y)
        if self.X_training is not None:
            index = X.index if isinstance(X, pd.DataFrame | pd.Series) else None
            X = append_rows(self.X_training, X, "X")
            y = append_rows(self.y_training, y, "y", index)
        self.X_training, self.y_training = X, y

    def _fit_to_known(self, bootstrap=False, **fit_kwargs):
        return self._train(self.X_training, self.y_training, bootstrap, fit_kwargs)

    def _fit_on_new(self, X, y, bootstrap=False, **fit_kwargs):
        X, y = self._checked(X, y)
        return self._train(X, y, bootstrap, fit_kwargs)

    def _train(self, X, y, bootstrap, fit_kwargs):
        if bootstrap:
            n_samples = n_rows(X)
            random_state = check_random_state(self.random_state)
            drawn = random_state.randint(n_samples, size=n_samples)
            X, y = rows_at(X, drawn), rows_at(y, drawn)
            if fit_kwargs.get("sample_weight") is not None:
                weights = np.asarray(fit_kwargs["sample_weight"])[drawn]
                fit_kwargs = {**fit_kwargs, "sample_weight": weights}
        self.estimator.fit(X, y, **fit_kwargs)
        return self

    def _checked(self, X, y):
        """X and y in memory, after scikit-learn's checks of both."""
        X, y = rows_in_memory(X), labels_in_memory(y)
        _check_labels(y)
        if not hasattr(X, "detach"):
            check_X_y(
                X,
                y,
                accept_sparse=True,
                ensure_2d=False,
                allow_nd=True,
                multi_output=True,
                dtype=None,
                ensure_all_finite=self.force_all_finite,
            )
            return X, y
        # A tensor stays on its device, so it is not converted to an array.
        check_consistent_length(X, y)
        if not len(X):
            raise ValueError("X must have at least one row; got none.")
        if self.force_all_finite and not bool(X.isfinite().all()):
            raise ValueError(
                "X contains NaN or infinity. Repair or drop these rows, or create the"
                " learner with force_all_finite=False."
            )
        return X, y


def _check_labels(y):
    """Raise ValueError if a label is missing: None, NaN, NA or an empty string."""
    if y is None or sparse.issparse(y):
        return
    # As objects, because numpy makes the string "nan" of NaN beside strings.
    labels = np.asarray(y, dtype=object) if isinstance(y, list) else as_array(y)
    if not labels.ndim or not labels.size:
        return  # scikit-learn's checks have a message for these
    missing = pd.isna(labels)
    if labels.dtype.kind in "OU":
        missing |= np.where(missing, None, labels) == ""
    rows = np.flatnonzero(missing.reshape(len(labels), -1).any(axis=1))
    if len(rows):
        raise ValueError(
            f"y has no label for {len(rows)} of {len(labels)} rows, the first of them"
            f" at position {rows[0]}: {labels[rows[0]]!r}. Leave out the rows that"
            " nobody has labelled."
        )
