"""The embeddings of a strategy that measures labelled rows and the pool alike."""

from contextlib import contextmanager

import numpy as np

from modal_clustermargin.pools import Pool, open_pool
from modal_clustermargin.strategies._diverse import finite_embeddings
from modal_clustermargin.strategies._embeddings import open_embeddings


class EmbeddingSource:
    """Where the embeddings of one query come from.

    Parameters
    ----------
    embedding : Pool, callable or None
        As the parameter `embedding` of a strategy; an array is an opened `Pool`.

    classifier, pool : classifier and Pool
        Those of the query.

    places : ndarray of shape (n_pool,), dtype=intp
        The row of the array for each row of the pool, or -1. Without an array, not
        used.

    of_contents : KeyIndex
        From fingerprints of rows to rows of the array. Without an array, not used.

    who : str
    """

    def __init__(self, embedding, classifier, pool, places, of_contents, who):
        self.is_array = isinstance(embedding, Pool)
        self.embedding = embedding
        self.classifier = classifier
        self.pool = pool
        self.who = who
        self._places = places
        self._of_contents = of_contents

    @property
    def known(self):
        """Which rows of the pool have embeddings: ndarray of bool."""
        if self.is_array:
            return self._places >= 0
        return np.ones(len(self.pool), bool)

    @contextmanager
    def open_known(self):
        """Yield ``(rows, is_final)``, as `open_embeddings`, for the known rows."""
        if not self.is_array:
            with open_embeddings(
                self.embedding, self.classifier, self.pool, self.who
            ) as opened:
                yield opened
            return
        places = self._places[self._places >= 0]
        rows = self.embedding
        if not np.array_equal(places, np.arange(len(rows))):
            rows = Pool(rows.take(places))
        yield rows.as_matrix(self.who), True

    def of_pool(self, rows):
        """Embeddings of some rows of the pool: a finite matrix."""
        if self.is_array:
            return self._of_array(self._places[rows])
        return self._of_rows(Pool(self.pool.take(rows)))

    def of_labelled(self, part, rows, contents, *, are_embeddings):
        """Embeddings of some labelled rows, and which of the rows have any.

        Rows that `are_embeddings` are their own. Beside an array, other rows have
        embeddings only if they are in the first pool.
        """
        if self.is_array and not are_embeddings:
            places = self._of_contents.find(contents[rows])
            return self._of_array(places[places >= 0]), rows[places >= 0]
        with open_pool(part, self.who, "labelled") as opened:
            few = Pool(opened.take(rows))
        if are_embeddings:
            return finite_embeddings(few, None, few, self.who), rows
        return self._of_rows(few), rows

    def _of_array(self, places):
        if not len(places):
            return np.empty((0, self.embedding.shape[1]), np.float32)
        few = Pool(self.embedding.take(places))
        return finite_embeddings(few, None, few, self.who)

    def _of_rows(self, few):
        return finite_embeddings(self.embedding, self.classifier, few, self.who)


@contextmanager
def opened_array(embedding, n_pool, who):
    """Yield the parameter `embedding`, an array as a `Pool` of matrix rows.

    `n_pool` is the number of rows that the array must have, checked with its values;
    None means that it was checked before.
    """
    if embedding is None or callable(embedding):
        yield embedding
        return
    with open_pool(embedding, who, "embedding") as rows:
        if n_pool is not None and len(rows) != n_pool:
            raise ValueError(
                f"{who} got {len(rows)} rows of embeddings for a pool of {n_pool} rows;"
                " they must match one to one."
            )
        rows = rows.as_matrix(who)
        if n_pool is not None:
            rows.check_finite(who)
        yield rows
