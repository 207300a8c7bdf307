"""What an indicator sees of a round of ASVP, and what is remembered of it."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from modal_clustermargin.transferability import log_me, ped

STAGES = ("features", "indicator", "fine_tuning", "proxy", "selection")


@dataclass(frozen=True)
class ASVPRound:
    """One query of ASVP.

    Attributes
    ----------
    n_labelled, n_pool, n_picks : int
        Rows labelled and unlabelled when the query came, and rows picked.

    is_aligned : bool
        Whether the features were refreshed in this round.

    is_switched : bool
        Whether, from this round on, the final training is the second one.

    selected_by : {"proxy", "network", "nobody"}
        Whom the selector asked; nobody where there was nothing to learn from.

    n_embedded : int
        Rows of features that were computed.

    seconds : dict of str to float
        By stage: "features", "indicator", "fine_tuning", "proxy", "selection".

    values : dict of str to float
        What the indicator looked at, such as "log_me" and "log_me_ped".
    """

    n_labelled: int
    n_pool: int
    n_picks: int
    is_aligned: bool
    is_switched: bool
    selected_by: str
    n_embedded: int
    seconds: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)

    @property
    def total_seconds(self):
        """Seconds of all stages together."""
        return sum(self.seconds.values())


class RoundState:
    """What an indicator is called with.

    Features are computed when they are first looked at, so an indicator that goes by
    counts alone costs nothing.

    Attributes
    ----------
    n_labelled : int
        Rows that are labelled.

    history : tuple of ASVPRound
        The rounds before this one.

    was_aligned : bool
        Whether features were refreshed in a round before.

    labels : ndarray of shape (n_labelled,) or (n_labelled, n_labels)
        Labels of the labelled rows.

    features : ndarray of shape (n_labelled, n_features)
        Their features, as they are in the store.

    pool_features : array-like of shape (n_pool, n_features)
        Those of the pool, read from the store by slices and integer arrays.

    log_me : float
        LogME of `features` and `labels`.

    log_me_ped : float
        LogME after PED, by the mean and standard deviation of `pool_features`.

    values : dict of str to float
        What was looked at, for the history. An indicator may add to it.
    """

    def __init__(
        self, labels, history, read_features, read_pool_features, was_aligned=False
    ):
        self.was_aligned = was_aligned
        self.labels = labels
        self.n_labelled = len(labels)
        self.history = tuple(history)
        self.values = {}
        self._read_features = read_features
        self._read_pool_features = read_pool_features

    @property
    def n_rounds(self):
        """Rounds before this one."""
        return len(self.history)

    @cached_property
    def features(self):
        """Features of the labelled rows."""
        return np.asarray(self._read_features())

    @cached_property
    def pool_features(self):
        """Features of the pool."""
        return self._read_pool_features()

    @cached_property
    def log_me(self):
        """LogME of the labelled rows."""
        return self._remember("log_me", log_me(self.features, self.labels))

    @cached_property
    def log_me_ped(self):
        """LogME of the labelled rows after PED."""
        mean, scale = _moments(self.pool_features)
        moved = ped(self.features, self.labels, mean=mean, scale=scale)
        return self._remember("log_me_ped", log_me(moved, self.labels))

    def _remember(self, name, value):
        self.values[name] = value
        return value


def _moments(rows, block_rows=8192):
    """Mean and standard deviation of each column, in two passes over blocks."""
    starts = range(0, len(rows), block_rows)
    blocks = [slice(start, start + block_rows) for start in starts]
    mean = sum(rows[block].sum(axis=0, dtype=float) for block in blocks) / len(rows)
    sq_apart = sum(((rows[block] - mean) ** 2).sum(axis=0) for block in blocks)
    return mean, np.sqrt(sq_apart / len(rows))
