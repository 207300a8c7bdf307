"""Indicators of ASVP: whether to refresh the features in a round.

An indicator is any callable that takes a `RoundState` and returns a bool.
"""

from functools import cached_property
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from modal_clustermargin.transferability import log_me, ped

_BLOCK_ROWS = 8192


class RoundState:
    """The argument of an indicator: the round in which it is called.

    Features are computed when an indicator first reads them. An indicator that reads
    only counts costs nothing.

    Attributes
    ----------
    n_labelled, n_rounds : int
        Numbers of labelled rows, and of rounds before this one.

    history : tuple of ASVPRound
        The rounds before this one.

    was_aligned : bool
        Whether the features were refreshed in an earlier round.

    labels : ndarray of shape (n_labelled,) or (n_labelled, n_labels)
        Labels of the labelled rows.

    features : ndarray of shape (n_labelled, n_features)
        Current features of the labelled rows.

    pool_features : array-like of shape (n_pool, n_features)
        Current features of the pool, to index with slices and integer arrays.

    log_me, log_me_ped : float
        LogME of `features` and `labels`, without PED and after PED, which standardises
        by the mean and standard deviation of `pool_features`.

    values : dict of str to float
        The computed scores, which the history stores. An indicator may add its own.
    """

    def __init__(
        self, labels, history, read_features, read_pool_features, was_aligned=False
    ):
        self.was_aligned = was_aligned
        self.labels = labels
        self.n_labelled = len(labels)
        self.history = tuple(history)
        self.n_rounds = len(self.history)
        self.values = {}
        self._read_features = read_features
        self._read_pool_features = read_pool_features

    @cached_property
    def features(self):
        return np.asarray(self._read_features())

    @cached_property
    def pool_features(self):
        return self._read_pool_features()

    @cached_property
    def log_me(self):
        self.values["log_me"] = log_me(self.features, self.labels)
        return self.values["log_me"]

    @cached_property
    def log_me_ped(self):
        pool = StandardScaler()
        for rows in gen_batches(len(self.pool_features), _BLOCK_ROWS):
            pool.partial_fit(self.pool_features[rows])
        scale = np.sqrt(pool.var_)
        moved = ped(self.features, self.labels, mean=pool.mean_, scale=scale)
        self.values["log_me_ped"] = log_me(moved, self.labels)
        return self.values["log_me_ped"]


class Never(BaseEstimator):
    """Never refresh: selection via proxy (SVPp) on features of the first network."""

    def __call__(self, state):
        """Return False."""
        return False


class EveryRound(BaseEstimator):
    """Fine-tune the network in every round: standard active learning."""

    def __call__(self, state):
        """Return True."""
        return True


class LogMEGain(BaseEstimator):
    """Refresh once, when there is strong evidence that separated classes fit better.

    PED separates overlapping classes, as fine-tuning would. LogME measures how much
    more likely the labels are given the separated features. The evidence is
    ``n_labelled * (log_me_ped - log_me)``, the natural logarithm of a Bayes factor,
    averaged over classes. It grows with the number of labels.

    Parameters
    ----------
    least_evidence : float, default=5.0
        Evidence from which on the features are refreshed; [1]_ calls evidence of 5 and
        more very strong.

    Notes
    -----
    The paper on ASVP uses LogME and PED but states no rule; this rule is this project's
    choice. In the study on glyphs, it refreshes at about the number of labels where
    plain fine-tuning overtakes LP-FT. The answer is always False for multi-label data,
    because PED needs classes, and after a refresh, because scores of rows that the
    network was trained on say little.

    References
    ----------
    .. [1] R. E. Kass, A. E. Raftery, "Bayes factors", Journal of the American
       Statistical Association 90(430), 1995.
    """

    def __init__(self, least_evidence=5.0):
        self.least_evidence = least_evidence

    def __call__(self, state):
        """Return whether to refresh the features."""
        if state.was_aligned or state.labels.ndim == 2:
            return False
        evidence = state.n_labelled * (state.log_me_ped - state.log_me)
        state.values["evidence"] = evidence
        return bool(evidence >= self.least_evidence)


class AtLabels(BaseEstimator):
    """Refresh in the first round that has at least a given number of labels.

    Parameters
    ----------
    n_labels : int or tuple of int
        Each number leads to one refresh.
    """

    def __init__(self, n_labels):
        self.n_labels = n_labels

    def __call__(self, state):
        """Return whether one of the numbers was reached since the last round."""
        counts = _as_counts(self.n_labels, "AtLabels", "n_labels")
        # Rounds without a trained proxy do not ask the indicator.
        asked = [each for each in state.history if each.selected_by != "nobody"]
        before = asked[-1].n_labelled if asked else -1
        return any(before < count <= state.n_labelled for count in counts)


class AtRounds(BaseEstimator):
    """Refresh in given rounds, counted from 0.

    Parameters
    ----------
    rounds : int or tuple of int
    """

    def __init__(self, rounds):
        self.rounds = rounds

    def __call__(self, state):
        """Return whether this is one of the rounds."""
        return state.n_rounds in _as_counts(self.rounds, "AtRounds", "rounds")


def _as_counts(given, who, name):
    counts = given if isinstance(given, tuple | list) else (given,)
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, Integral) or count < 0:
            raise ValueError(
                f"{who} needs {name} as an integer >= 0, or a tuple of them; got"
                f" {given!r}."
            )
    return counts
