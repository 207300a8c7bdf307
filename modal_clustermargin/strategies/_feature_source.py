"""The network that features are of: as it begins, or as it was fine-tuned."""

import numpy as np
from sklearn.base import clone

from modal_clustermargin.pools import take_rows
from modal_clustermargin.strategies._large_network import (
    identity_of,
    plain_fine_tuning,
)
from modal_clustermargin.strategies._proxy_learner import ProxyLearner
from modal_clustermargin.strategies._round_log import Alignment, labels_key
from modal_clustermargin.strategies._selector import Asked

# Samples on which the head of a network is compared with the network.
_N_COMPARED = 64


class FeatureSource:
    """Gives features, and fine-tunes the network that is to give others.

    Parameters
    ----------
    log : RoundLog
        Its `alignment` says what the features at hand are of; `settle` writes it.

    embedding : callable or None
        ``embedding(classifier, X)``, for features to begin with.

    fine_tuning : classifier or None
        The second training; None is the first without its linear probe.
    """

    def __init__(self, log, embedding, fine_tuning):
        self._log = log
        self._embedding = embedding
        self._fine_tuning = fine_tuning
        self._identity = self._second = None
        self._untrained = self._trained = None

    def check(self, network):
        """Raise ValueError for another network than that of the queries before."""
        identity = network.identity()
        if self._identity is None:
            self._identity = identity
        second = None if self._second is None else identity_of(self._second)
        if identity not in (self._identity, second):
            raise ValueError(
                f"This ASVP selects for {self._identity}, whose features it has, and is"
                f" now called by {identity}. Make one ASVP for each network."
            )

    def second_training(self, network):
        """What the learner trains after the switch: always the same object."""
        if self._second is None:
            given = self._fine_tuning
            self._second = (
                plain_fine_tuning(network.inner) if given is None else clone(given)
            )
        return self._second

    def embed(self, network, labelled, y, pool):
        """The function that gave the features at hand."""
        alignment = self._log.alignment
        if alignment.generation == 0:
            if self._embedding is not None:
                return lambda rows: self._embedding(network.classifier, rows)
            if self._untrained is None:  # another one may begin with other weights
                self._untrained = network.before_training(pool.X)
            return self._untrained.embed
        if self._trained is None:  # it was, in the process that fine-tuned it
            rows = alignment.rows_in(labelled, y)
            recipe = self.second_training(network)
            if not alignment.by_second:
                recipe = network.inner
            folder = self._run_folder(alignment.generation)
            X = take_rows(labelled.X, rows)
            self._trained = network.fine_tuned(X, y[rows], recipe, folder)
        return self._trained.embed

    def was_fine_tuned_on(self, labelled, y):
        """Whether the network that gave the features has seen just these labels.

        Raises
        ------
        ValueError
            If another process fine-tuned it on labels that are not among these.
        """
        alignment = self._log.alignment
        if self._trained is None:
            if alignment.generation:
                alignment.rows_in(labelled, y)
            return False
        return alignment.was_on(labelled, y)

    def fine_tune(self, network, labelled, y, by_second):
        """The network trained on all labels; not the source of features yet."""
        recipe = self.second_training(network) if by_second else None
        if recipe is network.inner:
            recipe = None  # what the learner trains already
        folder = self._run_folder(self._log.alignment.generation + 1)
        return network.fine_tuned(labelled.X, y, recipe, folder)

    def settle(self, trained, source, labelled, y, by_second):
        """Features are of this network from now on."""
        self._trained = trained
        self._log.alignment = Alignment(
            self._log.alignment.generation + 1,
            source,
            labelled.ids,
            labels_key(labelled.ids, y),
            by_second,
        )

    def asked(self, labelled, y, pool, features_of):
        """The network that was fine-tuned, by its head if that says it all."""
        trained, head = self._trained, None
        if hasattr(trained, "head_classifier"):
            some = slice(0, min(_N_COMPARED, len(labelled.keys)))
            head = trained.head_classifier(take_rows(labelled.X, some))
        if head is None:
            return Asked(ProxyLearner(trained, labelled.X, y), pool.X, "network")
        learner = ProxyLearner(head, np.asarray(features_of(labelled)), y)
        return Asked(learner, features_of(pool), "network")

    def _run_folder(self, generation):
        folder = self._log.folder
        return None if folder is None else folder / f"fine-tuning-{generation}"
