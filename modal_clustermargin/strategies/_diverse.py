"""Embeddings, parts of the pool and the device, for BADGE and CoreSet."""

import numpy as np

from modal_clustermargin._progress import progress_bar
from modal_clustermargin.pools import as_matrix, check_finite
from modal_clustermargin.strategies._embeddings import open_embeddings

# From this number of products on, torch is imported to look for a GPU. The import takes
# seconds and 300 MiB.
_DEVICE_FROM = 1e13

# The squares of smaller entries underflow, so distances would be zero.
_SMALLEST = 1e-60


def finite_embeddings(embedding, classifier, pool, who):
    """Embeddings as a finite matrix of float32 or float64."""
    with open_embeddings(embedding, classifier, pool, who) as (rows, _):
        matrix = as_matrix(rows.gathered(), who)
    if matrix.shape[1] == 0:
        raise ValueError(f"{who} got embeddings without columns: {matrix.shape}.")
    is_small = np.result_type(matrix.dtype, np.float32) == np.float32
    matrix = np.ascontiguousarray(matrix, np.float32 if is_small else np.float64)
    check_finite(matrix, who)
    largest = max(float(matrix.max()), -float(matrix.min()))
    if largest and not _SMALLEST < largest < 1 / _SMALLEST:
        raise ValueError(
            f"{who} needs embeddings whose squares float64 can hold; the largest entry"
            f" is {largest:.3g}. Divide the embeddings by it."
        )
    return matrix


def pick_in_parts(pick, n_pool, n_instances, strategy, rng, n_columns):
    """Choose a share of the batch in each part of the pool.

    ``pick(rows, n_picks, device, show)`` returns positions in `rows` and the weight of
    each pick. `rng` draws the parts, if there are several; `n_columns` is the number of
    columns that enter a distance. Returns ``(indices, metrics)``.
    """
    who = type(strategy).__name__
    n_parts = strategy.n_partitions
    n_products = n_pool * n_instances / n_parts * n_columns
    device = _find_device(strategy.device, n_products, who)
    order = rng.permutation(n_pool) if n_parts > 1 else np.arange(n_pool)
    indices, metrics, n_done = [], [], 0
    with progress_bar(who, "pick", n_instances, strategy.verbose) as show:
        n_parts = min(n_parts, n_instances)
        for part, rows in enumerate(np.array_split(order, n_parts)):
            rows = np.sort(rows)
            n_picks = n_instances // n_parts + (part < n_instances % n_parts)

            def show_all(n_picked, n_before=n_done):
                show(n_before + n_picked)

            picks, weighed_by = pick(rows, n_picks, device, show_all)
            indices.append(rows[picks])
            metrics.append(weighed_by)
            n_done += n_picks
    return np.concatenate(indices), np.concatenate(metrics)


def part_of(matrix, rows):
    """Some rows of a matrix; the matrix itself, not a copy, if all rows are given."""
    return matrix if len(rows) == len(matrix) else matrix[rows]


def check_device(device, who):
    """Raise ValueError for a device that cannot be used."""
    if device is not None:
        _find_device(device, 0, who)


def _find_device(device, n_products, who):
    if str(device) == "cpu" or (device is None and n_products < _DEVICE_FROM):
        return None
    from modal_clustermargin._devices import cuda_device

    return cuda_device(device, who)
