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
    """Yes, once, when there is strong evidence for features that are pushed apart.

    PED pushes classes that overlap apart, as fine-tuning would, and LogME says how
    much likelier that makes the labels. While labels are few, they say nothing against
    the features as they are; with more of them, the evidence adds up. What is compared
    with `least_evidence` is ``n_labelled * (log_me_ped - log_me)``, the natural
    logarithm of a Bayes factor, the mean over classes.

    Parameters
    ----------
    least_evidence : float, default=5.0
        5 is where [1]_ begins to call evidence very strong.

    Notes
    -----
    The paper of ASVP names LogME and PED, and not its rule; this one is this project's
    own. In its study on glyphs it fires about where plain fine-tuning overtakes LP-FT.
    With a column for each label there are no classes to push apart, and the answer is
    no; so it is once features were refreshed, since those of rows that the network was
    trained on say little.

    References
    ----------
    .. [1] R. E. Kass, A. E. Raftery, "Bayes factors", Journal of the American
       Statistical Association 90(430), 1995.
    """

    def __init__(self, least_evidence=5.0):
        self.least_evidence = least_evidence

    def __call__(self, state):
        """Whether to refresh the features."""
        if state.was_aligned or state.labels.ndim == 2:
            return False
        evidence = state.n_labelled * (state.log_me_ped - state.log_me)
        state.values["evidence"] = evidence
        return bool(evidence >= self.least_evidence)


class AtLabels(BaseEstimator):
    """Yes in the first round with so many labels or more, for each number given.

    Parameters
    ----------
    n_labels : int or tuple of int
        As the authors' scripts do it by hand.
    """

    def __init__(self, n_labels):
        self.n_labels = n_labels

    def __call__(self, state):
        """Whether one of the numbers was reached since the round before."""
        counts = _counts(self.n_labels, "AtLabels", "n_labels")
        asked = [each for each in state.history if each.selected_by != "nobody"]
        before = asked[-1].n_labelled if asked else -1
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
