"""modAL's learners, for current scikit-learn and pandas.

Each class is a subclass of modAL's learner of the same name: to use it, change the
import. Nothing in modAL, scikit-learn or pandas is patched.
"""

from modal_clustermargin.learners import _active_learner
from modal_clustermargin.learners._active_learner import (
    ActiveLearner,
    BayesianOptimizer,
)
from modal_clustermargin.learners._committee import Committee, CommitteeRegressor

__all__ = ["ActiveLearner", "BayesianOptimizer", "Committee", "CommitteeRegressor"]

if hasattr(_active_learner, "DeepActiveLearner"):
    DeepActiveLearner = _active_learner.DeepActiveLearner
    __all__ += ["DeepActiveLearner"]
else:

    def __getattr__(name):
        if name != "DeepActiveLearner":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # `from ... import` would not show the text of an AttributeError.
        raise ImportError(
            "DeepActiveLearner needs modAL 0.4.2 or later. Install it with"
            " `pip install --no-deps modAL-python==0.4.2.1`, or use ActiveLearner"
            " with the same network."
        )
