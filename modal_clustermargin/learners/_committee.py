"""`Committee` and `CommitteeRegressor`: members of `modal_clustermargin.learners`."""

import numpy as np
from modAL.models import learners as modal_learners
from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if

from modal_clustermargin.learners._as_estimator import tags_like
from modal_clustermargin.learners._query import QueryMixin
from modal_clustermargin.learners._row_containers import gathered, side_by_side
from modal_clustermargin.learners._training_data import kept_after_errors
from modal_clustermargin.pools import n_rows


class _CommitteeMixin(QueryMixin):
    """Methods of modAL's committees, for rows in every container."""

    def __sklearn_tags__(self):
        return tags_like(self.learner_list[0], super().__sklearn_tags__())

    def fit(self, X, y, **fit_kwargs):
        """Train all members on X and y; after an error all keep their own data."""
        with kept_after_errors(self.learner_list):
            return super().fit(X, y, **fit_kwargs)

    def teach(self, X, y, bootstrap=False, only_new=False, **fit_kwargs):
        """Teach X and y to all members; after an error none of them has these rows."""
        with kept_after_errors(self.learner_list):
            super().teach(X, y, bootstrap=bootstrap, only_new=only_new, **fit_kwargs)

    def vote(self, X, **predict_kwargs):
        """Prediction of each member: ndarray of shape (n_samples, n_members)."""
        votes = [each.predict(X, **predict_kwargs) for each in self.learner_list]
        return np.column_stack([np.asarray(vote) for vote in votes])

    def transform_without_estimating(self, X):
        """X as the last step of each member receives it, side by side."""
        return side_by_side(
            [each.transform_without_estimating(X) for each in self.learner_list]
        )

    def _add_training_data(self, X, y):
        super()._add_training_data(gathered(X), gathered(y))


def _members_have_probabilities(committee):
    return all(hasattr(each, "predict_proba") for each in committee.learner_list)


class Committee(_CommitteeMixin, modal_learners.Committee):
    """modAL's ``Committee`` on current scikit-learn and pandas.

    The members train themselves. Use learners of this package as members if modAL's own
    learners fail on the installed scikit-learn or pandas.

    Parameters
    ----------
    learner_list : list of ActiveLearner

    query_strategy : callable, default=vote_entropy_sampling

    on_transformed : bool, default=False
        Whether modAL's strategies transform the pool with the estimator first.
    """

    @available_if(_members_have_probabilities)
    def predict_proba(self, X, **predict_proba_kwargs):
        """Mean of the members' probabilities: (n_samples, n_classes)."""
        return self.vote_proba(X, **predict_proba_kwargs).mean(axis=1)

    def vote_proba(self, X, **predict_proba_kwargs):
        """Probabilities of each member: (n_samples, n_members, n_classes)."""
        if self.classes_ is None:
            raise NotFittedError(
                "A member of this Committee is not trained. Call fit or teach first."
            )
        votes = np.zeros((n_rows(X), len(self.learner_list), len(self.classes_)))
        for number, member in enumerate(self.learner_list):
            # A member may have seen some of the classes only.
            known = np.searchsorted(self.classes_, member.estimator.classes_)
            votes[:, number, known] = member.predict_proba(X, **predict_proba_kwargs)
        return votes


class CommitteeRegressor(_CommitteeMixin, modal_learners.CommitteeRegressor):
    """modAL's ``CommitteeRegressor`` on current scikit-learn and pandas.

    Parameters
    ----------
    learner_list : list of ActiveLearner

    query_strategy : callable, default=max_std_sampling

    on_transformed : bool, default=False
        Whether modAL's strategies transform the pool with the estimator first.
    """
