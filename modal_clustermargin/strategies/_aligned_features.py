"""Features of the rows of pool and labels, from one network at a time."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.pools import (
    FeatureStore,
    FolderStore,
    default_block_rows,
    lasting_ids,
    take_rows,
)
from modal_clustermargin.strategies._embeddings import checked_matrix

# Rows that are embedded at a time at least, so that networks see whole batches.
_LEAST_BLOCK_ROWS = 512

# Rows whose features are compared, and how closely they have to agree.
_N_COMPARED = 8
_TOLERANCE = 0.02


@dataclass(frozen=True, eq=False)
class KeyedRows:
    """Rows of any kind, and what each is known by."""

    X: Any
    keys: np.ndarray  # of shape (n_rows,), uint64

    @cached_property
    def ids(self):
        """A different id for each row, also for equal ones: (n_rows,), int64."""
        return lasting_ids(self.keys)


class AlignedFeatures:
    """A store of features, and the number of times that it was refreshed.

    Parameters
    ----------
    folder : Path or None
        Where they are kept; None is in memory.

    generation : int
        0 for the features of the network before training, and one more for each time
        they were refreshed.

    source : str
        What the features of this generation are of.

    verbose : bool
        Whether to show a bar.

    Attributes
    ----------
    n_embedded : int
        Rows of features computed since it was set to 0.
    """

    def __init__(self, folder, generation, source, verbose):
        self.folder = folder
        self.generation = generation
        self.verbose = verbose
        self.n_embedded = 0
        self._store = self._open(generation, source)
        # Whether rows in the store were not yet compared with what the network gives.
        self._unknown = self._store.n_rows > 0
        self.are_given = False
        self._to_compare = None

    def put(self, keys, features):
        """Take in features that somebody else has computed."""
        if self.generation:
            raise ValueError(
                "ASVP got features to begin with, and has refreshed its features"
                " already. Give them to a new one, before its first query."
            )
        positions = self._store.find(keys)
        known = np.flatnonzero(positions >= 0)
        if len(known):
            stored = np.asarray(self._store.take(keys[known]))
            if not _agree(stored, features[known]):
                raise ValueError(
                    f"ASVP got features of {len(known)} rows that it has others of."
                    " Give each row its features once."
                )
        new = _first_of_each(np.flatnonzero(positions < 0), keys)
        self._store.extend(keys[new], [features[new]])
        self._unknown, self.are_given = True, True

    def meet(self, parts):
        """Keep a few rows whose features nobody compared yet, for `fill` to compare.

        Parameters
        ----------
        parts : list of KeyedRows
            All rows that there are.
        """
        self._to_compare = None
        if self._unknown:
            self._to_compare = _few_known(self._store, parts)

    def fill(self, rows, find_embed):
        """Compute the features that are missing.

        Parameters
        ----------
        rows : KeyedRows

        find_embed : callable
            Called without arguments if anything is missing; returns the function
            from rows to features.
        """
        missing = np.flatnonzero(self._store.find(rows.keys) < 0)
        is_due = self._unknown and self.generation == 0 and not self.are_given
        if not len(missing) and not is_due:
            return
        embed = find_embed()
        few, self._to_compare = self._to_compare, None
        if few is not None and not _is_of(self._store, few, embed):
            where = "that ASVP was given" if self.are_given else f"in {self.folder}"
            raise ValueError(
                f"The features {where} are not those of this network, which gives rows"
                " that are among them others. Go on with the network that they are of,"
                " or name another folder as store=; features that were given have to"
                " cover the labelled rows, too."
            )
        self._unknown = False
        self._extend(self._store, rows, missing, embed)

    def take(self, keys):
        """Features of rows that were filled: StoredRows of shape (n_keys, d)."""
        return self._store.take(keys)

    def renew(self, parts, embed, source):
        """Compute all features anew, and put them in the place of the old at once.

        Parameters
        ----------
        parts : list of KeyedRows

        embed : callable

        source : str
            What they are of. Features of it that a killed process has left are
            not computed again, if this network gives the same.

        Returns
        -------
        source : str
            What the store knows them by.
        """
        new = self._open(self.generation + 1, source)
        few = _few_known(new, parts)
        if new.n_rows and (few is None or not _is_of(new, few, embed)):
            source += ", begun anew"
            new = self._open(self.generation + 1, source)
        for rows in parts:
            missing = np.flatnonzero(new.find(rows.keys) < 0)
            self._extend(new, rows, missing, embed)
        self._store = new
        self._unknown = self.are_given = False
        self._to_compare = None
        self.generation += 1
        return source

    def drop_old(self):
        """Delete the folders of generations before this one."""
        if self.folder is not None:
            for old in self.folder.glob("features-*"):
                if old.name != f"features-{self.generation}":
                    shutil.rmtree(old, ignore_errors=True)

    def _open(self, generation, source):
        if self.folder is None:
            return FeatureStore()
        return FolderStore(self.folder / f"features-{generation}", source)

    def _extend(self, store, rows, missing, embed):
        X, keys = rows.X, rows.keys
        missing = _first_of_each(missing, keys)
        if not len(missing):
            return
        block_rows = max(default_block_rows(X), _LEAST_BLOCK_ROWS)
        with progress_bar("features", "row", len(missing), self.verbose) as show:

            def blocks():
                for start in range(0, len(missing), block_rows):
                    some = missing[start : start + block_rows]
                    yield checked_matrix(embed(take_rows(X, some)), len(some), "ASVP")
                    show(start + len(some))
                    self.n_embedded += len(some)

            store.extend(keys[missing], blocks())


def _first_of_each(rows, keys):
    """Of rows with equal keys the first, in the order of rows."""
    _, first = np.unique(keys[rows], return_index=True)
    return rows[np.sort(first)]


def _few_known(store, parts):
    """A few rows whose features are in a store: KeyedRows, or None."""
    for rows in parts:
        known = np.flatnonzero(store.find(rows.keys) >= 0)[:_N_COMPARED]
        if len(known):
            return KeyedRows(take_rows(rows.X, known), rows.keys[known])
    return None


def _is_of(store, few, embed):
    """Whether rows that are in a store have the same features again."""
    again = checked_matrix(embed(few.X), len(few.keys), "ASVP")
    return _agree(np.asarray(store.take(few.keys)), again)


def _agree(stored, again):
    """Whether two matrices of features are of one network."""
    if again.shape != stored.shape:
        return False
    return np.linalg.norm(again - stored) <= _TOLERANCE * np.linalg.norm(stored)
