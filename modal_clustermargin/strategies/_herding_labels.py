"""The labelled rows of one query of a herding strategy."""

import warnings
from typing import NamedTuple

import numpy as np

from modal_clustermargin.pools import Pool, pool_keys
from modal_clustermargin.strategies._labelled import labelled_parts


class _Part(NamedTuple):
    rows: object  # of any kind
    contents: np.ndarray  # fingerprint of each row
    are_embeddings: bool


class HerdingLabels:
    """Labelled rows: those given, or the learner's, or earlier picks.

    `counts_missing` says whether rows that left the pool count as labelled, too; they
    do unless the learner holds the labelled rows, or a function returns them.
    """

    def __init__(self, strategy, classifier, pool):
        self.who = type(strategy).__name__
        embedding = strategy.embedding
        given = strategy.labelled is not None
        rows = labelled_parts(strategy.labelled, classifier)
        are_embeddings = given and embedding is not None and not callable(embedding)
        shape = np.shape(embedding) if are_embeddings else pool.shape
        kind = "embeddings" if are_embeddings else "rows"
        for part in rows:
            self._check_shape(getattr(part, "shape", ()), shape, kind)
        self.parts = [
            _Part(part, pool_keys(Pool(part)), are_embeddings) for part in rows
        ]
        is_current = callable(strategy.labelled) or not given
        self.counts_missing = not (rows and is_current)

    def add(self, rows, contents):
        """Add labelled rows of the same kind as the pool."""
        self.parts.append(_Part(rows, contents, False))

    @property
    def contents(self):
        """Fingerprints of all labelled rows, each once."""
        none = np.empty(0, np.uint64)
        return np.unique(
            np.concatenate([none, *(part.contents for part in self.parts)])
        )

    def check_widths(self, source, n_columns):
        """Raise ValueError unless labelled embeddings have this number of columns."""
        for part in self.parts:
            few, _ = source.of_labelled(
                part.rows,
                np.zeros(1, np.intp),
                part.contents,
                are_embeddings=part.are_embeddings,
            )
            if len(few) and few.shape[1] != n_columns:
                raise ValueError(
                    f"{self.who} got labelled rows with embeddings of {few.shape[1]}"
                    f" columns, but the embeddings of X_pool have {n_columns}. Pass"
                    " labelled rows of the same kind as the pool."
                )

    def embeddings(self, source, unknown_of):
        """``(embeddings, contents)`` of some labelled rows; None if there are none.

        ``unknown_of(contents)`` are the positions of those that are needed.
        """
        found, contents, n_missing = [], [], 0
        for part in self.parts:
            wanted = unknown_of(part.contents)
            if not len(wanted):
                continue
            matrix, rows = source.of_labelled(
                part.rows, wanted, part.contents, are_embeddings=part.are_embeddings
            )
            found.append(matrix)
            contents.append(part.contents[rows])
            n_missing += len(wanted) - len(rows)
        if n_missing:
            warnings.warn(
                f"{n_missing} labelled rows of the learner were not in the pool, and"
                f" embedding= is an array without them: {self.who} ignores them. Pass"
                " their embeddings as labelled=, or a function (classifier, X) as"
                " embedding=.",
                UserWarning,
                stacklevel=7,
            )
        if not sum(map(len, found)):
            return None
        return np.vstack(found), np.concatenate(contents)

    def _check_shape(self, shape, expected, kind):
        if len(shape) == len(expected) > 1 and tuple(shape[1:]) != tuple(expected[1:]):
            raise ValueError(
                f"{self.who} got labelled rows of shape {tuple(shape)}, but the {kind}"
                f" of X_pool have shape {tuple(expected)}. Pass labelled rows of the"
                " same kind as the pool."
            )


class PastPicks:
    """The picks of earlier queries, some of which have left the pool since."""

    def __init__(self):
        self._queries = []  # of (rows, keys, contents, number of rows with each key)
        self._last_keys = np.empty(0, np.uint64)  # of the last pool

    def add(self, pool, picks, keys, has_ids):
        """Remember picks of a pool with these keys."""
        rows = pool.take(picks)
        contents = pool_keys(Pool(rows)) if has_ids else keys[picks]
        counts = _counts(keys[picks], np.sort(keys))
        self._queries.append((rows, keys[picks], contents, counts))
        self._last_keys = keys

    def add_missing_to(self, labels, keys):
        """Add the picks that are not in a pool with these keys to labelled rows.

        In another pool than the last one, no rows are labelled.
        """
        ascending = np.sort(keys) if self._queries else keys
        if not self._is_in_last(ascending):
            self._queries = []
        for rows, own, contents, counts in self._queries:
            left = np.flatnonzero(_counts(own, ascending) < counts)
            if len(left):
                labels.add(Pool(rows).take(left), contents[left])

    def _is_in_last(self, ascending):
        """Whether a row of a pool was in the last pool."""
        few = self._last_keys[:1000]  # which is enough, almost always
        return any(_counts(each, ascending).any() for each in (few, self._last_keys))


def _counts(keys, ascending):
    """How often each key is in an ascending array."""
    after = np.searchsorted(ascending, keys, side="right")
    return after - np.searchsorted(ascending, keys, side="left")
