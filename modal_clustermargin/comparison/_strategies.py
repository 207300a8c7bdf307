"""Query strategies by name, with options that a settings file can hold."""

import inspect
from functools import partial

import numpy as np

from modal_clustermargin._param_validation import InvalidParameterError
from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.clustering import AverageLinkage
from modal_clustermargin.comparison._by_name import build_by_path
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

_CLASSES = {
    "cluster-margin": ClusterMargin,
    "badge": BADGE,
    "coreset": CoreSet,
    "margin": MarginSampling,
    "random": RandomSampling,
}
_INDICATORS = {
    "log-me-gain": LogMEGain,
    "never": Never,
    "every-round": EveryRound,
    "at-labels": AtLabels,
    "at-rounds": AtRounds,
}
# The comparison sets these parameters, or a settings file cannot hold them.
_NO_OPTIONS = (
    "random_state",
    "embedding",
    "labelled",
    "verbose",
    "store",
    "clustering",
)


def _options_of(found):
    return [
        each for each in inspect.signature(found).parameters if each not in _NO_OPTIONS
    ]


def make_strategy(settings, seed):
    """Make a query strategy from ``{"strategy": name, option: value, ...}``.

    The name may be ``"package.module:name"``. Raises ValueError for an unknown name or
    option, or an invalid value.
    """
    options = dict(settings)
    name = options.pop("strategy")
    if ":" in name:
        strategy = build_by_path(name, options, "strategy", random_state=seed)
        if not callable(strategy):
            raise ValueError(f"{WHO} got the strategy {name!r}, which is not callable.")
        return strategy
    check_known(name, (*_CLASSES, "asvp"), WHO, "strategy")
    make = _make_asvp if name == "asvp" else partial(_make, name)
    try:
        strategy = make(seed, options)
        strategy._validate_params()
    except InvalidParameterError as error:
        raise ValueError(f"{WHO}, for {name}: {error}") from error
    return strategy


def _make(name, seed, options):
    found = _CLASSES[name]
    linkage = _options_of(AverageLinkage) if found is ClusterMargin else []
    for option in options:
        known = [*_options_of(found), *linkage]
        check_known(option, known, f"{WHO}, for {name},", "option")
    if found is ClusterMargin:
        clustering = AverageLinkage(
            **{option: options.pop(option) for option in linkage if option in options}
        )
        clustering._validate_params()
        options["clustering"] = clustering
    if "random_state" in inspect.signature(found).parameters:
        # With an integer, every query would repeat the same draws, which are also the
        # draws of the first labels: random sampling would not be random.
        state = np.random.SeedSequence([seed, 1]).generate_state(4)
        options["random_state"] = np.random.RandomState(state)
    return found(**options)


def embed_rows(classifier, X):
    """The rows themselves as features, for data that are embeddings."""
    return np.reshape(X, (len(X), -1))


def _make_asvp(seed, options):
    who = f"{WHO}, for asvp,"
    for option in options:
        check_known(option, ("selector", "indicator", "at", "features"), who, "option")
    at, features = options.get("at"), options.get("features", "network")
    indicator = options.get("indicator", "log-me-gain")
    check_known(features, ("network", "rows"), who, "features")
    check_known(indicator, _INDICATORS, who, "indicator")
    takes_number = indicator in ("at-labels", "at-rounds", "log-me-gain")
    if at is not None and not takes_number:
        raise ValueError(
            f"{who} takes at= with at-labels, at-rounds and log-me-gain; got {at!r}"
            f" with {indicator!r}."
        )
    if at is None and indicator in ("at-labels", "at-rounds"):
        raise ValueError(f"{who} needs a number at= for the indicator {indicator!r}.")
    selector = make_strategy({"strategy": options.get("selector", "margin")}, seed)
    return ASVP(
        selector,
        indicator=_INDICATORS[indicator](*([] if at is None else [at])),
        embedding=embed_rows if features == "rows" else None,
        random_state=seed,
    )


def asks_model(settings):
    """Whether the queries of a strategy need the model trained before them."""
    return settings["strategy"] not in ("random", "asvp")


def needs_network(settings):
    """Whether a strategy works only with a `NetworkClassifier`."""
    return settings["strategy"] == "asvp"
