"""Rounds of labels, by one way of selecting after another, and what they come to."""

import time

import joblib
import numpy as np
from sklearn.base import clone

from modal_clustermargin.estimators import DeferredFit
from modal_clustermargin.strategies import (
    ASVP,
    AtLabels,
    EveryRound,
    Never,
    RandomSampling,
)
from modal_clustermargin.strategies._asvp_round import STAGES

COLUMNS = (
    "experiment",
    "method",
    "seed",
    "n_labels",
    "lp_ft_accuracy",
    "lp_ft_seconds",
    "ft_accuracy",
    "ft_seconds",
    "is_aligned",
    "is_switched",
    "log_me",
    "log_me_ped",
    *(f"{stage}_seconds" for stage in STAGES),
)


def asvp_methods(experiment, seed, *, switch_at, selector=None, indicator=None):
    """Ways of selecting: random, standard active learning, SVPp and ASVP.

    Parameters
    ----------
    experiment : ASVPExperiment

    seed : int

    switch_at : int
        Labels from which on standard active learning fine-tunes without a linear
        probe before.

    selector : query strategy, default=None
        Of all but random; None is margin sampling.

    indicator : callable, default=None
        Of ASVP; None is its default.

    Returns
    -------
    methods : dict of str to query strategy
    """
    common = {
        "selector": selector,
        "proxy": experiment.proxy,
        "fine_tuning": experiment.fine_tuning,
        "random_state": seed,
    }
    return {
        "random": RandomSampling(random_state=seed),
        "standard": ASVP(
            **common, indicator=EveryRound(), switch=AtLabels(int(switch_at))
        ),
        "SVPp": ASVP(**common, indicator=Never()),
        "ASVP": ASVP(**common, indicator=indicator),
    }


def run_rounds(experiment, strategy, *, method, seed, known=None, shared=None):
    """Label in rounds; after each, train the network in both ways and test it.

    Parameters
    ----------
    experiment : ASVPExperiment

    strategy : query strategy
        Changed: an `ASVP` remembers its rounds.

    method : str
        Name for the rows.

    seed : int
        Draws the first batch, the same for every strategy.

    known : dict of int to dict, default=None
        Rows of the same run that are known, by number of labels; their networks are
        not trained again.

    shared : dict, default=None
        Filled with what trainings came to, for strategies that come to the same
        labels.

    Yields
    ------
    row : dict
        By `COLUMNS`. Seconds of stages are those of the query after this training,
        zeros after the last.
    """
    known, shared = known or {}, {} if shared is None else shared
    network = DeferredFit(clone(experiment.lp_ft))
    n_pool = len(experiment.y)
    if sum(experiment.budgets) > n_pool:
        raise ValueError(
            f"run_rounds was to label {sum(experiment.budgets)} rows, the sum of"
            f" budgets, and {experiment.name} has {n_pool}."
        )
    unlabelled = np.arange(n_pool)
    labelled = np.empty(0, int)
    picks = np.random.RandomState(seed).permutation(n_pool)[: experiment.budgets[0]]
    for n_next in (*experiment.budgets[1:], 0):
        labelled = np.concatenate([labelled, unlabelled[picks]])
        unlabelled = np.delete(unlabelled, picks)
        X, y = experiment.X[labelled], experiment.y[labelled]
        network.fit(X, y)
        if n_next:
            since = time.perf_counter()
            picks = strategy(network, experiment.X[unlabelled], n_next)
            seconds = time.perf_counter() - since
        done = (
            strategy.history_[-1] if n_next and hasattr(strategy, "history_") else None
        )
        if len(labelled) in known:
            yield known[len(labelled)]
            continue
        row = {
            "experiment": experiment.name,
            "method": method,
            "seed": seed,
            "n_labels": len(labelled),
            "is_aligned": bool(done and done.is_aligned),
            "is_switched": bool(getattr(strategy, "is_switched_", False)),
            "log_me": done.values.get("log_me", "") if done else "",
            "log_me_ped": done.values.get("log_me_ped", "") if done else "",
        }
        stages = done.seconds if done else {}
        if n_next and not done:
            stages = {"selection": seconds}
        row |= {f"{stage}_seconds": stages.get(stage, 0.0) for stage in STAGES}
        if done and not network.is_pending_:  # trained by the query, on these labels
            key = _key(labelled, _recipe_name(network))
            shared[key] = _score(network, experiment), done.seconds["fine_tuning"]
        if len(labelled) in experiment.evaluate_at:
            for name in ("lp_ft", "ft"):
                accuracy, seconds = _trained(experiment, labelled, name, shared)
                row |= {f"{name}_accuracy": accuracy, f"{name}_seconds": seconds}
        yield row


def fill_table(table, experiment, methods, seed):
    """Run methods with one seed, as far as they are not in a table yet.

    Parameters
    ----------
    table : ResultTable
        With `COLUMNS`; of this experiment and seed. Rows are appended as they come.

    experiment : ASVPExperiment

    methods : dict of str to query strategy
        As `asvp_methods` gives them.

    seed : int

    Yields
    ------
    row : dict
        Each that was appended.
    """
    before, shared = table.rows(), {}
    for method, strategy in methods.items():
        known = {int(row["n_labels"]): row for row in before if row["method"] == method}
        if len(known) == len(experiment.budgets):
            continue
        for row in run_rounds(
            experiment, strategy, method=method, seed=seed, known=known, shared=shared
        ):
            if int(row["n_labels"]) not in known:
                table.append(row)
                yield row


def _trained(experiment, labelled, name, shared):
    key = _key(labelled, name)
    if key not in shared:
        recipe = experiment.lp_ft if name == "lp_ft" else experiment.fine_tuning
        since = time.perf_counter()
        network = clone(recipe).fit(experiment.X[labelled], experiment.y[labelled])
        seconds = time.perf_counter() - since
        shared[key] = _score(network, experiment), seconds
    return shared[key]


def _score(network, experiment):
    return float(np.mean(network.predict(experiment.X_test) == experiment.y_test))


def _key(labelled, name):
    return joblib.hash(np.sort(labelled)), name


def _recipe_name(network):
    has_probe = network.estimator.linear_probe is not None
    return "lp_ft" if has_probe else "ft"
