"""When to refresh features, and when to train in another way: yes or no, by round.

An indicator is any callable that takes a `RoundState` and returns a bool. Those here
say by their names what they go by.
"""

from numbers import Integral

from sklearn.base import BaseEstimator


class Never(BaseEstimator):
    """Features stay those of the pre-trained network: selection via proxy (SVPp)."""

    def __call__(self, state):
        """False."""
        return False


class EveryRound(BaseEstimator):
    """The network is fine-tuned in every round: standard active learning."""

    def __call__(self, state):
        """True."""
        return True


class LogMEGain(BaseEstimator):
    """Once, when pushing the classes apart would gain much.

    Parameters
    ----------
    least_gain : float, default=0.0025
    """

    def __init__(self, least_gain=0.0025):
        self.least_gain = least_gain

    def __call__(self, state):
        """Whether LogME after PED is above LogME by `least_gain` or more."""
        if state.was_aligned or state.labels.ndim == 2:
            return False
        return state.log_me_ped - state.log_me >= self.least_gain


class AtLabels(BaseEstimator):
    """Yes in the first round with so many labels or more, for each number given.

    Parameters
    ----------
    *n_labels : int
        As the authors' scripts do it by hand.
    """

    def __init__(self, n_labels):
        self.n_labels = n_labels

    def __call__(self, state):
        """Whether one of the numbers was reached since the round before."""
        counts = _counts(self.n_labels, "AtLabels", "n_labels")
        before = state.history[-1].n_labelled if state.history else -1
        return any(before < count <= state.n_labelled for count in counts)


class AtRounds(BaseEstimator):
    """Yes in these rounds, counted from 0.

    Parameters
    ----------
    rounds : int or tuple of int
    """

    def __init__(self, rounds):
        self.rounds = rounds

    def __call__(self, state):
        """Whether this is one of the rounds."""
        return state.n_rounds in _counts(self.rounds, "AtRounds", "rounds")


def _counts(given, who, name):
    counts = given if isinstance(given, tuple | list) else (given,)
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, Integral) or count < 0:
            raise ValueError(
                f"{who} wants {name} as an integer >= 0, or a tuple of them; got"
                f" {given!r}."
            )
    return counts
