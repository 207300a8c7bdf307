"""Rounds of an ASVP experiment: label, train in two ways, test, select."""

import time
from dataclasses import dataclass

import joblib
import numpy as np
from sklearn.base import clone

from modal_clustermargin.estimators import (
    DeferredFit,
    NetworkClassifier,
    ProxyClassifier,
)
from modal_clustermargin.strategies import (
    ASVP,
    AtLabels,
    EveryRound,
    Never,
    RandomSampling,
)

STAGES = ("features", "indicator", "fine_tuning", "proxy", "selection")  # of a query
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


@dataclass(frozen=True, eq=False)
class ASVPExperiment:
    """Data, networks and budgets of an experiment.

    Attributes
    ----------
    name : str

    X, X_test : ndarray of shape (n_samples, ...)
        Rows of the pool, and test rows.

    y, y_test : ndarray of shape (n_samples,)

    lp_ft, fine_tuning : NetworkClassifier
        The large network, not fitted, with and without a linear probe before the
        training.

    proxy : ProxyClassifier
        Classifier of the embeddings of the large network, which selects samples.

    budgets : tuple of int
        Number of labels in each round. The first batch is random.

    evaluate_at : tuple of int
        Total numbers of labels at which the large network is trained and tested.

    n_seeds : int
        Number of runs that results are averaged over.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    lp_ft: NetworkClassifier
    fine_tuning: NetworkClassifier
    proxy: ProxyClassifier
    budgets: tuple
    evaluate_at: tuple
    n_seeds: int


def asvp_methods(experiment, seed, *, switch_at, indicator=None):
    """Query strategies by name: random, standard active learning, SVPp and ASVP.

    Standard active learning omits the linear probe from `switch_at` labels on.
    `indicator` is the indicator of ASVP; None means its default.
    """
    common = {
        "selector": None,
        "proxy": experiment.proxy,
        "fine_tuning": experiment.fine_tuning,
        "random_state": seed,
    }
    switch = AtLabels(int(switch_at))
    return {
        "random": RandomSampling(random_state=seed),
        "standard": ASVP(**common, indicator=EveryRound(), switch=switch),
        "SVPp": ASVP(**common, indicator=Never()),
        "ASVP": ASVP(**common, indicator=indicator),
    }


def run_rounds(experiment, strategy, *, method, seed, known=(), shared=None):
    """Label in rounds; after each round, train the network in both ways and test it.

    Parameters
    ----------
    experiment : ASVPExperiment

    strategy : query strategy

    method : str
        Name of the strategy for the rows.

    seed : int
        Draws the first batch, the same for every strategy.

    known : container of int, default=()
        Numbers of labels whose rows exist. The network is not tested there again.

    shared : dict, default=None
        Filled with accuracy and seconds of each training, for other strategies that
        reach the same labels.

    Yields
    ------
    row : dict
        By `COLUMNS`. The seconds of stages belong to the query after this training, and
        are zero after the last training.
    """
    shared = {} if shared is None else shared
    n_pool = len(experiment.y)
    if sum(experiment.budgets) > n_pool:
        raise ValueError(
            f"run_rounds needs budgets of at most {n_pool} labels in all, the rows of"
            f" {experiment.name}; got {sum(experiment.budgets)}."
        )
    network = DeferredFit(clone(experiment.lp_ft))
    unlabelled = np.arange(n_pool)
    labelled = np.empty(0, int)
    picks = np.random.RandomState(seed).permutation(n_pool)[: experiment.budgets[0]]
    for n_next in (*experiment.budgets[1:], 0):
        labelled = np.concatenate([labelled, unlabelled[picks]])
        unlabelled = np.delete(unlabelled, picks)
        network.fit(experiment.X[labelled], experiment.y[labelled])
        stages, values, is_aligned = {}, {}, False
        if n_next:
            start = time.perf_counter()
            picks = strategy(network, experiment.X[unlabelled], n_next)
            stages = {"selection": time.perf_counter() - start}
            if hasattr(strategy, "history_"):
                done = strategy.history_[-1]
                stages, values, is_aligned = done.seconds, done.values, done.is_aligned
        if len(labelled) in known:
            continue
        if "fine_tuning" in stages and not network.is_pending_:  # trained by the query
            has_probe = network.estimator.linear_probe is not None
            key = _key(labelled, "lp_ft" if has_probe else "ft")
            shared[key] = _accuracy(network, experiment), stages["fine_tuning"]
        row = {
            "experiment": experiment.name,
            "method": method,
            "seed": seed,
            "n_labels": len(labelled),
            "is_aligned": bool(is_aligned),
            "is_switched": bool(getattr(strategy, "is_switched_", False)),
            "log_me": values.get("log_me", ""),
            "log_me_ped": values.get("log_me_ped", ""),
            **{f"{stage}_seconds": stages.get(stage, 0.0) for stage in STAGES},
        }
        if len(labelled) in experiment.evaluate_at:
            for name in ("lp_ft", "ft"):
                key = _key(labelled, name)
                if key not in shared:
                    shared[key] = _train_and_test(experiment, labelled, name)
                row[f"{name}_accuracy"], row[f"{name}_seconds"] = shared[key]
        yield row


def fill_table(table, experiment, methods, seed):
    """Run every method with a seed, and append the rows that a table lacks.

    Parameters
    ----------
    table : ResultTable
        Table with `COLUMNS` for this experiment and seed.

    experiment : ASVPExperiment

    methods : dict of str to query strategy

    seed : int

    Yields
    ------
    row : dict
        Each row that was appended.
    """
    rows, shared = table.rows(), {}
    for method, strategy in methods.items():
        known = {int(row["n_labels"]) for row in rows if row["method"] == method}
        if len(known) == len(experiment.budgets):
            continue
        for row in run_rounds(
            experiment, strategy, method=method, seed=seed, known=known, shared=shared
        ):
            table.append(row)
            yield row


def _train_and_test(experiment, labelled, name):
    """Accuracy on the test rows, and seconds of training."""
    recipe = experiment.lp_ft if name == "lp_ft" else experiment.fine_tuning
    start = time.perf_counter()
    network = clone(recipe).fit(experiment.X[labelled], experiment.y[labelled])
    seconds = time.perf_counter() - start
    return _accuracy(network, experiment), seconds


def _accuracy(network, experiment):
    return float(np.mean(network.predict(experiment.X_test) == experiment.y_test))


def _key(labelled, name):
    return joblib.hash(np.sort(labelled)), name
