"""`DeepActiveLearner`, which modAL has from version 0.4.2 on."""

from modAL.models.learners import DeepActiveLearner as ModALDeepActiveLearner

from modal_clustermargin.learners._query import QueryMixin


class DeepActiveLearner(QueryMixin, ModALDeepActiveLearner):
    """modAL's ``DeepActiveLearner``, whose query calls its strategy once.

    It stores no training data: `teach` continues training on the new rows alone.

    Parameters
    ----------
    estimator : skorch net
        Initialized when the learner is created.

    query_strategy : callable, default=uncertainty_sampling

    on_transformed : bool, default=False
        Whether modAL's strategies transform the pool with the estimator first.
    """
