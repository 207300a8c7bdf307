"""Run a comparison: every strategy with every seed, as far as it is not done."""

import json
import sys
import warnings
from concurrent.futures import wait
from contextlib import contextmanager
from functools import partial

from filelock import Timeout
from threadpoolctl import threadpool_limits

from modal_clustermargin.comparison._folder import ComparisonFolder
from modal_clustermargin.comparison._models import (
    NETWORKS,
    default_model,
    make_model,
)
from modal_clustermargin.comparison._processes import process_pool
from modal_clustermargin.comparison._runs import Run
from modal_clustermargin.comparison._settings import (
    WHO,
    Comparison,
    read_settings,
)
from modal_clustermargin.comparison._strategies import (
    make_strategy,
    needs_network,
)
from modal_clustermargin.datasets import load_data


def compare(settings=None, output="comparison", *, n_jobs=1, verbose=True):
    """Compare strategies under equal budgets and seeds.

    Every strategy begins with the same random rows and the same model, once for each
    seed. Rows of results are on disk as they come; a comparison that was killed goes
    on from its last query, and one that is done is not done again.

    Parameters
    ----------
    settings : dict, path-like of a TOML file, Comparison or None, default=None
        What `read_settings` takes, or returns. None compares on digits.

    output : path-like, default="comparison"
        Folder for the results.

    n_jobs : int, default=1
        Processes, of a seed each at a time.

    verbose : bool, default=True
        Whether to show a bar on a terminal, and a line for each round elsewhere.

    Returns
    -------
    rows : list of dict of str to str
        All rows of the folder, by strategy, seed and round.

    Raises
    ------
    ValueError
        If settings are not as they should be, if the folder has results of others, or
        if the pool has fewer rows than are to be labelled.

    FileNotFoundError
        If data are not there. Says what is to be put where.
    """
    if not isinstance(settings, Comparison):
        settings = read_settings(settings)
    if n_jobs < 1:
        raise ValueError(f"{WHO} wants n_jobs of 1 or more; got {n_jobs}.")
    folder = ComparisonFolder(output)
    # Everything that can be known to fail, before anything is trained.
    for each in settings.strategies.values():
        make_strategy(each, settings.seeds[0])
    data = load_data(**settings.data, random_state=settings.seeds[0])
    now = _resolved(settings, data)
    make_model(now["model"], data, settings.seeds[0], settings.device)
    folder.path.mkdir(parents=True, exist_ok=True)
    with _alone(folder, "comparison"):
        now = folder.settle(now)
    with warnings.catch_warnings():
        # scikit-learn's, of a batch or a test with many classes for its size.
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        _run_all(folder, now, n_jobs, verbose, {settings.seeds[0]: data})
    folder.gather()
    return folder.rows()


def _resolved(settings, data):
    """Settings with numbers in the place of shares, and a model."""
    n_pool = len(data.y)

    def rows(amount):
        return amount if isinstance(amount, int) else max(1, round(amount * n_pool))

    now = settings.as_dict()
    now["batch"] = rows(settings.batch)
    n_initial = settings.n_initial
    now["n_initial"] = now["batch"] if n_initial is None else rows(n_initial)
    now["model"] = {"name": default_model(data), **settings.model}
    now["n_pool"] = n_pool
    n_wanted = now["n_initial"] + now["batch"] * now["rounds"]
    if n_wanted > n_pool:
        raise ValueError(
            f"{WHO} is to label {n_wanted} rows, {now['n_initial']} and {now['rounds']}"
            f" batches of {now['batch']}, and the pool of {settings.data['name']} has"
            f" {n_pool}. Ask for smaller batches, or for fewer rounds."
        )
    for label, each in settings.strategies.items():
        if needs_network(each) and now["model"]["name"] not in NETWORKS:
            raise ValueError(
                f"{WHO} needs a network for the strategy {label!r}; the model is"
                f" {now['model']['name']!r}. Choose one of {', '.join(NETWORKS)}."
            )
    now["score"] = "accuracy" if data.y.ndim == 1 else "average precision"
    # As the file will have them: paths are strings, and tuples lists.
    return json.loads(json.dumps(now, default=str))


@contextmanager
def _alone(folder, what):
    """While nobody else is at it, in this folder."""
    try:
        with folder.lock(what):
            yield
    except Timeout as error:
        raise ValueError(
            f"Another process is at work on {what} in {str(folder.path)!r}. Wait for"
            " it, or choose another --output."
        ) from error


def _run_all(folder, settings, n_jobs, verbose, known_data):
    seeds = settings["seeds"]
    total = len(seeds) * len(settings["strategies"]) * (settings["rounds"] + 1)
    shows_bar = verbose and sys.stderr.isatty()
    work = partial(run_seed, folder.path, settings)
    if n_jobs == 1:
        with _bar(shows_bar, total, folder, seeds) as bar:
            for seed in seeds:
                data = known_data.pop(seed, None)
                for row in run_seed(folder.path, settings, seed, data):
                    _tell(row, verbose and not shows_bar)
                    bar.update()
        return
    with process_pool(n_jobs) as pool, _bar(shows_bar, total, folder, seeds) as bar:
        waiting = {
            pool.submit(_run_whole_seed, work, seed, verbose and not shows_bar)
            for seed in seeds
        }
        while waiting:
            done, waiting = wait(waiting, timeout=1)
            bar.update(_n_rows(folder, seeds) - bar.n)
            for each in done:
                each.result()


def run_seed(path, settings, seed, data=None):
    """Rounds of all strategies with one seed; yields rows as they come."""
    folder, shared = ComparisonFolder(path), {}
    if folder.is_done(settings, seed):
        return
    if data is None:
        data = load_data(**settings["data"], random_state=seed)
    with _alone(folder, f"seed {seed}"):
        for label in settings["strategies"]:
            yield from Run(label, settings, data, seed, folder, shared).rounds()


def _run_whole_seed(work, seed, tells):
    import numba
    import torch

    torch.set_num_threads(1)
    numba.set_num_threads(1)
    with threadpool_limits(1):
        for row in work(seed):
            _tell(row, tells)


def _tell(row, verbose):
    if verbose:
        print(
            f"{row['strategy']}, seed {row['seed']}: {row['n_labels']} labels,"
            f" {row['accuracy']:.4f} (query {row['query_seconds']:.1f} s, training"
            f" {row['fit_seconds']:.1f} s)",
            flush=True,
        )


def _bar(shows, total, folder, seeds):
    from tqdm import tqdm

    n_done = _n_rows(folder, seeds)
    return tqdm(total=total, initial=n_done, unit="round", disable=not shows)


def _n_rows(folder, seeds):
    """Rows on disk, counted without opening tables that others write to."""
    paths = (folder.path / "seeds" / f"{seed}.csv" for seed in seeds)
    n_lines = [path.read_bytes().count(b"\n") for path in paths if path.exists()]
    return sum(n - 1 for n in n_lines if n)
