"""`Committee` and `CommitteeRegressor`: members of `modal_clustermargin.learners`."""

from modAL.models import learners as modal_learners

from modal_clustermargin.learners._any_rows import side_by_side
from modal_clustermargin.learners._asking_once import AskingOnce


class _SideBySide:
    def transform_without_estimating(self, X):
        """X as the members' last steps see it, side by side."""
        return side_by_side(
            [each.transform_without_estimating(X) for each in self.learner_list]
        )


class Committee(AskingOnce, _SideBySide, modal_learners.Committee):
    """modAL's ``Committee``, whose query takes its arguments in any place.

    Its members are trained, so these are what must be learners of this package where
    scikit-learn or pandas are of today.

    Parameters
    ----------
    learner_list : list of ActiveLearner

    query_strategy : callable, default=vote_entropy_sampling

    on_transformed : bool, default=False
    """


class CommitteeRegressor(AskingOnce, _SideBySide, modal_learners.CommitteeRegressor):
    """modAL's ``CommitteeRegressor``; see `Committee`.

    Parameters
    ----------
    learner_list : list of ActiveLearner

    query_strategy : callable, default=max_std_sampling

    on_transformed : bool, default=False
    """
