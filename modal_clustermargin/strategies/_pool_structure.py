"""The base class of strategies that compute a structure of the first pool once."""

import warnings
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from modal_clustermargin.pools import Pool, open_pool
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import open_embeddings


@dataclass
class PoolQuery:
    """The inputs of one query; `embedding` is as in `open_embeddings`."""

    who: str
    classifier: object
    pool: Pool
    keys: np.ndarray  # of the rows: of their ids, or of their contents
    embedding: object

    def open_pool_embeddings(self):
        """A context manager of ``(rows, is_final)``, as `open_embeddings`."""
        return open_embeddings(self.embedding, self.classifier, self.pool, self.who)


class StructureStrategy(QueryStrategy):
    """Base class of strategies that recognise the rows of their first pool.

    Subclasses set `_structure_name` and `_fate_of_new_rows` for messages, and implement
    `_open_query`, `_pick`, `_compute_of` and `_add`. What `_compute_of` returns has a
    method ``find(keys)``.
    """

    # What is known of the pool: nothing before the first query.
    _knows_ids = _structure = None
    _is_final = True  # False if a fitted classifier may give other embeddings
    _is_given = False  # whether the embeddings are an array for the first pool

    def fit(self, X_pool, y=None, *, embeddings=None, classifier=None, ids=None):
        """Compute the clusters, or the neighbours, of a pool before the first query.

        Parameters
        ----------
        X_pool : ndarray, sparse matrix or array, DataFrame, list or tensor
            The whole pool, before any row is labelled.

        y : None
            Ignored.

        embeddings : array-like of shape (n_pool, n_features), default=None
            The embeddings of this pool. None means `embedding`, as in a query.

        classifier : modAL learner or classifier, default=None
            Gives the embeddings if neither `embeddings` nor `embedding` does.

        ids : array-like of shape (n_pool,), default=None
            As in a query; if given here, every query needs them.

        Returns
        -------
        self : object
        """
        self._validate_params()
        who = type(self).__name__
        with open_pool(X_pool, who) as pool:
            if len(pool) == 0:
                raise ValueError(f"{who} got an empty X_pool to fit.")
            ids = self._check_ids(ids, len(pool))
            self._knows_ids = self._structure = None
            with self._open_query(classifier, pool, ids, embeddings) as query:
                self._compute(query)
        self._knows_ids = ids is not None
        return self

    def _select(self, classifier, pool, n_instances, ids):
        self._check_ids_as_before(self._knows_ids, ids)
        with self._open_query(classifier, pool, ids) as query:
            picks, metrics = self._pick(query, n_instances)
        self._knows_ids = ids is not None
        self.last_query_ = picks
        return picks.indices, metrics

    @abstractmethod
    def _open_query(self, classifier, pool, ids, embeddings=None):
        """Make all checks that need no computation; a context with a `PoolQuery`."""

    @abstractmethod
    def _pick(self, query, n_instances):
        """Return a record with `indices`, and the metrics."""

    @abstractmethod
    def _compute_of(self, rows, query):
        """The structure of a pool with these embeddings."""

    @abstractmethod
    def _add(self, query, new):
        """Add the rows at some positions of the pool to the structure."""

    def _find(self, query):
        """The place of each row in the structure, which is computed if necessary."""
        if self._structure is None or not self._is_final:
            self._compute(query)
        places = self._structure.find(query.keys)
        new = np.flatnonzero(places < 0)
        if not len(new):
            return places
        who, name = type(self).__name__, self._structure_name
        if len(new) == len(places):
            if self._is_given:
                raise ValueError(
                    f"None of the {len(new)} rows of X_pool was in the pool of which"
                    f" {who} has the {name}, and the given embeddings belong to that"
                    " pool. Call fit with the embeddings of this pool; if it is the"
                    " same pool in another form or number type, pass ids=."
                )
            self._structure = None
            self._compute(query)
            warnings.warn(
                f"None of the {len(new)} rows of X_pool was in the pool of which {who}"
                f" had the {name}: it computed the {name} anew. If it is the same pool"
                " in another form or number type, pass ids=.",
                UserWarning,
                stacklevel=6,
            )
        else:
            warnings.warn(
                f"{len(new)} rows of X_pool were not in the pool of which {who} has the"
                f" {name}: {self._fate_of_new_rows}.",
                UserWarning,
                stacklevel=6,
            )
            self._add(query, new)
        return self._structure.find(query.keys)

    def _compute(self, query):
        with query.open_pool_embeddings() as (rows, is_final):
            if self._structure is None or is_final:
                self._structure = self._compute_of(rows, query)
                self._is_final = is_final
