"""The labelled rows of one query of a herding strategy."""

from typing import NamedTuple

import numpy as np

from modal_clustermargin.pools import Pool, pool_keys
from modal_clustermargin.strategies._labelled import labelled_pools


class LabelledRows(NamedTuple):
    """Labelled rows of one kind."""

    rows: Pool
    contents: np.ndarray  # fingerprint of each row
    are_embeddings: bool


def herding_labels(strategy, classifier, pool):
    """``(labelled, are_all)``: a list of `LabelledRows`, and whether these are all.

    They are if the learner holds labelled rows or a function returns them. Otherwise,
    earlier picks that have left the pool count as labelled, too.
    """
    who, embedding = type(strategy).__name__, strategy.embedding
    given = strategy.labelled is not None
    are_embeddings = given and embedding is not None and not callable(embedding)
    expected = np.shape(embedding) if are_embeddings else pool.shape
    found = []
    for rows in labelled_pools(strategy.labelled, classifier, who):
        shape = rows.shape
        if len(shape) == len(expected) > 1 and shape[1:] != tuple(expected[1:]):
            kind = "embeddings" if are_embeddings else "rows"
            raise ValueError(
                f"{who} got labelled rows of shape {shape}, but the {kind} of X_pool"
                f" have shape {tuple(expected)}. Pass labelled rows of the same kind as"
                " the pool."
            )
        found.append(LabelledRows(rows, pool_keys(rows), are_embeddings))
    return found, bool(found) and (callable(strategy.labelled) or not given)


class PastPicks:
    """The picks of earlier queries, some of which have left the pool since."""

    def __init__(self):
        self._queries = []  # of (rows, their keys, number of rows with each key)
        self._last_keys = np.empty(0, np.uint64)  # of the last pool

    def add(self, pool, picks, keys):
        """Remember picks of a pool with these keys."""
        counts = _counts(keys[picks], np.sort(keys))
        self._queries.append((Pool(pool.take(picks)), keys[picks], counts))
        self._last_keys = keys

    def missing_from(self, keys):
        """The picks that are not in a pool with these keys, as `LabelledRows`.

        In another pool than the last one, there are none.
        """
        ascending = np.sort(keys)
        if not _counts(self._last_keys, ascending).any():
            self._queries = []
        missing = []
        for rows, own, counts in self._queries:
            left = np.flatnonzero(_counts(own, ascending) < counts)
            if len(left):
                few = Pool(rows.take(left))
                missing.append(LabelledRows(few, few.keys(), False))
        return missing


def _counts(keys, ascending):
    """How often each key is in an ascending array."""
    after = np.searchsorted(ascending, keys, side="right")
    return after - np.searchsorted(ascending, keys, side="left")
