"""Query strategies by name, with options that a settings file can hold."""

import inspect
from typing import NamedTuple

import numpy as np

from modal_clustermargin._param_validation import InvalidParameterError
from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.clustering import AverageLinkage
from modal_clustermargin.comparison._by_name import build, is_path, resolve
from modal_clustermargin.comparison._settings import WHO
from modal_clustermargin.strategies import (
    ASVP,
    BADGE,
    AtLabels,
    AtRounds,
    ClusterMargin,
    CoreSet,
    EveryRound,
    LogMEGain,
    MarginSampling,
    Never,
    RandomSampling,
)

_INDICATORS = {
    "log-me-gain": LogMEGain,
    "never": Never,
    "every-round": EveryRound,
    "at-labels": AtLabels,
    "at-rounds": AtRounds,
}


def _stream(seed):
    """A generator that goes on from query to query.

    An integer would have every query begin with the same numbers, which are those
    that drew the first labels, too: random choice would not be quite random.
    """
    state = np.random.SeedSequence([seed, 1]).generate_state(4)
    return np.random.RandomState(state)


class _Named(NamedTuple):
    """A strategy, the options it takes, and whether it asks a trained model."""

    make: object  # callable (seed, **options)
    options: tuple
    asks_model: bool


def _options_of(found, leave_out=()):
    """Parameters that are numbers or names."""
    names = list(inspect.signature(found).parameters)
    # What the comparison itself decides, or a settings file cannot hold.
    decided = {"random_state", "embedding", "labelled", "verbose", "store"}
    return tuple(name for name in names if name not in decided | set(leave_out))


def _cluster_margin(seed, **options):
    of_linkage = {k: v for k, v in options.items() if k in _LINKAGE}
    of_strategy = {k: v for k, v in options.items() if k not in _LINKAGE}
    return ClusterMargin(
        AverageLinkage(**of_linkage), random_state=_stream(seed), **of_strategy
    )


def rows_themselves(classifier, X):
    """The rows as features, for data that are embeddings already."""
    return np.reshape(X, (len(X), -1))


def _asvp(seed, selector="margin", indicator="log-me-gain", at=None, features=None):
    check_known(features or "network", _FEATURES, f"{WHO}, for asvp,", "features")
    check_known(indicator, _INDICATORS, f"{WHO}, for asvp,", "indicator")
    has_number = indicator in ("at-labels", "at-rounds", "log-me-gain")
    if at is not None and not has_number:
        raise ValueError(
            f"{WHO}, for asvp, takes at= with at-labels, at-rounds and log-me-gain;"
            f" got {at!r} with {indicator!r}."
        )
    if at is None and indicator in ("at-labels", "at-rounds"):
        raise ValueError(
            f"{WHO}, for asvp, needs a number at= for the indicator {indicator!r}."
        )
    arguments = [] if at is None else [at]
    return ASVP(
        make_strategy({"strategy": selector}, seed),
        indicator=_INDICATORS[indicator](*arguments),
        embedding=_FEATURES[features or "network"],
        random_state=seed,
    )


_FEATURES = {"network": None, "rows": rows_themselves}
_LINKAGE = _options_of(AverageLinkage)
_OF_CLUSTER_MARGIN = (*_options_of(ClusterMargin, ["clustering"]), *_LINKAGE)

STRATEGIES = {
    "cluster-margin": _Named(_cluster_margin, _OF_CLUSTER_MARGIN, True),
    "badge": _Named(
        lambda seed, **options: BADGE(random_state=_stream(seed), **options),
        _options_of(BADGE),
        True,
    ),
    "coreset": _Named(
        lambda seed, **options: CoreSet(random_state=_stream(seed), **options),
        _options_of(CoreSet),
        True,
    ),
    "asvp": _Named(_asvp, ("selector", "indicator", "at", "features"), False),
    "margin": _Named(
        lambda seed, **options: MarginSampling(**options),
        _options_of(MarginSampling),
        True,
    ),
    "random": _Named(
        lambda seed: RandomSampling(random_state=_stream(seed)), (), False
    ),
}


def make_strategy(settings, seed):
    """A query strategy.

    Parameters
    ----------
    settings : dict
        "strategy", a name of `STRATEGIES` or ``"package.module:name"``, and its
        options.

    seed : int
        What its `random_state` is made of, if it has one.

    Returns
    -------
    strategy : callable ``(classifier, X_pool, n_instances)``

    Raises
    ------
    ValueError
        If there is no such strategy, or it takes no such options.
    """
    settings = dict(settings)
    name = settings.pop("strategy")
    if is_path(name):
        found = resolve(name, WHO, "strategy")
        if not callable(found):
            raise ValueError(f"{WHO} got {name!r}, which is not callable: {found!r}.")
        return build(found, settings, WHO, "strategy", random_state=seed)
    check_known(name, STRATEGIES, WHO, "strategy")
    named = STRATEGIES[name]
    for option in settings:
        check_known(option, named.options, f"{WHO}, for {name},", "option")
    try:
        strategy = named.make(seed, **settings)
        strategy._validate_params()
        if getattr(strategy, "clustering", None) is not None:
            strategy.clustering._validate_params()
    except InvalidParameterError as error:
        raise ValueError(f"{WHO}, for {name}: {error}") from error
    return strategy


def asks_model(settings):
    """Whether the queries of a strategy need the model trained before them."""
    name = settings["strategy"]
    return name not in STRATEGIES or STRATEGIES[name].asks_model


def needs_network(settings):
    """Whether a strategy works with a `NetworkClassifier` alone."""
    return settings["strategy"] == "asvp"
