"""Query strategies by name, with options that a settings file can hold."""

import inspect

import numpy as np

from modal_clustermargin import strategies
from modal_clustermargin._param_validation import InvalidParameterError
from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.clustering import AverageLinkage, NeighborGraph
from modal_clustermargin.comparison._by_name import build_by_path
from modal_clustermargin.comparison._measured_query import TimedEmbedding
from modal_clustermargin.comparison._settings import WHO

_CLASSES = {
    "cluster-margin": strategies.ClusterMargin,
    "uncertainty-herding": strategies.UncertaintyHerding,
    "max-herding": strategies.MaxHerding,
    "badge": strategies.BADGE,
    "coreset": strategies.CoreSet,
    "margin": strategies.MarginSampling,
    "random": strategies.RandomSampling,
}
# Parameters that hold the structure of a pool, and their classes: the parameters of
# these are options of the strategy, too.
_STRUCTURES = {"clustering": AverageLinkage, "graph": NeighborGraph}
_INDICATORS = {
    "log-me-gain": strategies.LogMEGain,
    "never": strategies.Never,
    "every-round": strategies.EveryRound,
    "at-labels": strategies.AtLabels,
    "at-rounds": strategies.AtRounds,
}
# The comparison sets these parameters, or a settings file cannot hold them.
_NO_OPTIONS = ("random_state", "embedding", "labelled", "verbose", *_STRUCTURES)


def make_strategy(settings, seed, folder):
    """Make a query strategy from ``{"strategy": name, option: value, ...}``.

    A relative `memory` is relative to the folder. Raises ValueError for an unknown name
    or option, or an invalid value.
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
    parameters = inspect.signature(found).parameters
    structure = next((each for each in _STRUCTURES if each in parameters), None)
    of_structure = ()
    if structure is not None:
        of_structure = inspect.signature(_STRUCTURES[structure]).parameters
    known = [x for x in (*parameters, *of_structure) if x not in _NO_OPTIONS]
    for option in options:
        check_known(option, known, who, "option")
    given = {each: options.pop(each) for each in of_structure if each in options}
    if given.get("memory") is not None:
        given["memory"] = folder / str(given["memory"])
    if "embedding" in parameters:
        options["embedding"] = TimedEmbedding()
    if "random_state" in parameters:
        # With an integer, every query would repeat the same draws, which are also the
        # draws of the first labels: random sampling would not be random.
        state = np.random.SeedSequence([seed, 1]).generate_state(4)
        options["random_state"] = np.random.RandomState(state)
    try:
        if given:
            options[structure] = _STRUCTURES[structure](**given)
            options[structure]._validate_params()
        strategy = found(**options)
        strategy._validate_params()
    except InvalidParameterError as error:
        raise ValueError(f"{WHO}, for {name}: {error}") from error
    return strategy


def embed_rows(classifier, X):
    """The rows themselves as features, for data that are embeddings."""
    return np.reshape(X, (len(X), -1))


def _make_asvp(options, seed, folder, who):
    for option in options:
        check_known(option, ("selector", "indicator", "at", "features"), who, "option")
    at = [options["at"]] if options.get("at") is not None else []
    features = options.get("features", "network")
    indicator = options.get("indicator", "log-me-gain")
    check_known(features, ("network", "rows"), who, "features")
    check_known(indicator, _INDICATORS, who, "indicator")
    try:
        indicator = _INDICATORS[indicator](*at)
    except TypeError as error:
        raise ValueError(
            f"{who} cannot make the indicator {indicator!r}: {error}. at-labels and"
            " at-rounds need a number at=, log-me-gain may have one, and the others"
            " have none."
        ) from error
    return strategies.ASVP(
        make_strategy({"strategy": options.get("selector", "margin")}, seed, folder),
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
