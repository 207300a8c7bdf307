"""What a run wrote of its queries: the rows picked, and their clusters."""

import zipfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np


class Picks(NamedTuple):
    """One query's picks; without clusters, the last two are None."""

    strategy: str
    seed: int
    round: int
    indices: np.ndarray  # positions in the data set's pool
    cluster: np.ndarray | None  # of each pick
    pool_cluster_sizes: np.ndarray | None  # rows, by cluster, before the query

    def size_of(self, cluster):
        """Rows of a cluster in the pool, or None if the file does not say."""
        sizes = self.pool_cluster_sizes
        return int(sizes[cluster]) if 0 <= cluster < len(sizes) else None


def picks_name(strategy, seed, round_):
    """Name of the file of a query; any label of a strategy makes one of its own."""
    return f"{quote(strategy, safe=' ')}-{seed}-{round_}.npz"


def read_picks(folder, strategy, seed, round_):
    """The picks of a query.

    Parameters
    ----------
    folder : Path
        Of the comparison.

    strategy : str

    seed, round_ : int

    Returns
    -------
    picks : Picks or None
        None if that query left no file.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    path = Path(folder) / "picks" / picks_name(strategy, seed, round_)
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as arrays:
            indices = arrays["indices"]
            both = [arrays.get(name) for name in ("cluster", "pool_cluster_sizes")]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} does not hold the picks of a query ({error}). Delete it: the"
            " report does without."
        ) from error
    if any(each is None or not each.size for each in both):
        both = [None, None]
    return Picks(strategy, seed, round_, indices, *both)


def first_and_last_picks(folder, results):
    """Picks of the first query and of the last, of one seed.

    Parameters
    ----------
    folder : Path
        Of the comparison.

    results : ComparisonResults

    Returns
    -------
    first, last : list of Picks
        One for each strategy that has clusters; of the first seed with all rows.
    """
    queries = (1, len(results.n_labels) - 1)
    found = [
        [read_picks(folder, each, results.seeds[0], r) for each in results.strategies]
        for r in queries
    ]
    return tuple(
        [each for each in of_query if each is not None and each.cluster is not None]
        for of_query in found
    )
