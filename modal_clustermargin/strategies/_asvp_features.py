"""The features that ASVP selects by: stored by row, computed by one network."""

import shutil

import joblib
import numpy as np
from sklearn.base import clone

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.pools import (
    FeatureStore,
    FolderStore,
    default_block_rows,
    fingerprints,
)
from modal_clustermargin.strategies._embeddings import checked_matrix

# Fewest rows that a network embeds at a time, so that its batches are full.
_LEAST_BLOCK_ROWS = 512

# Number of rows whose stored features are compared with computed ones, and the largest
# relative difference between features of the same network.
_N_COMPARED = 8
_TOLERANCE = 0.02

# The head of a network is compared with the network on some rows.
_HEAD_ROWS = slice(0, 64)


class AlignedFeatures:
    """Features of pool and labelled rows, and the network that computes them.

    `network` is None if it is not needed yet, or if an earlier process trained it.
    """

    def __init__(self, history, embedding, fine_tuning, verbose):
        self._history = history
        self._embedding = embedding
        self._fine_tuning = fine_tuning
        self._verbose = verbose
        self._store = self._open_store(history.trained_on)
        self.second = self.network = None

    def take(self, query, part):
        """Features of the pool or of the labelled rows, as StoredRows.

        Missing features of pool and labelled rows are computed first.
        """
        with query.timed("features"):
            if any((self._store.find(each.keys) < 0).any() for each in query.parts):
                embed = self._find_embed(query)
                if not _is_of(self._store, query, embed):
                    raise ValueError(
                        "ASVP has features of a different network: this network"
                        " computes other features for the same rows. Use the network"
                        " that computed them, or start a new ASVP, with another folder"
                        " as store=."
                    )
                self._fill(self._store, query, embed)
            return self._store.take(part.keys)

    def second_training(self, query):
        """The classifier that the learner trains after the switch."""
        if self.second is None:  # one object, so that a learner switches once
            is_plain = self._fine_tuning is None
            self.second = clone(query.recipe if is_plain else self._fine_tuning)
            if is_plain and "linear_probe" in self.second.get_params(deep=False):
                self.second.set_params(linear_probe=None)
        return self.second

    def is_of_these_labels(self, query):
        """Whether the network of the features was trained on exactly these labels.

        Raises ValueError if another process trained the network on other labels.
        """
        known = self._history.trained_on
        if self.network is None and not set(known) <= set(query.label_keys):
            raise ValueError(
                f"The features in {self._history.folder} are of a network that was"
                f" fine-tuned on {len(known)} labelled rows, and the learner does not"
                " have these rows with these labels. Name another folder as store= for"
                " another loop."
            )
        return self.network is not None and known == query.label_keys

    def refresh(self, query, is_switched):
        """Fine-tune the network on all labels, and replace all features at once."""
        with query.timed("fine_tuning"):
            network = self._fine_tuned(query, is_switched)
        with query.timed("features"):
            store = self._open_store(query.label_keys)
            # A killed process may have left features of an equal or another network.
            if not _is_of(store, query, network.embed):
                shutil.rmtree(store.folder)
                store = self._open_store(query.label_keys)
            self._fill(store, query, network.embed)
        self._store, self.network = store, network
        self._history.trained_on = query.label_keys

    def _fine_tuned(self, query, is_switched):
        recipe = self.second_training(query) if is_switched else query.recipe
        if recipe is query.recipe:
            network = query.trained()
        else:
            network = clone(recipe)
            if network.get_params(deep=False).get("checkpoint_dir", "") is None:
                folder = self._folder("fine-tuning", query.label_keys)
                network.set_params(checkpoint_dir=folder)
            network.fit(query.labelled.rows.X, query.y)
        if not hasattr(network, "embed"):
            raise ValueError(
                "ASVP computes new features by the fine-tuned network, but"
                f" {type(network).__name__} has no method embed. Pass indicator=Never()"
                " to keep the first features."
            )
        return network

    def put_by_content(self, query, picks):
        """Store features of picked rows by content, too.

        Rows lose their ids when they move from the pool to the labelled rows.
        """
        keys = fingerprints(query.pool.rows.take(picks))
        new = _without_features(self._store, keys)
        features = self.take(query, query.pool)[picks[new]]
        self._store.extend(keys[new], [features])

    def head(self, query):
        """Classifier of features that predicts as the network does; or None."""
        if not hasattr(self.network, "head_classifier"):
            return None
        return self.network.head_classifier(query.labelled.rows.take(_HEAD_ROWS))

    def drop_old(self):
        """Delete the features of earlier networks from the folder."""
        if self._history.folder is not None:
            for folder in self._history.folder.glob("features-*"):
                if folder != self._store.folder:
                    shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, kind, trained_on):
        folder = self._history.folder
        name = joblib.hash(trained_on) if trained_on else "untrained"
        return None if folder is None else folder / f"{kind}-{name}"

    def _open_store(self, trained_on):
        folder = self._folder("features", trained_on)
        return FeatureStore() if folder is None else FolderStore(folder)

    def _find_embed(self, query):
        """The function that computed the features in the store."""
        if self.network is None and self._history.trained_on:
            raise ValueError(
                "ASVP got rows without features, and the network of the features in"
                f" {self._history.folder} was fine-tuned in an earlier process. Start"
                " a new store for this pool: name another folder as store=."
            )
        if self._embedding is not None and not self._history.trained_on:
            return lambda X: self._embedding(query.classifier, X)
        if self.network is None:  # once, because weights may be drawn
            self.network = query.untrained()
        return self.network.embed

    def _fill(self, store, query, embed):
        """Compute the features that a store lacks."""
        for part in query.parts:
            missing = _without_features(store, part.keys)
            if len(missing):
                blocks = self._embedded_blocks(query, part.rows, missing, embed)
                store.extend(part.keys[missing], blocks)

    def _embedded_blocks(self, query, pool, rows, embed):
        block_rows = max(default_block_rows(pool.X), _LEAST_BLOCK_ROWS)
        with progress_bar("features", "row", len(rows), self._verbose) as show:
            for start in range(0, len(rows), block_rows):
                block = rows[start : start + block_rows]
                yield checked_matrix(embed(pool.take(block)), len(block), "ASVP")
                query.n_embedded += len(block)
                show(start + len(block))


def _without_features(store, keys):
    """Positions of keys that a store lacks, the first of each key."""
    missing = np.flatnonzero(store.find(keys) < 0)
    _, first = np.unique(keys[missing], return_index=True)
    return missing[np.sort(first)]


def _is_of(store, query, embed):
    """Whether a network computes the features in a store, tested on a few rows."""
    for rows, keys in query.parts:
        known = np.flatnonzero(store.find(keys) >= 0)[:_N_COMPARED]
        if len(known):
            again = checked_matrix(embed(rows.take(known)), len(known), "ASVP")
            stored = np.asarray(store.take(keys[known]))
            if again.shape != stored.shape:
                return False
            error = np.linalg.norm(again - stored)
            return bool(error <= _TOLERANCE * np.linalg.norm(stored))
    return True
