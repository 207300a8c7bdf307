"""`Committee` and `CommitteeRegressor`: members of `modal_clustermargin.learners`."""

import numpy as np
from modAL.models import learners as modal_learners

from modal_clustermargin.learners._any_rows import brought_here, side_by_side
from modal_clustermargin.learners._asking_once import AskingOnce
from modal_clustermargin.learners._training_data import TrainingData


class _OfMembers:
    """What modAL asks of rows that not every kind of rows has."""

    def vote(self, X, **predict_kwargs):
        """Prediction of each member: ndarray of shape (n_samples, n_members)."""
        votes = [each.predict(X, **predict_kwargs) for each in self.learner_list]
        return np.column_stack([np.asarray(vote) for vote in votes])

    def _add_training_data(self, X, y):
        X, y = brought_here(X), brought_here(y)
        grown = [
            each._grown(X, y) if isinstance(each, TrainingData) else None
            for each in self.learner_list
        ]
        for each, data in zip(self.learner_list, grown, strict=True):
            if data is None:
                each._add_training_data(X, y)
            else:
                each.X_training, each.y_training = data

    def transform_without_estimating(self, X):
        """X as the members' last steps see it, side by side."""
        return side_by_side(
            [each.transform_without_estimating(X) for each in self.learner_list]
        )


class Committee(AskingOnce, _OfMembers, modal_learners.Committee):
    """modAL's ``Committee``, whose query takes its arguments in any place.

    Its members are trained, so these are what must be learners of this package where
    scikit-learn or pandas are of today.

    Parameters
    ----------
    learner_list : list of ActiveLearner

    query_strategy : callable, default=vote_entropy_sampling

    on_transformed : bool, default=False
    """

    def vote_proba(self, X, **predict_proba_kwargs):
        """Probabilities of each member: (n_samples, n_members, n_classes)."""
        if isinstance(X, list):
            X = np.asarray(X)  # modAL asks for the shape
        return super().vote_proba(X, **predict_proba_kwargs)


class CommitteeRegressor(AskingOnce, _OfMembers, modal_learners.CommitteeRegressor):
    """modAL's ``CommitteeRegressor``; see `Committee`.

    Parameters
    ----------
    learner_list : list of ActiveLearner

    query_strategy : callable, default=max_std_sampling

    on_transformed : bool, default=False
    """
