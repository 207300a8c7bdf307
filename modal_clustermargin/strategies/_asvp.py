"""ASVP: a cheap proxy selects rows, and its features are refreshed when necessary."""

import warnings

import numpy as np
from sklearn.base import clone

from modal_clustermargin._param_validation import HasMethods
from modal_clustermargin.pools import Pool, open_pool, pool_keys
from modal_clustermargin.strategies._asvp_features import AlignedFeatures
from modal_clustermargin.strategies._asvp_history import ASVPRound, History, timed
from modal_clustermargin.strategies._asvp_indicators import LogMEGain, RoundState
from modal_clustermargin.strategies._asvp_query import (
    ProxyLearner,
    Query,
    ask_selector,
    network_name,
    set_seed,
)
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._embeddings import checked_matrix
from modal_clustermargin.strategies._margin import MarginSampling

_STAGES = ("features", "indicator", "fine_tuning", "proxy", "selection")

# Parameters that the rounds in a folder depend on.
_SETTINGS = ("selector", "proxy", "indicator", "fine_tuning", "switch", "random_state")


class ASVP(QueryStrategy):
    """Select by a cheap proxy instead of a large network.

    Aligned selection via proxy [1]_. A small proxy is trained on features that the
    pre-trained network computed once, and a selector chooses rows by the predictions of
    the proxy. A round then takes seconds, because the network is not fine-tuned. In
    each round, an indicator decides whether the features still fit the labels. If they
    do not, the network is fine-tuned on all labels so far and computes new features.
    From then on, the learner trains by plain fine-tuning; before, its training begins
    with linear probing (LP-FT).

    With ``indicator=Never()``, this class is selection via proxy (SVPp); with
    ``EveryRound()``, it is standard active learning.

    Parameters
    ----------
    selector : query strategy, default=None
        Any strategy of this package, or a function ``(classifier, X_pool,
        n_instances)``. It is called with the proxy as classifier and with features as
        rows. None means `MarginSampling`. The selector is cloned, and cloned again when
        the features are refreshed.

    proxy : classifier, default=None
        A clone is trained in each round on the features of the labelled rows. None
        calls ``make_proxy()`` of the learner's estimator; a `NetworkClassifier` returns
        a `ProxyClassifier`. For estimators without this method, None means a logistic
        regression on standardised features.

    indicator : callable, default=None
        ``indicator(state)`` returns whether to refresh the features in this round;
        `state` is a `RoundState`. None means ``LogMEGain()``. See also `Never`,
        `EveryRound`, `AtLabels` and `AtRounds`.

    fine_tuning : classifier, default=None
        The classifier that the learner trains after the switch, and that computes new
        features from then on. None means the learner's own classifier without
        `linear_probe`.

    switch : callable, default=None
        ``switch(state)`` returns whether the learner trains `fine_tuning` from this
        round on. None switches when the features are refreshed for the first time.

    embedding : callable, default=None
        ``embedding(classifier, X)`` returns the first features. None uses
        ``untrained(X).embed`` of the learner's estimator if there is one, else its
        ``embed``.

    labelled : tuple ``(X, y)`` or callable, default=None
        The labelled rows and their labels, or a function ``(classifier)`` that returns
        them. None takes the training data of the modAL learner or of the `DeferredFit`.

    store : path-like, default=None
        Folder for features and rounds, from which a killed loop resumes. None keeps
        both in memory. Only one process at a time may use the folder. A loop resumes
        only with the same network and the same other parameters. A function is compared
        by its module and name, not by its code; lambdas, functions inside other
        functions, and random generators raise an error. After a refresh, a later
        process cannot compute features of new rows.

    random_state : int, RandomState or None, default=None
        Draws the seeds of the proxy and the selector if their ``random_state`` is None.

    verbose : bool, default=False
        Whether to show a progress bar while features are computed.

    Attributes
    ----------
    history_ : list of ASVPRound
        For each round: numbers of rows, the scores that the indicator read, whether the
        features were refreshed, and the seconds of each stage.

    proxy_ : classifier
        The proxy of the last query; after a refresh in that query, the head of the
        network or the network itself.

    selector_ : query strategy
        The clone of `selector` that chooses rows.

    is_aligned_ : bool
        Whether features were refreshed.

    is_switched_ : bool
        Whether the learner has switched to `fine_tuning`.

    See Also
    --------
    modal_clustermargin.estimators.DeferredFit : Trains when asked to predict, not in
        ``teach``.

    Notes
    -----
    Wrap the network of the learner in a ``DeferredFit``. Then ``teach`` trains nothing,
    and after the switch ASVP replaces the wrapped network by `fine_tuning`. A query
    changes nothing else in the learner. Any other estimator is trained by every
    ``teach``, and is not switched.

    Rows of the pool are recognised by their content, or by `ids`, as in
    `ClusterMargin`; labelled rows always by their content. Equal rows are embedded
    once. Rows without features in the store are embedded by the network that computed
    the other features.

    In a round in which the network is fine-tuned, its head replaces the proxy, because
    the head was trained on the same labels. This rule, the default indicator and the
    time of the switch are this project's choices; in the published code, these steps
    are manual.

    A query with the same labelled rows, labels, pool and `n_instances` as an earlier
    one returns the same picks. With `store`, this holds in later processes, too: a
    script that is started again makes the same picks up to the query at which it was
    killed, and continues from there. Use a separate ASVP for each network and each
    loop.

    A proxy cannot be trained without labels or on labels of one class. The selector
    then gets a classifier that is not fitted, whose embeddings are the features.

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
        "proxy": [HasMethods("fit"), None],
        "indicator": [callable, None],
        "fine_tuning": [HasMethods("fit"), None],
        "switch": [callable, None],
        "embedding": [callable, None],
        "labelled": [tuple, list, callable, None],
        "store": "no_validation",  # `History` checks it
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
        """Store features that were computed beforehand.

        Parameters
        ----------
        X_pool : rows of any kind
            The whole pool and the labelled rows, in one call or in one call for each.

        y : None
            Ignored.

        features : array-like of shape (n_pool, n_features)
            The first features, one row for each row of `X_pool`.

        ids : array-like of shape (n_pool,), default=None
            As in a query; if given here, every query needs them.

        Returns
        -------
        self : ASVP
        """
        self._validate_params()
        self._check_instances()
        with open_pool(X_pool, "ASVP") as pool:
            matrix = checked_matrix(features, len(pool), "ASVP")
            ids = self._check_ids(ids, len(pool))
            self._open()
            self._check_ids_as_before(self._history.knows_ids, ids)
            self._features.put(pool_keys(pool, ids), matrix)
        self._history.knows_ids = ids is not None
        self._history.save()
        return self

    def _select(self, classifier, pool, n_instances, ids):
        self._check_instances()
        query = Query(classifier, pool, n_instances, ids, self.embedding, self.labelled)
        self._open()
        self._check_network(query)
        self._check_ids_as_before(self._history.knows_ids, ids)
        answer = self._history.answer(query.key, query.pool.ids)
        if answer is None:
            self._history.begin_round(0 if query.y is None else len(query.y))
            answer = self._select_in_new_round(query)
        if self.is_switched_:
            query.switch_to(self._features.second_training(query))
        return answer

    def _select_in_new_round(self, query):
        # Every round draws both seeds, in this order, so that later draws are the same.
        proxy_seed, selector_seed = self._generator().randint(2**31 - 1, size=2)
        seconds = dict.fromkeys(_STAGES, 0.0)
        features = self._features
        features.n_embedded = 0

        def features_of(rows):
            with timed(seconds, "features"):
                return features.take(query, rows)

        state = RoundState(
            np.empty(0) if query.y is None else query.y,
            self._history.rounds,
            lambda: features_of(query.labelled),
            lambda: features_of(query.pool),
            was_aligned=bool(self._history.alignment.ids),
        )
        is_aligned, is_switched = False, self.is_switched_
        if query.y is None or _is_one_class(query.y):
            learner, rows, who = ProxyLearner(None), features_of(query.pool), "nobody"
        else:
            is_known = features.is_of_these_labels(query)  # the query before failed
            with timed(seconds, "indicator"):
                is_aligned, switches = self._decide(state, is_known)
            is_switched = is_switched or switches
            if is_aligned and not is_known:
                with timed(seconds, "fine_tuning"):
                    network = features.fine_tune(query, is_switched)
                with timed(seconds, "features"):
                    features.refresh(query, network)
                self.__dict__.pop("selector_", None)
            if is_aligned:
                learner, rows = self._network_learner(query, features_of)
                who = "network"
            else:
                rows, labelled = features_of(query.pool), features_of(query.labelled)
                with timed(seconds, "proxy"):
                    learner = self._proxy_learner(query, labelled, proxy_seed)
                who = "proxy"
        self.proxy_ = learner.proxy
        with timed(seconds, "selection"):
            if not hasattr(self, "selector_"):
                selector = MarginSampling() if self.selector is None else self.selector
                self.selector_ = set_seed(clone(selector, safe=False), selector_seed)
            pool = rows if isinstance(rows, Pool) else Pool(rows)
            indices, metrics = ask_selector(
                self.selector_, learner, pool, query.n_instances, query.pool.ids
            )
        if query.has_ids:
            features.store_by_content(query, indices)
        done = ASVPRound(
            n_labelled=state.n_labelled,
            n_pool=len(query.pool.ids),
            n_picks=len(indices),
            is_aligned=is_aligned,
            is_switched=is_switched,
            selected_by=who,
            n_embedded=features.n_embedded,
            seconds=seconds,
            values=state.values,
        )
        self._history.knows_ids = query.has_ids
        metrics = np.asarray(metrics, float)
        self._history.add(query.key, done, query.pool.ids[indices], metrics)
        features.drop_old()
        return indices, metrics

    def _decide(self, state, is_known):
        """Whether to refresh the features, and whether to switch the training."""
        is_aligned = is_known or self._ask_indicator("indicator", state)
        if self.switch is None:
            return is_aligned, is_aligned
        return is_aligned, self._ask_indicator("switch", state)

    def _ask_indicator(self, name, state):
        given = getattr(self, name)
        answer = (LogMEGain() if given is None else given)(state)
        if not isinstance(answer, bool | np.bool_):
            raise ValueError(
                f"ASVP's {name} returned {answer!r}, of type {type(answer).__name__}; a"
                " bool is expected: compare the computed value with a threshold."
            )
        return bool(answer)

    def _proxy_learner(self, query, labelled, seed):
        labelled = np.asarray(labelled)
        proxy = query.make_proxy() if self.proxy is None else clone(self.proxy)
        proxy = set_seed(proxy, seed)
        proxy.fit(labelled, query.y)
        return ProxyLearner(proxy, labelled, query.y)

    def _network_learner(self, query, features_of):
        """The head of the fine-tuned network, or the network, and the rows it reads."""
        head = self._features.head(query)
        if head is None:
            network = self._features.network
            X_labelled = query.labelled.pool.X
            return ProxyLearner(network, X_labelled, query.y), query.pool.pool
        labelled = np.asarray(features_of(query.labelled))
        return ProxyLearner(head, labelled, query.y), features_of(query.pool)

    @property
    def history_(self):
        """The rounds so far."""
        if not hasattr(self, "_history"):
            raise AttributeError("ASVP has no history before its first query.")
        return self._history.rounds

    @property
    def is_aligned_(self):
        """Whether features were refreshed."""
        return any(each.is_aligned for each in self.history_)

    @property
    def is_switched_(self):
        """Whether the learner has switched to `fine_tuning`."""
        return bool(self.history_) and self.history_[-1].is_switched

    def _open(self):
        """At the first call, start a loop or resume the loop in the folder."""
        if hasattr(self, "_features"):
            return
        history = History(self.store)
        history.check_settings(**{name: getattr(self, name) for name in _SETTINGS})
        self._features = AlignedFeatures(
            history, self.embedding, self.fine_tuning, self.verbose
        )
        self._history = history

    def _check_network(self, query):
        """Raise ValueError if earlier queries had a different network."""
        name = network_name(query.recipe)
        if not hasattr(self, "_network_name"):
            if not self.is_switched_:  # the learner may train `fine_tuning` by now
                self._history.check_settings(network=query.recipe)
            self._network_name = name
        if name not in (self._network_name, network_name(self.fine_tuning)):
            raise ValueError(
                f"ASVP has features of {self._network_name}, but is now called with"
                f" {name}. Use a separate ASVP for each network."
            )

    def _check_instances(self):
        for name in ("selector", "proxy", "indicator", "fine_tuning", "switch"):
            given = getattr(self, name)
            if isinstance(given, type):
                raise ValueError(
                    f"ASVP needs {name} as an instance; got the class"
                    f" {given.__name__}. Call it first: {name}={given.__name__}()."
                )


def _is_one_class(y):
    if len(np.unique(y, axis=0 if y.ndim == 2 else None)) > 1:
        return False
    warnings.warn(
        f"All {len(y)} labels that ASVP got are {y[0]}: a proxy cannot learn from"
        " them, so ASVP selects as if there were no labels.",
        UserWarning,
        stacklevel=6,
    )
    return True


def asvp_sampling(
    classifier, X_pool, n_instances=1, *, ids=None, random_state=None, **parameters
):
    """Choose rows by :class:`ASVP`, called once.

    Takes the parameters of the class by name, and returns what its call returns. Each
    call computes the features of all rows, unless `store` names a folder that has them;
    in a loop, use the class.
    """
    # Named, so that callers who look at the signature can pass a seed.
    strategy = ASVP(random_state=random_state, **parameters)
    return strategy(classifier, X_pool, n_instances, ids=ids)
