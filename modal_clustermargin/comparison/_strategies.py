"""Query strategies by name, with options that a settings file can hold."""

import inspect

import numpy as np

from modal_clustermargin._param_validation import InvalidParameterError
from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.clustering import AverageLinkage
from modal_clustermargin.comparison._by_name import build_by_path
from modal_clustermargin.comparison._measured_query import TimedEmbedding
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
_NO_OPTIONS = {
    *("random_state", "embedding", "labelled", "verbose", "store", "clustering")
}


def make_strategy(settings, seed, folder):
    """Make a query strategy from ``{"strategy": name, option: value, ...}``.

    The name may be ``"package.module:name"``. A relative `memory` is relative to the
    folder. Raises ValueError for an unknown name or option, or an invalid value.
    """
    options = dict(settings)
    name = options.pop("strategy")
    if ":" in name:
        strategy = build_by_path(name, options, "strategy", seed)
        if not callable(strategy):
            raise ValueError(f"{WHO} got the strategy {name!r}, which is not callable.")
        return strategy
    check_known(name, (*_CLASSES, "asvp"), WHO, "strategy")
    who = f"{WHO}, for {name},"
    if name == "asvp":
        return _make_asvp(options, seed, folder, who)
    found = _CLASSES[name]
    parameters = _parameters(found)
    of_linkage = _parameters(AverageLinkage) if found is ClusterMargin else []
    known = [x for x in (*parameters, *of_linkage) if x not in _NO_OPTIONS]
    for option in options:
        check_known(option, known, who, "option")
    linkage = {each: options.pop(each) for each in of_linkage if each in options}
    if linkage.get("memory") is not None:
        linkage["memory"] = folder / str(linkage["memory"])
    if "embedding" in parameters:
        options["embedding"] = TimedEmbedding()
    if "random_state" in parameters:
        # With an integer, every query would repeat the same draws, which are also the
        # draws of the first labels: random sampling would not be random.
        state = np.random.SeedSequence([seed, 1]).generate_state(4)
        options["random_state"] = np.random.RandomState(state)
    try:
        if found is ClusterMargin:
            options["clustering"] = AverageLinkage(**linkage)
            options["clustering"]._validate_params()
        strategy = found(**options)
        strategy._validate_params()
    except InvalidParameterError as error:
        raise ValueError(f"{WHO}, for {name}: {error}") from error
    return strategy


def _parameters(found):
    return list(inspect.signature(found).parameters)


def embed_rows(classifier, X):
    """The rows themselves as features, for data that are embeddings."""
    return np.reshape(X, (len(X), -1))


def _make_asvp(options, seed, folder, who):
    for option in options:
        check_known(option, ("selector", "indicator", "at", "features"), who, "option")
    at, features = options.get("at"), options.get("features", "network")
    indicator = options.get("indicator", "log-me-gain")
    selector = options.get("selector", "margin")
    check_known(features, ("network", "rows"), who, "features")
    check_known(indicator, _INDICATORS, who, "indicator")
    try:
        indicator = _INDICATORS[indicator](*([] if at is None else [at]))
    except TypeError as error:
        raise ValueError(
            f"{who} cannot make the indicator {indicator!r}: {error}. at-labels and"
            " at-rounds need a number at=, log-me-gain may have one, and the others"
            " have none."
        ) from error
    return ASVP(
        make_strategy({"strategy": selector}, seed, folder),
        indicator=indicator,
        embedding=embed_rows if features == "rows" else None,
        random_state=seed,
    )


def asks_model(settings):
    """Whether the queries of a strategy need the model trained before them."""
    return settings["strategy"] not in ("random", "asvp")


def needs_network(settings):
    """Whether a strategy works only with a `NetworkClassifier`."""
    return settings["strategy"] == "asvp"
