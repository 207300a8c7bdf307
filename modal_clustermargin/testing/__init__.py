"""Checks of the contract of a query strategy.

`check_query_strategy` is to a ``query_strategy`` of modAL what scikit-learn's
``check_estimator`` is to an estimator.
"""

from modal_clustermargin.testing._check import QueryStrategyCheck, check_query_strategy

__all__ = ["QueryStrategyCheck", "check_query_strategy"]
