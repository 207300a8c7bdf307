"""The inputs of one query of a herding strategy, and the embeddings of their rows."""

import warnings
from dataclasses import dataclass

import numpy as np

from modal_clustermargin.pools import KeyIndex, Pool
from modal_clustermargin.strategies._diverse import finite_embeddings
from modal_clustermargin.strategies._embeddings import open_embeddings
from modal_clustermargin.strategies._pool_structure import PoolQuery


@dataclass
class HerdingQuery(PoolQuery):
    """The inputs of one query.

    `embedding` is as the parameter of a strategy, but an array is an opened `Pool`;
    then `array_rows` leads from the keys of rows to rows of the array. `labelled` is a
    list of `LabelledRows`; `are_all` says that earlier picks are among them.
    """

    has_ids: bool
    labelled: list
    are_all: bool
    array_rows: KeyIndex = None

    def names(self):
        """All keys by which rows of the pool are recognised: of ids and of contents."""
        return [self.keys, self.pool.keys()] if self.has_ids else [self.keys]

    def labelled_contents(self):
        """Fingerprints of all labelled rows."""
        none = np.empty(0, np.uint64)
        return np.concatenate([none, *(part.contents for part in self.labelled)])

    @property
    def is_array(self):
        """Whether the embeddings are given as an array."""
        return isinstance(self.embedding, Pool)

    def check_pool(self):
        """Raise ValueError if an array has no embeddings of some rows of the pool."""
        if not self.is_array:
            return
        n_new = np.count_nonzero(self.array_rows.find(self.keys) < 0)
        if n_new:
            raise ValueError(
                f"{n_new} of the {len(self.keys)} rows of X_pool were not in the first"
                f" pool of {self.who}, and the given embeddings belong to that pool."
                " Use a new instance for another pool, and a function (classifier, X)"
                " as embedding= for a pool that grows; if it is the same pool in"
                " another form or number type, pass ids=."
            )

    def open_pool_embeddings(self):
        """As `PoolQuery.open_pool_embeddings`, also of an array."""
        embedding = self.embedding
        if self.is_array:
            rows = self.array_rows.find(self.keys)
            if not np.array_equal(rows, np.arange(len(embedding))):
                embedding = Pool(embedding.take(rows))
        return open_embeddings(embedding, self.classifier, self.pool, self.who)

    def embed(self, rows):
        """Embeddings of some rows of the pool: a finite matrix."""
        return self._embed(self.pool, rows, self.keys)

    def embed_labelled(self, is_new):
        """Embeddings and contents of the labelled rows for which ``is_new(contents)``.

        Returns None if there are none. Beside an array, rows that were not in the first
        pool have no embeddings.
        """
        found, contents, n_missing = [], [], 0
        for part in self.labelled:
            new = np.flatnonzero(is_new(part.contents))
            rows = new
            if self.is_array and not part.are_embeddings:
                rows = new[self.array_rows.find(part.contents[new]) >= 0]
            n_missing += len(new) - len(rows)
            if len(rows) and part.are_embeddings:
                few = Pool(part.rows.take(rows))
                found.append(finite_embeddings(few, None, few, self.who))
            elif len(rows):
                found.append(self._embed(part.rows, rows, part.contents))
            contents.append(part.contents[rows])
        if n_missing:
            warnings.warn(
                f"{n_missing} labelled rows of the learner were not in the pool, and"
                f" embedding= is an array without them: {self.who} ignores them. Pass"
                " their embeddings as labelled=, or a function (classifier, X) as"
                " embedding=.",
                UserWarning,
                stacklevel=7,
            )
        return (np.vstack(found), np.concatenate(contents)) if found else None

    def _embed(self, pool, rows, keys):
        if self.is_array:
            few = Pool(self.embedding.take(self.array_rows.find(keys[rows])))
            return finite_embeddings(few, None, few, self.who)
        few = Pool(pool.take(rows))
        return finite_embeddings(self.embedding, self.classifier, few, self.who)
