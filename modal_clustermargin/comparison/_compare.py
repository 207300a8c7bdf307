"""Run a comparison: every strategy with every seed, except finished runs."""

import json
import warnings
from concurrent.futures import as_completed

from threadpoolctl import threadpool_limits

from modal_clustermargin.comparison._by_name import explained
from modal_clustermargin.comparison._folder import ComparisonFolder
from modal_clustermargin.comparison._formatting import count_of
from modal_clustermargin.comparison._models import NETWORKS, default_model, make_model
from modal_clustermargin.comparison._processes import process_pool
from modal_clustermargin.comparison._run import Run
from modal_clustermargin.comparison._settings import WHO, Comparison, read_settings
from modal_clustermargin.comparison._strategies import make_strategy, needs_network
from modal_clustermargin.datasets import load_data


def compare(settings=None, output="comparison", *, n_jobs=1, verbose=True):
    """Compare strategies under equal budgets and seeds.

    For each seed, all strategies start with the same random rows and the same model.
    Each row of results is on disk as soon as it is computed. After a kill, the same
    call continues from the last query. Finished runs are not repeated.

    Parameters
    ----------
    settings : dict, path-like of a TOML file, Comparison or None, default=None
        Settings as `read_settings` takes or returns them. None compares on digits.

    output : path-like, default="comparison"
        Folder for the results.

    n_jobs : int, default=1
        Number of processes. Each works on one seed at a time.

    verbose : bool, default=True
        Whether to print a line for each round.

    Returns
    -------
    rows : list of dict of str to str
        All rows in the folder, by strategy, seed and round.

    Raises
    ------
    ValueError
        If a setting is invalid, if the folder has results of other settings or is
        used by another process, or if the pool has too few rows.

    FileNotFoundError
        If the data are missing. The message says which files to put where.
    """
    if not isinstance(settings, Comparison):
        settings = read_settings(settings)
    if n_jobs < 1:
        raise ValueError(f"{WHO} needs n_jobs of at least 1; got {n_jobs}.")
    folder = ComparisonFolder(output)
    # Raise errors of settings and data before the first training.
    first_seed = settings.seeds[0]
    for each in settings.strategies.values():
        make_strategy(each, first_seed, folder.path)
    known_data = {first_seed: load_data(**settings.data, random_state=first_seed)}
    resolved = _resolve(settings, known_data[first_seed])
    make_model(resolved, known_data[first_seed], first_seed)
    folder.path.mkdir(parents=True, exist_ok=True)
    with folder.lock(), warnings.catch_warnings():
        # scikit-learn warns of a test set with many classes for its size.
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        resolved = folder.write_settings(resolved)
        if n_jobs == 1:
            for seed in resolved["seeds"]:
                run_seed(folder, resolved, seed, verbose, known_data.pop(seed, None))
        else:
            with process_pool(n_jobs) as pool:
                tasks = [
                    pool.submit(_run_seed_in_process, folder, resolved, seed, verbose)
                    for seed in resolved["seeds"]
                ]
                for task in as_completed(tasks):
                    task.result()
    return folder.rows()


def _resolve(settings, data):
    """Settings for JSON, with the numbers of rows that shares mean, and a model."""
    n_pool = len(data.y)

    def n_rows(amount):
        return amount if isinstance(amount, int) else max(1, round(amount * n_pool))

    batch = n_rows(settings.batch)
    n_initial = batch if settings.n_initial is None else n_rows(settings.n_initial)
    n_wanted = n_initial + batch * settings.rounds
    if n_wanted > n_pool:
        raise ValueError(
            f"{WHO} would label {n_wanted} rows, {n_initial} at the start and"
            f" {settings.rounds} batches of {batch}, but the pool of"
            f" {settings.data['name']} has {n_pool}. Choose smaller batches or fewer"
            " rounds."
        )
    model = {"name": default_model(data), **settings.model}
    for label, each in settings.strategies.items():
        if needs_network(each) and model["name"] not in NETWORKS:
            raise ValueError(
                f"{WHO} needs a network for the strategy {label!r}; the model is"
                f" {model['name']!r}. Choose one of {', '.join(NETWORKS)}."
            )
    resolved = {
        **vars(settings),
        "batch": batch,
        "n_initial": n_initial,
        "model": model,
        "n_pool": n_pool,
        "score": "accuracy" if data.y.ndim == 1 else "average precision",
    }
    # The same values as in the file: JSON turns paths into strings, tuples into lists.
    return json.loads(json.dumps(resolved, default=str))


def run_seed(folder, settings, seed, verbose, data=None):
    """Run all strategies with one seed."""
    known = {label: set() for label in settings["strategies"]}
    for row in folder.rows():
        if row["seed"] == str(seed):
            known[row["strategy"]].add(int(row["round"]))
    first_model = []
    for label, rounds in known.items():
        if len(rounds) <= settings["rounds"]:
            if data is None:
                data = load_data(**settings["data"], random_state=seed)
            try:
                run = Run(folder, settings, label, seed, data, first_model)
                for row in run.rounds(rounds):
                    if verbose:
                        n_labels = count_of(row["n_labels"], "label")
                        print(
                            f"{label}, seed {seed}: {n_labels}, {row['accuracy']:.4f}"
                            f" (query {row['query_seconds']:.1f} s, training"
                            f" {row['fit_seconds']:.1f} s)",
                            flush=True,
                        )
            except ValueError as error:
                name = f"With strategy {label!r}, seed {seed}"
                raise ValueError(f"{name}: {error}") from error
            except Exception as error:
                names = (
                    settings["strategies"][label]["strategy"],
                    settings["model"]["name"],
                )
                if not any(":" in each for each in names):
                    raise
                # A strategy or a model of others may raise an error of any kind.
                raise ValueError(
                    f"With strategy {label!r}, seed {seed}: {explained(error)}"
                ) from error
        folder.delete_state(label, seed)


def _run_seed_in_process(*arguments):
    import numba
    import torch

    torch.set_num_threads(1)
    numba.set_num_threads(1)
    with threadpool_limits(1):
        run_seed(*arguments)
