"""A check as an object with a name, and all of them for a strategy."""

# ruff: noqa: NPY002  numpy's global generator is put back
import copy
import warnings

import numpy as np

from modal_clustermargin.testing._contract import CHECKS
from modal_clustermargin.testing._subjects import Broken, name_of


class QueryStrategyCheck:
    """One promise of a query strategy, and how to see whether it is kept.

    Calling it raises AssertionError with a sentence if the promise is broken, and
    does nothing otherwise. ``str`` gives its name.

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
        name = name_of(self.strategy)
        try:
            strategy = copy.deepcopy(self.strategy)
        except Exception as error:
            raise Broken(
                f"{name} cannot be copied, so it cannot be checked, nor a learner with"
                f" it be kept: {error}"
            ) from error
        state = np.random.get_state()
        try:
            with warnings.catch_warnings():
                # modAL calls scikit-learn by an argument's old name.
                warnings.filterwarnings("ignore", "'force_all_finite'", FutureWarning)
                self._check(strategy)
        except Broken:
            raise
        except Exception as error:
            raise Broken(
                f"{name} raised {type(error).__name__} where it should have chosen rows"
                f" ({self.name}): {error}"
            ) from error
        finally:
            np.random.set_state(state)

    def __str__(self):
        return self.name

    def __repr__(self):
        return f"<{self.name} of {name_of(self.strategy)}>"


def check_query_strategy(strategy):
    """Checks of what a strategy promises to those who call it.

    Run under the modAL that is installed: what a strategy has to return differs
    from 0.4.1 to 0.4.2. numpy's global generator is put back after each.

    Parameters
    ----------
    strategy : callable
        ``strategy(learner, X_pool, n_instances)``: a function, a partial or an
        instance, which is copied for each check.

    Returns
    -------
    checks : iterator of QueryStrategyCheck
        To be called; AssertionError explains what is broken.

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
            "check_query_strategy wants a strategy that can be called with (learner,"
            f" X_pool, n_instances); got {strategy!r}. Of a class, pass an instance."
        )
    return (QueryStrategyCheck(check, strategy) for check in CHECKS)
