"""The features that ASVP selects by: stored by row, computed by one network."""

import shutil

import numpy as np
from sklearn.base import clone

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.pools import (
    FeatureStore,
    FolderStore,
    default_block_rows,
    fingerprints,
)
from modal_clustermargin.strategies._asvp_history import Alignment
from modal_clustermargin.strategies._asvp_query import labels_key
from modal_clustermargin.strategies._embeddings import checked_matrix

# Fewest rows that a network embeds at a time, so that its batches are full.
_LEAST_BLOCK_ROWS = 512

# Number of rows whose stored features are compared with computed ones, and the largest
# relative difference between features of the same network.
_N_COMPARED = 8
_TOLERANCE = 0.02

# Number of rows on which the head of a network is compared with the network.
_N_HEAD_ROWS = 64


class AlignedFeatures:
    """Features of pool and labelled rows, and the network that computes them.

    The `alignment` of the history identifies the network; `put` and `refresh` set it.
    `network` is the fine-tuned network, or None if another process trained it.
    `n_embedded` counts the rows whose features were computed; the caller resets it.
    """

    def __init__(self, history, embedding, fine_tuning, verbose):
        self._history = history
        self._embedding = embedding
        self._fine_tuning = fine_tuning
        self._verbose = verbose
        self._store = self._open_store(history.alignment.source)
        self._untrained = self._second = None
        self.network = None
        self.n_embedded = 0

    def put(self, keys, matrix):
        """Store features that the user computed."""
        source = self._history.alignment.source
        if source == "untrained" and not self._store.n_rows:
            self._history.alignment = Alignment("given")
            self._store = self._open_store("given")
        elif source != "given":
            raise ValueError(
                "ASVP got features in fit, but has already computed features itself."
                " Call fit of a new ASVP, before its first query."
            )
        is_known = self._store.find(keys) >= 0
        if is_known.any():
            stored = np.asarray(self._store.take(keys[is_known]))
            if not _agree(stored, matrix[is_known]):
                raise ValueError(
                    f"ASVP got features for {is_known.sum()} rows that already have"
                    " different features. Pass the features of each row only once."
                )
        new = _first_of_each(np.flatnonzero(~is_known), keys)
        self._store.extend(keys[new], [matrix[new]])

    def take(self, query, rows):
        """Features of the pool or of the labelled rows, as StoredRows.

        Missing features of pool and labelled rows are computed first.
        """
        if any((self._store.find(part.keys) < 0).any() for part in query.parts):
            embed = self._find_embed(query)
            if not _is_of(self._store, query, embed):
                raise ValueError(
                    f"ASVP has features {self._where()} of a different network: this"
                    " network computes other features for the same rows. Use the"
                    " network that computed them, or name another folder as store=."
                    " Features given to fit must also cover the labelled rows."
                )
            self._fill(self._store, query, embed)
        return self._store.take(rows.keys)

    def second_training(self, query):
        """The classifier that the learner trains after the switch."""
        if self._second is None:  # one object, so that a learner switches once
            is_plain = self._fine_tuning is None
            self._second = clone(query.recipe if is_plain else self._fine_tuning)
            if is_plain and "linear_probe" in self._second.get_params(deep=False):
                self._second.set_params(linear_probe=None)
        return self._second

    def is_of_these_labels(self, query):
        """Whether the network of the features was trained on exactly these labels.

        Raises ValueError if another process trained the network on other labels.
        """
        alignment = self._history.alignment
        if self.network is not None:
            return alignment.source == query.labels_key
        rows = np.isin(query.labelled.ids, alignment.ids)
        found = labels_key(query.labelled.ids[rows], query.y[rows])
        if alignment.ids and found != alignment.source:
            raise ValueError(
                f"The features {self._where()} are of a network that was fine-tuned on"
                f" {len(alignment.ids)} labelled rows, and the learner does not have"
                " these rows with these labels. Name another folder as store= for"
                " another loop."
            )
        return False

    def fine_tune(self, query, is_switched):
        """Return the network trained on all labels; the features stay as they are."""
        recipe = self.second_training(query) if is_switched else query.recipe
        if recipe is query.recipe:
            network = query.trained()
        else:
            folder = self._folder("fine-tuning", query.labels_key)
            network = query.train(recipe, folder)
        if not hasattr(network, "embed"):
            raise ValueError(
                "ASVP computes new features by the fine-tuned network, but"
                f" {type(network).__name__} has no method embed. Pass indicator=Never()"
                " to keep the first features."
            )
        return network

    def refresh(self, query, network):
        """Compute all features by this network, then replace the old ones at once."""
        source = query.labels_key
        store = self._open_store(source)
        # A killed process may have left features of an equal or a different network.
        if not _is_of(store, query, network.embed):
            shutil.rmtree(store.folder)
            store = self._open_store(source)
        self._fill(store, query, network.embed)
        self._store, self.network = store, network
        self._history.alignment = Alignment(source, query.labelled.ids.tolist())

    def head(self, query):
        """Classifier of features that predicts as the network does; or None."""
        if not hasattr(self.network, "head_classifier"):
            return None
        some = slice(0, min(_N_HEAD_ROWS, len(query.y)))
        return self.network.head_classifier(query.labelled.pool.take(some))

    def store_by_content(self, query, indices):
        """Store features of picked rows by content, too.

        Rows lose their ids when they move from the pool to the labelled rows.
        """
        keys = fingerprints(query.pool.pool.take(indices))
        new = _first_of_each(np.flatnonzero(self._store.find(keys) < 0), keys)
        picked = query.pool.keys[indices[new]]
        if len(new) and (self._store.find(picked) >= 0).all():
            self._store.extend(keys[new], [np.asarray(self._store.take(picked))])

    def drop_old(self):
        """Delete the features of earlier networks from the folder."""
        if self._history.folder is not None:
            for folder in self._history.folder.glob("features-*"):
                if folder != self._store.folder:
                    shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, kind, source):
        folder = self._history.folder
        return None if folder is None else folder / f"{kind}-{source}"

    def _open_store(self, source):
        folder = self._folder("features", source)
        return FeatureStore() if folder is None else FolderStore(folder)

    def _where(self):
        is_given = self._history.alignment.source == "given"
        return "that it was given" if is_given else f"in {self._history.folder}"

    def _find_embed(self, query):
        """The function that computed the features in the store."""
        if self.network is not None:
            return self.network.embed
        if self._history.alignment.ids:
            raise ValueError(
                "ASVP got rows without features, and the network that computed the"
                f" features {self._where()} was fine-tuned in an earlier process. Start"
                " a new store for this pool: name another folder as store=."
            )
        if self._embedding is not None:
            return lambda X: self._embedding(query.classifier, X)
        if self._untrained is None:  # once, because weights may be drawn
            self._untrained = query.untrained()
        return self._untrained.embed

    def _fill(self, store, query, embed):
        """Compute the features that a store lacks."""
        for part in query.parts:
            missing = np.flatnonzero(store.find(part.keys) < 0)
            missing = _first_of_each(missing, part.keys)
            if len(missing):
                blocks = self._embedded_blocks(part.pool, missing, embed)
                store.extend(part.keys[missing], blocks)

    def _embedded_blocks(self, pool, rows, embed):
        block_rows = max(default_block_rows(pool.X), _LEAST_BLOCK_ROWS)
        with progress_bar("features", "row", len(rows), self._verbose) as show:
            for start in range(0, len(rows), block_rows):
                block = rows[start : start + block_rows]
                yield checked_matrix(embed(pool.take(block)), len(block), "ASVP")
                self.n_embedded += len(block)
                show(start + len(block))


def _first_of_each(rows, keys):
    """The first of the rows with equal keys, in the order of rows."""
    _, first = np.unique(keys[rows], return_index=True)
    return rows[np.sort(first)]


def _is_of(store, query, embed):
    """Whether a network computes the features in a store, tested on a few rows."""
    for part in query.parts:
        known = np.flatnonzero(store.find(part.keys) >= 0)[:_N_COMPARED]
        if len(known):
            again = checked_matrix(embed(part.pool.take(known)), len(known), "ASVP")
            return _agree(np.asarray(store.take(part.keys[known])), again)
    return True


def _agree(stored, again):
    """Whether two matrices of features were computed by the same network."""
    if again.shape != stored.shape:
        return False
    error = np.linalg.norm(again - stored)
    return bool(error <= _TOLERANCE * np.linalg.norm(stored))
