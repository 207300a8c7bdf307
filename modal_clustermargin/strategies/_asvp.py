"""ASVP: a cheap proxy selects, on features refreshed when they no longer fit."""

import warnings

import numpy as np
from sklearn.base import clone

from modal_clustermargin.pools import fingerprints, n_rows, pool_keys, take_rows
from modal_clustermargin.strategies._aligned_features import AlignedFeatures, KeyedRows
from modal_clustermargin.strategies._asvp_round import STAGES, ASVPRound, RoundState
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import checked_matrix
from modal_clustermargin.strategies._feature_source import FeatureSource
from modal_clustermargin.strategies._indicators import LogMEGain
from modal_clustermargin.strategies._large_network import LargeNetwork
from modal_clustermargin.strategies._margin import MarginSampling
from modal_clustermargin.strategies._proxy_learner import ProxyLearner
from modal_clustermargin.strategies._round_log import (
    Answer,
    RoundLog,
    round_key,
    settings_text,
)
from modal_clustermargin.strategies._selector import Asked, picks_of, seeded
from modal_clustermargin.strategies._stopwatch import Stopwatch


class ASVP(QueryStrategy):
    """Select by a cheap proxy in the place of a large network.

    Aligned selection via proxy [1]_. A small proxy is trained on features that the
    pre-trained network gave once, and a selector asks it: a round costs seconds, and
    not a fine-tuning. After a look at the features of the labelled rows an indicator
    may find that they no longer fit. Then the network is fine-tuned on the labels so
    far, the features are computed anew by it, and from then on the learner trains by
    plain fine-tuning, where it began with linear probing before (LP-FT).

    ``indicator=Never()`` is selection via proxy (SVPp), and ``EveryRound()`` standard
    active learning: the same class, and the same loop.

    Parameters
    ----------
    selector : query strategy, default=None
        Any strategy, of this package or a function ``(classifier, X_pool,
        n_instances)``; it sees the proxy for the classifier and features for rows.
        None is `MarginSampling`. Cloned; begins anew when features are refreshed.

    proxy : classifier, default=None
        Trained anew in each round, as a clone, on features of the labelled rows. None
        asks the learner's estimator for ``make_proxy()``, which for a
        `NetworkClassifier` is a `ProxyClassifier`; where there is no such method, it is
        a logistic regression on standardised features.

    indicator : callable, default=None
        ``indicator(state)`` returns whether to refresh the features in this round;
        `state` is a `RoundState`. None is ``LogMEGain()``; see there, and `Never`,
        `EveryRound`, `AtLabels` and `AtRounds`.

    fine_tuning : classifier, default=None
        What the learner trains after the switch, and what refreshes the features then.
        None is what the learner has, without its `linear_probe`.

    switch : callable, default=None
        ``switch(state)`` returns whether the learner trains `fine_tuning` from this
        round on. None switches when features are refreshed for the first time.

    embedding : callable, default=None
        ``embedding(classifier, X)`` returns the features to begin with. None asks the
        learner's estimator: its ``untrained(X).embed``, else its ``embed``.

    labelled : tuple ``(X, y)`` or callable, default=None
        The labelled rows and their labels, or a function ``(classifier)`` that returns
        them. None takes those of a modAL learner or of a `DeferredFit`.

    store : path-like, default=None
        Folder for features and history, in which a killed loop goes on. None keeps
        them in memory.

    random_state : int, RandomState or None, default=None
        Draws the seed of a proxy, and of a selector, that have ``random_state=None``.

    verbose : bool, default=False
        Whether to show a bar while features are computed.

    Attributes
    ----------
    history_ : list of ASVPRound
        For each round its sizes, what the indicator saw, whether features were
        refreshed, and the seconds of each stage.

    proxy_ : classifier
        The proxy of the last query, or what stood for it.

    selector_ : query strategy
        The clone that selects.

    is_aligned_ : bool
        Whether features were refreshed.

    is_switched_ : bool
        Whether the learner trains `fine_tuning` by now.

    See Also
    --------
    modal_clustermargin.estimators.DeferredFit : Makes ``teach`` cost nothing.

    Notes
    -----
    Give the learner a ``DeferredFit`` around the network. Its ``teach`` trains nothing,
    and after the switch ASVP puts `fine_tuning` in the place of what it trains: that is
    the one thing that a query changes about the learner. Any other estimator is trained
    by every ``teach``, and keeps its training.

    Rows are known by their content, or by `ids`, as `ClusterMargin` knows them; equal
    rows are embedded once. Labelled rows are known by their content. What is not in
    the store is computed by the network whose features the store holds.

    In a round in which the network was fine-tuned, its own head answers for the proxy,
    since it was trained on the same labels. This, the default indicator and the time of
    the switch are this project's own: the published code does these steps by hand.

    A query whose labelled rows, labels, pool and `n_instances` are those of the last
    one is answered as that was. In a folder this holds for all rounds, so a script that
    is begun again picks what it picked, up to where it was killed, and goes on from
    there. One strategy serves one network and one loop.

    With labels of one class, or none, there is nothing for a proxy to learn. The
    selector then gets a classifier that is not fitted, with features.

    References
    ----------
    .. [1] Z. Wen, O. Pizarro, S. Williams, "Feature Alignment: Rethinking Efficient
       Active Learning via Proxy in the Context of Pre-trained Models", TMLR 2024,
       :arxiv:`2403.01101`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from modal_clustermargin.estimators import DeferredFit, NetworkClassifier
    >>> from modal_clustermargin.strategies import ASVP, Never
    >>> X, y = load_digits(return_X_y=True)
    >>> network = DeferredFit(NetworkClassifier(random_state=0)).fit(X[:50], y[:50])
    >>> strategy = ASVP(indicator=Never(), random_state=0)
    >>> strategy(network, X[50:], n_instances=10).shape, network.is_pending_
    ((10,), True)
    """

    _parameter_constraints = {
        "selector": [callable, None],
        "proxy": "no_validation",
        "indicator": [callable, None],
        "fine_tuning": "no_validation",
        "switch": [callable, None],
        "embedding": [callable, None],
        "labelled": [tuple, list, callable, None],
        "store": "no_validation",  # `RoundLog` knows better
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        selector=None,
        proxy=None,
        indicator=None,
        *,
        fine_tuning=None,
        switch=None,
        embedding=None,
        labelled=None,
        store=None,
        random_state=None,
        verbose=False,
    ):
        self.selector = selector
        self.proxy = proxy
        self.indicator = indicator
        self.fine_tuning = fine_tuning
        self.switch = switch
        self.embedding = embedding
        self.labelled = labelled
        self.store = store
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X_pool, y=None, *, features, ids=None):
        """Take in features that were computed beforehand.

        Parameters
        ----------
        X_pool : rows of any kind
            Those of the whole pool and, in a call of their own or behind them, those
            that are labelled already.

        y : None
            Ignored.

        features : array-like of shape (n_pool, n_features)
            The features to begin with, a row for each row.

        ids : array-like of shape (n_pool,), default=None
            As in a query; then every query needs them.

        Returns
        -------
        self : ASVP
        """
        self._validate_params()
        self._check_parts()
        matrix = checked_matrix(features, n_rows(X_pool), "ASVP")
        ids = self._check_ids(ids, n_rows(X_pool))
        self._open()
        self._check_ids_as_before(self._log.knows_ids, ids)
        self._features.put(pool_keys(X_pool, ids), matrix)
        self._log.knows_ids, self._log.are_given = ids is not None, True
        self._log.save()
        return self

    # ---- a round -------------------------------------------------------------

    def _select(self, classifier, X_pool, n_instances, ids):
        self._check_parts()
        network = LargeNetwork(classifier, self.embedding)
        X, y = network.labelled(self.labelled)
        self._open(network)
        self._check_ids_as_before(self._log.knows_ids, ids)
        pool = KeyedRows(X_pool, pool_keys(X_pool, ids))
        labelled = None if X is None else KeyedRows(X, self._labelled_keys(X))
        key = round_key(labelled, y, pool, n_instances)
        answer = self._log.answer_to(key)
        if answer is None:
            self._log.begin(0 if y is None else len(y))
            indices, metrics = self._round(
                network, labelled, y, pool, n_instances, key, ids is not None
            )
        else:
            indices, metrics = answer.positions(pool.ids), answer.metrics
        if self.is_switched_:
            network.give(self._source.second_training(network))
        return indices, metrics

    def _round(self, network, labelled, y, pool, n_instances, key, has_ids):
        """Select, and remember how."""
        # In this order in every round, whoever needs them.
        proxy_seed, selector_seed = self._generator().randint(2**31 - 1, size=2)
        watch, source = Stopwatch(STAGES), self._source
        self._features.n_embedded = 0
        self._features.meet([pool] if labelled is None else [pool, labelled])

        def features_of(rows):
            with watch.stage("features"):
                self._features.fill(
                    rows, lambda: source.embed(network, labelled, y, pool)
                )
                return self._features.take(rows.keys)

        state = RoundState(
            np.empty(0) if y is None else y,
            self._log.history,
            lambda: features_of(labelled),
            lambda: features_of(pool),
            was_aligned=self._log.alignment.generation > 0,
        )
        is_aligned, is_switched = False, self.is_switched_
        if y is None or _is_one_class(y):
            asked = Asked(ProxyLearner(None, None, None), features_of(pool), "nobody")
        else:
            # On these labels already, where a query failed after it or is another.
            knows = source.was_fine_tuned_on(labelled, y)
            with watch.stage("indicator"):
                is_aligned = knows or self._ask_indicator("indicator", state)
                switches = is_aligned
                if self.switch is not None:
                    switches = self._ask_indicator("switch", state)
                is_switched |= switches
            if is_aligned and not knows:
                with watch.stage("fine_tuning"):
                    trained = source.fine_tune(network, labelled, y, is_switched)
                with watch.stage("features"):
                    found = self._features.renew([pool, labelled], trained.embed, key)
                source.settle(trained, found, labelled, y, is_switched)
                self.__dict__.pop("selector_", None)
            if is_aligned:
                asked = source.asked(labelled, y, pool, features_of)
            else:
                features = features_of(pool), np.asarray(features_of(labelled))
                asked = self._train_proxy(network, *features, y, proxy_seed, watch)
        self.proxy_ = asked.classifier.proxy
        with watch.stage("selection"):
            if not hasattr(self, "selector_"):
                selector = MarginSampling() if self.selector is None else self.selector
                self.selector_ = seeded(clone(selector, safe=False), selector_seed)
            indices, metrics = picks_of(self.selector_, asked, n_instances, pool.ids)
        done = ASVPRound(
            n_labelled=state.n_labelled,
            n_pool=len(pool.keys),
            n_picks=len(indices),
            is_aligned=is_aligned,
            is_switched=is_switched,
            selected_by=asked.who,
            n_embedded=self._features.n_embedded,
            seconds=watch.seconds,
            values=state.values,
        )
        self._log.knows_ids = has_ids
        answer = Answer(pool.ids[indices], np.asarray(metrics, float))
        self._log.add(done, key, answer, self._aliases_of(pool, indices))
        self._features.drop_old()
        return indices, answer.metrics

    def _train_proxy(self, network, pool_features, features, y, seed, watch):
        with watch.stage("proxy"):
            proxy = network.make_proxy() if self.proxy is None else clone(self.proxy)
            proxy = seeded(proxy, seed)
            proxy.fit(features, y)
        return Asked(ProxyLearner(proxy, features, y), pool_features, "proxy")

    def _ask_indicator(self, name, state):
        given = getattr(self, name)
        answer = (LogMEGain() if given is None else given)(state)
        if not isinstance(answer, bool | np.bool_):
            raise ValueError(
                f"ASVP's {name} returned {answer!r}, of type {type(answer).__name__}; a"
                " bool is expected: compare what it computes with a threshold."
            )
        return bool(answer)

    # ---- what lasts ----------------------------------------------------------

    @property
    def history_(self):
        """The rounds so far."""
        if not hasattr(self, "_log"):
            raise AttributeError("ASVP has a history after its first query.")
        return list(self._log.history)

    @property
    def is_aligned_(self):
        """Whether features were refreshed."""
        return any(each.is_aligned for each in self.history_)

    @property
    def is_switched_(self):
        """Whether the learner trains `fine_tuning` by now."""
        return bool(self.history_) and self.history_[-1].is_switched

    def _open(self, network=None):
        """Begin, or go on in a folder, at the first call."""
        if not hasattr(self, "_features"):
            settings = {}
            if self.store is not None:
                names = ("selector", "proxy", "indicator", "fine_tuning", "switch")
                settings = {name: settings_text(getattr(self, name)) for name in names}
                settings["random_state"] = settings_text(self.random_state)
            log = RoundLog(self.store, settings)
            alignment = log.alignment
            self._features = AlignedFeatures(
                log.folder, alignment.generation, alignment.source, self.verbose
            )
            self._features.are_given = log.are_given
            self._log = log
            self._source = FeatureSource(log, self.embedding, self.fine_tuning)
        if network is not None:
            self._source.check(network)

    def _labelled_keys(self, X):
        """Keys of labelled rows; those picked under ids are known by them."""
        keys, aliases = fingerprints(X), self._log.aliases
        if not aliases:
            return keys
        return np.array([aliases.get(key, key) for key in keys.tolist()], np.uint64)

    def _aliases_of(self, pool, indices):
        """The keys of picks by their content, where ids are their keys."""
        if not self._log.knows_ids:
            return {}
        content = fingerprints(take_rows(pool.X, indices)).tolist()
        return dict(zip(content, pool.keys[indices].tolist(), strict=True))

    def _check_parts(self):
        for name in ("selector", "indicator", "switch"):
            if isinstance(getattr(self, name), type):
                raise ValueError(
                    f"ASVP wants {name} as an instance; got the class"
                    f" {getattr(self, name).__name__}. Call it first:"
                    f" {name}={getattr(self, name).__name__}()."
                )
        for name in ("proxy", "fine_tuning"):
            given = getattr(self, name)
            fits = hasattr(given, "fit") and not isinstance(given, type)
            if given is not None and not fits:
                raise ValueError(
                    f"ASVP wants {name} as a classifier with a fit, or None; got"
                    f" {given!r}."
                )


def _is_one_class(y):
    if len(np.unique(y, axis=0 if y.ndim == 2 else None)) > 1:
        return False
    warnings.warn(
        f"All {len(y)} labels that ASVP got are {y[0]}: there is nothing to learn from"
        " them, so it selects as though there were none.",
        UserWarning,
        stacklevel=6,
    )
    return True


def asvp_sampling(
    classifier,
    X_pool,
    n_instances=1,
    *,
    selector=None,
    proxy=None,
    indicator=None,
    fine_tuning=None,
    switch=None,
    embedding=None,
    labelled=None,
    store=None,
    random_state=None,
    verbose=False,
    ids=None,
):
    """Choose rows by :class:`ASVP`, called once.

    The parameters and what is returned are those of the class and of its call. Each
    call computes the features of all rows, unless `store` names a folder that has them;
    for a loop, the class is cheaper.
    """
    strategy = ASVP(
        selector,
        proxy,
        indicator,
        fine_tuning=fine_tuning,
        switch=switch,
        embedding=embedding,
        labelled=labelled,
        store=store,
        random_state=random_state,
        verbose=verbose,
    )
    return strategy(classifier, X_pool, n_instances, ids=ids)
