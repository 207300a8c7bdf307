"""All checks of a strategy, each as a callable object with a name."""

# ruff: noqa: NPY002  numpy's global generator is restored
import copy
import warnings

import numpy as np

from modal_clustermargin.testing._contract import CHECKS
from modal_clustermargin.testing._fixtures import make_data, name_of, no_error


class QueryStrategyCheck:
    """One check of a query strategy.

    Calling it raises AssertionError, with a sentence that says what is wrong, if the
    check fails. ``str`` gives its name.

    Attributes
    ----------
    name : str

    strategy : callable
        Copied by each call.
    """

    def __init__(self, check, strategy):
        self.name = check.__name__
        self.strategy = strategy
        self._check = check

    def __call__(self):
        with no_error(self.strategy, "when it was copied; modAL copies learners"):
            strategy = copy.deepcopy(self.strategy)
        state = np.random.get_state()
        try:
            with warnings.catch_warnings(), no_error(strategy, f"in {self.name}"):
                # modAL passes an argument to scikit-learn by its old name.
                warnings.filterwarnings("ignore", "'force_all_finite'", FutureWarning)
                self._check(strategy, make_data()[2])
        finally:
            np.random.set_state(state)

    def __str__(self):
        return self.name

    def __repr__(self):
        return f"<{self.name} of {name_of(self.strategy)}>"


def check_query_strategy(strategy):
    """Return checks that a query strategy keeps its contract.

    The checks use the installed modAL: versions 0.4.1 and 0.4.2 expect different return
    values of a strategy. Each check leaves numpy's global generator as it was.

    Parameters
    ----------
    strategy : callable
        ``strategy(learner, X_pool, n_instances)``: a function, a partial or an
        instance, which is copied for each check.

    Returns
    -------
    checks : iterator of QueryStrategyCheck
        Call each check. A check that fails raises AssertionError with the reason.

    Raises
    ------
    TypeError
        If `strategy` cannot be called, or is a class.

    Examples
    --------
    >>> from modal_clustermargin import MarginSampling
    >>> from modal_clustermargin.testing import check_query_strategy
    >>> for check in check_query_strategy(MarginSampling()):
    ...     check()

    Under pytest:

    >>> import pytest
    >>> checks = check_query_strategy(MarginSampling())
    >>> @pytest.mark.parametrize("check", checks, ids=str)
    ... def test_contract(check):
    ...     check()
    """
    if not callable(strategy) or isinstance(strategy, type):
        raise TypeError(
            "check_query_strategy needs a strategy that can be called with (learner,"
            f" X_pool, n_instances); got {strategy!r}. Pass an instance, not a class."
        )
    return (QueryStrategyCheck(check, strategy) for check in CHECKS)
