"""A learner as scikit-learn sees it: with the tags and attributes of its estimator."""

from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted


def tags_like(estimator, tags):
    """Tags of an estimator; `tags` for one that has none."""
    return get_tags(estimator) if hasattr(estimator, "__sklearn_tags__") else tags


def _estimator_has(name):
    return lambda learner: hasattr(learner.estimator, name)


class EstimatorMixin:
    """Methods and attributes of a learner that its estimator has."""

    def __sklearn_tags__(self):
        return tags_like(self.estimator, super().__sklearn_tags__())

    def __sklearn_is_fitted__(self):
        try:
            check_is_fitted(self.estimator)
        except NotFittedError:
            return False
        return True

    @property
    def classes_(self):
        """Classes of the estimator, in the order of its probabilities."""
        return self.estimator.classes_

    @property
    def n_features_in_(self):
        """Number of columns on which the estimator was trained."""
        return self.estimator.n_features_in_

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X, **predict_proba_kwargs):
        """Class probabilities of the estimator: (n_samples, n_classes)."""
        return self.estimator.predict_proba(X, **predict_proba_kwargs)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X):
        """Decision function of the estimator."""
        return self.estimator.decision_function(X)
