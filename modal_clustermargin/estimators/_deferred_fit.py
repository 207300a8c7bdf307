"""A classifier that is trained only when its predictions are needed."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if


def _estimator_has(name):
    return available_if(lambda self: hasattr(self.estimator, name))


class DeferredFit(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Keep the arguments of `fit`, and train when a prediction needs it.

    modAL's `teach` fits the classifier after every batch of labels. If a cheaper
    classifier chooses the batches, such as a proxy on features computed beforehand,
    the large network is needed only in some rounds. Inside a DeferredFit, the network
    is not trained in the other rounds. X and y are not copied, and an error in them is
    raised when the training starts.

    Parameters
    ----------
    estimator : classifier
        Classifier to clone and train; it is not changed itself.

    Attributes
    ----------
    estimator_ : classifier
        The trained clone. Reading this attribute trains it, if `fit` was called
        since the last training.

    is_pending_ : bool
        Whether the data of the last `fit` are not trained on yet.

    training_data_ : tuple
        X and y of the last `fit`.

    classes_ : ndarray of shape (n_classes,)
        Sorted labels of `estimator_` or, while training is pending, of y. If y has
        columns, or `fit` got more than X and y, reading this attribute trains.
    """

    _trained = None

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y=None, **fit_params):
        """Store X and y, and drop the classifier that was trained before.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)

        y : array-like of shape (n_samples,)
            None if the estimator finds labels in X.

        **fit_params : dict
            For the `fit` of `estimator`.

        Returns
        -------
        self : DeferredFit
        """
        self._trained = None
        self.training_data_ = (X, y)
        self._fit_params = fit_params
        return self

    @property
    def is_pending_(self):
        return self._trained is None and hasattr(self, "training_data_")

    @property
    def estimator_(self):
        if self.is_pending_:
            fresh = clone(self.estimator)
            self._trained = fresh.fit(*self.training_data_, **self._fit_params)
        if self._trained is None:
            raise NotFittedError(
                "This DeferredFit has nothing to train on yet: call fit(X, y) first."
            )
        return self._trained

    @property
    def classes_(self):
        if self.is_pending_ and not self._fit_params:
            y = self.training_data_[1]
            if y is not None and np.ndim(y) == 1:
                declared = getattr(self.estimator, "classes", None)
                return np.unique(y if declared is None else declared)
        return self.estimator_.classes_

    @property
    def n_features_in_(self):
        return self.estimator_.n_features_in_

    def predict(self, X):
        """Label of each sample: ndarray of shape (n_samples,)."""
        return self.estimator_.predict(X)

    @_estimator_has("predict_proba")
    def predict_proba(self, X):
        """Class probabilities: ndarray of shape (n_samples, n_classes)."""
        return self.estimator_.predict_proba(X)

    @_estimator_has("embed")
    def embed(self, X, **arguments):
        """Embeddings of X, if the estimator has them."""
        return self.estimator_.embed(X, **arguments)

    @_estimator_has("untrained")
    def untrained(self, X):
        """The classifier before training, if the estimator has one."""
        return self.estimator.untrained(X)

    @_estimator_has("make_proxy")
    def make_proxy(self):
        """A cheap classifier of embeddings, if the estimator has one."""
        return self.estimator.make_proxy()

    def __sklearn_is_fitted__(self):
        return hasattr(self, "training_data_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = self.estimator.__sklearn_tags__()
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        return tags
