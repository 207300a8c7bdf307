"""ASVP: a cheap proxy selects rows, and its features are refreshed when necessary."""

import warnings

import numpy as np
from sklearn.base import clone

from modal_clustermargin._param_validation import HasMethods
from modal_clustermargin.pools import Pool, lasting_ids
from modal_clustermargin.strategies._asvp_features import AlignedFeatures
from modal_clustermargin.strategies._asvp_history import ASVPRound, History
from modal_clustermargin.strategies._asvp_indicators import LogMEGain, RoundState
from modal_clustermargin.strategies._asvp_query import (
    ProxyLearner,
    Query,
    ask_selector,
    set_seed,
)
from modal_clustermargin.strategies._base import QueryStrategy
from modal_clustermargin.strategies._margin import MarginSampling
from modal_clustermargin.strategies._sampling_function import sampling_function

# Parameters that are instances, and that the rounds in a folder depend on.
_PARTS = ("selector", "proxy", "indicator", "fine_tuning", "switch")


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
        The rounds so far.

    proxy_ : classifier
        The proxy of the last query; after a refresh in that query, the head of the
        network or the network itself.

    selector_ : query strategy
        The clone of `selector` that chooses rows.

    is_aligned_, is_switched_ : bool
        Whether features were refreshed, and whether the learner has switched to
        `fine_tuning`.

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

    Rows of the pool are recognised by their content, or by `ids`; labelled rows always
    by their content. Equal rows are embedded once. A query with the same labels, pool
    and `n_instances` as an earlier one returns the same picks, with `store` in later
    processes, too. Use a separate ASVP for each network and each loop.

    In a round in which the network is fine-tuned, its head replaces the proxy, because
    the head was trained on the same labels. This rule, the default indicator and the
    time of the switch are this project's choices; in the published code, these steps
    are manual. Without labels, or with labels of one class, the selector gets a
    classifier that is not fitted, whose embeddings are the features.

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
        "store": "no_validation",  # `History` makes the folder
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

    def _select(self, classifier, pool, n_instances, ids):
        self._open()
        query = Query(classifier, pool, n_instances, ids, self.embedding, self.labelled)
        if not self.is_switched_ and query.recipe is not self._features.second:
            self._history.check_settings(network=query.recipe)
        self._check_ids_as_before(self._history.knows_ids, ids)
        answer = self._history.answer(query.key, len(query.y))
        if answer is None:
            answer = self._select_in_new_round(query)
        if self.is_switched_:
            query.switch_to(self._features.second_training(query))
        return answer

    def _select_in_new_round(self, query):
        history, features = self._history, self._features
        # Every round draws both seeds, in this order, so that later draws are the same.
        proxy_seed, selector_seed = self._generator().randint(2**31 - 1, size=2)
        state = RoundState(
            query.y,
            history.rounds,
            lambda: features.take(query, query.labelled),
            lambda: features.take(query, query.pool),
            was_aligned=bool(history.trained_on),
        )
        is_aligned, is_switched = False, self.is_switched_
        if _lacks_classes(query.y):
            selected_by, learner = "nobody", ProxyLearner(None)
            rows = Pool(features.take(query, query.pool))
        else:
            is_known = features.is_of_these_labels(query)  # the query before failed
            with query.timed("indicator"):
                is_aligned = is_known or self._ask("indicator", state)
                switches = is_aligned
                if self.switch is not None:
                    switches = self._ask("switch", state)
            is_switched = is_switched or switches
            if is_aligned and not is_known:
                features.refresh(query, is_switched)
                self.__dict__.pop("selector_", None)
            selected_by = "network" if is_aligned else "proxy"
            learner, rows = self._make_learner(query, is_aligned, proxy_seed)
        self.proxy_ = learner.proxy
        with query.timed("selection"):
            if not hasattr(self, "selector_"):
                selector = MarginSampling() if self.selector is None else self.selector
                self.selector_ = set_seed(clone(selector, safe=False), selector_seed)
            # A network without a head reads other rows than a proxy, hence ids.
            ids = lasting_ids(query.pool.keys)
            indices, metrics = ask_selector(
                self.selector_, learner, rows, query.n_instances, ids
            )
        if query.has_ids:
            features.put_by_content(query, indices)
        done = ASVPRound(
            n_labelled=len(query.y),
            n_pool=len(ids),
            n_picks=len(indices),
            is_aligned=is_aligned,
            is_switched=is_switched,
            selected_by=selected_by,
            n_embedded=query.n_embedded,
            seconds=query.seconds,
            values=state.values,
        )
        history.knows_ids = query.has_ids
        history.add(query.key, done, indices, metrics)
        features.drop_old()
        return indices, metrics

    def _ask(self, name, state):
        """The answer of `indicator` or `switch`."""
        given = getattr(self, name)
        answer = (LogMEGain() if given is None else given)(state)
        if not isinstance(answer, bool | np.bool_):
            raise ValueError(
                f"ASVP's {name} returned {answer!r}, of type {type(answer).__name__}; a"
                " bool is expected: compare the computed value with a threshold."
            )
        return bool(answer)

    def _make_learner(self, query, is_aligned, seed):
        """The classifier that the selector gets, and the rows that it reads."""
        features = self._features
        proxy = features.head(query) if is_aligned else None
        if is_aligned and proxy is None:
            X_labelled = query.labelled.rows.X
            learner = ProxyLearner(features.network, X_labelled, query.y)
            return learner, query.pool.rows
        labelled = np.asarray(features.take(query, query.labelled))
        if proxy is None:
            with query.timed("proxy"):
                proxy = query.make_proxy() if self.proxy is None else clone(self.proxy)
                set_seed(proxy, seed).fit(labelled, query.y)
        rows = Pool(features.take(query, query.pool))
        return ProxyLearner(proxy, labelled, query.y), rows

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
        for name in _PARTS:
            given = getattr(self, name)
            if isinstance(given, type):
                raise ValueError(
                    f"ASVP needs {name} as an instance; got the class"
                    f" {given.__name__}. Call it first: {name}={given.__name__}()."
                )
        if not hasattr(self, "_history"):
            history = History(self.store)
            names = (*_PARTS, "random_state")
            history.check_settings(**{name: getattr(self, name) for name in names})
            self._features = AlignedFeatures(
                history, self.embedding, self.fine_tuning, self.verbose
            )
            self._history = history


asvp_sampling = sampling_function(ASVP, "asvp_sampling")


def _lacks_classes(y):
    """Whether there are no labels; or labels of one class, with a warning."""
    if len(y) and (y == y[:1]).all():
        warnings.warn(
            f"All {len(y)} labels that ASVP got are {y[0]}: a proxy cannot learn from"
            " them, so ASVP selects as if there were no labels.",
            UserWarning,
            stacklevel=6,
        )
        return True
    return not len(y)
