"""Labelled rows that a learner keeps, checked, grown and trained on."""

import numpy as np
from sklearn.ensemble._base import _BaseHeterogeneousEnsemble
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length, check_random_state, check_X_y

from modal_clustermargin.learners._any_rows import (
    brought_here,
    rows_at,
    side_by_side,
    stacked,
)
from modal_clustermargin.pools._rows import n_rows


class TrainingData:
    """How a learner checks, keeps and bootstraps what it is trained on.

    The methods have the names that modAL's own learners, optimizers and committees
    call them by.
    """

    def _begin(self, X, y, bootstrap_init, random_state, fit_kwargs):
        """The end of `__init__`: keep the rows to begin with, and train on them."""
        if X is not None:
            X, y = self._checked(X, y)
        self.bootstrap_init = bootstrap_init
        self.random_state = random_state
        self.X_training, self.y_training = X, y
        if X is not None:
            self._fit_to_known(bootstrap=bootstrap_init, **fit_kwargs)

    def fit(self, X, y, bootstrap=False, **fit_kwargs):
        """Train on X and y alone, and keep them in the place of what there was.

        Parameters
        ----------
        X : ndarray, sparse, DataFrame, list or tensor of shape (n_samples, ...)
            Rows of a dask or Zarr array are brought here.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        bootstrap : bool, default=False
            Whether to train on as many rows drawn from them with replacement, and on
            their `sample_weight`.

        **fit_kwargs :
            For the estimator's `fit`. If it raises, what there was is kept.

        Returns
        -------
        self
        """
        X, y = self._checked(X, y)
        self._train(X, y, bootstrap, fit_kwargs)
        self.X_training, self.y_training = X, y
        return self

    def transform_without_estimating(self, X):
        """X as the last step of the estimator's pipeline sees it.

        Of an ensemble of pipelines, the columns of all side by side; X itself, if
        there is no pipeline.
        """
        members = [self.estimator]
        if isinstance(self.estimator, _BaseHeterogeneousEnsemble):
            members = self.estimator.estimators_
        pipelines = [member for member in members if isinstance(member, Pipeline)]
        if not pipelines:
            return X
        return side_by_side([_before_the_last(each, X) for each in pipelines])

    def _add_training_data(self, X, y):
        self.X_training, self.y_training = self._grown(X, y)

    def _grown(self, X, y):
        """What there is with X and y added, or an error; nothing is kept yet."""
        X, y = self._checked(X, y)
        if self.X_training is None:
            return X, y
        return stacked(self.X_training, X, "X"), stacked(self.y_training, y, "y")

    def _fit_to_known(self, bootstrap=False, **fit_kwargs):
        return self._train(self.X_training, self.y_training, bootstrap, fit_kwargs)

    def _fit_on_new(self, X, y, bootstrap=False, **fit_kwargs):
        X, y = self._checked(X, y)
        return self._train(X, y, bootstrap, fit_kwargs)

    def _train(self, X, y, bootstrap, fit_kwargs):
        if bootstrap:
            drawn = self._bootstrap(n_rows(X))
            X, y = rows_at(X, drawn), rows_at(_indexable(y), drawn)
            weights = fit_kwargs.get("sample_weight")
            if weights is not None:
                weights = np.asarray(weights)[drawn]
                fit_kwargs = {**fit_kwargs, "sample_weight": weights}
        self.estimator.fit(X, y, **fit_kwargs)
        return self

    def _bootstrap(self, n_samples):
        draws = check_random_state(self.random_state)
        return draws.randint(n_samples, size=n_samples)

    def _checked(self, X, y):
        """X and y, here, if a learner can learn from them."""
        X, y = brought_here(X), brought_here(y)
        if hasattr(X, "detach"):  # a tensor may lie on a GPU, where it stays
            check_consistent_length(X, y)
            if not len(X):
                raise ValueError("X has no rows, and a learner learns from some.")
            if self.force_all_finite and not bool(X.isfinite().all()):
                raise ValueError(
                    "X contains NaN or infinity. Repair these rows, or make the"
                    " learner with force_all_finite=False."
                )
            return X, y
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


def _indexable(y):
    return np.asarray(y) if isinstance(y, tuple) else y


def _before_the_last(pipeline, X):
    return pipeline[:-1].transform(X) if len(pipeline) > 1 else X
