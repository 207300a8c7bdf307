"""The contract of a query strategy, as checks that anybody can run.

What scikit-learn's ``check_estimator`` is for estimators, `check_query_strategy` is
for whatever can be passed to modAL as ``query_strategy``.
"""

from modal_clustermargin.testing._check import QueryStrategyCheck, check_query_strategy

__all__ = ["QueryStrategyCheck", "check_query_strategy"]
