"""`Committee` and `CommitteeRegressor`: members of `modal_clustermargin.learners`."""

import numpy as np
from modAL.models import learners as modal_learners

from modal_clustermargin.learners._query import QueryMixin
from modal_clustermargin.learners._row_containers import gathered, side_by_side


class _CommitteeMixin(QueryMixin):
    """Methods of modAL's committees, for rows in every container."""

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

    def vote_proba(self, X, **predict_proba_kwargs):
        """Probabilities of each member: (n_samples, n_members, n_classes)."""
        if isinstance(X, list):
            X = np.asarray(X)  # modAL reads the shape
        return super().vote_proba(X, **predict_proba_kwargs)


class CommitteeRegressor(_CommitteeMixin, modal_learners.CommitteeRegressor):
    """modAL's ``CommitteeRegressor`` on current scikit-learn and pandas.

    Parameters
    ----------
    learner_list : list of ActiveLearner

    query_strategy : callable, default=max_std_sampling

    on_transformed : bool, default=False
        Whether modAL's strategies transform the pool with the estimator first.
    """
