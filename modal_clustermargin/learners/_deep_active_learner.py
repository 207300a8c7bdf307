"""`DeepActiveLearner`, which modAL has from 0.4.2 on."""

from modAL.models.learners import DeepActiveLearner as ModALDeepActiveLearner

from modal_clustermargin.learners._asking_once import AskingOnce


class DeepActiveLearner(AskingOnce, ModALDeepActiveLearner):
    """modAL's ``DeepActiveLearner``, whose query runs its strategy once.

    It keeps no rows: `teach` trains the network on, with the new rows alone.

    Parameters
    ----------
    estimator : skorch net
        Initialized when the learner is made.

    query_strategy : callable, default=uncertainty_sampling

    on_transformed : bool, default=False
    """
