"""Embeddings, parts of the pool and the device, for BADGE and CoreSet."""

from abc import abstractmethod
from numbers import Integral

import numpy as np

from modal_clustermargin._param_validation import Interval
from modal_clustermargin._progress import progress_bar
from modal_clustermargin.pools import as_matrix, check_finite
from modal_clustermargin.strategies._base import QueryStrategy
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


class DiverseStrategy(QueryStrategy):
    """Base class of BADGE and CoreSet: the parts of the pool, and the device.

    Subclasses implement `_picker`.
    """

    _parameter_constraints = {
        "embedding": ["array-like", callable, None],
        "n_partitions": [Interval(Integral, 1, None, closed="left")],
        "device": "no_validation",  # `_select` checks it
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _picker(self, classifier, pool, rng):
        """Return ``(pick, n_columns)``.

        ``pick(rows, n_picks, device, show)`` returns positions in `rows` and the weight
        of each pick; `n_columns` is the number of columns that enter a distance.
        """

    def _select(self, classifier, pool, n_instances, ids):
        """Choose a share of the batch in each part of the pool."""
        if self.device is not None:  # before any work
            self._find_device(0)
        rng = self._generator()
        pick, n_columns = self._picker(classifier, pool, rng)
        n_pool, n_parts = len(pool), self.n_partitions
        device = self._find_device(n_pool * n_instances / n_parts * n_columns)
        order = rng.permutation(n_pool) if n_parts > 1 else np.arange(n_pool)
        indices, metrics, n_done = [], [], 0
        who = type(self).__name__
        with progress_bar(who, "pick", n_instances, self.verbose) as show:
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

    def _find_device(self, n_products):
        """A CUDA device, or None; ValueError for a device that cannot be used."""
        device = self.device
        if str(device) == "cpu" or (device is None and n_products < _DEVICE_FROM):
            return None
        from modal_clustermargin._devices import cuda_device

        return cuda_device(device, type(self).__name__)


def part_of(matrix, rows):
    """Some rows of a matrix; the matrix itself, not a copy, if all rows are given."""
    return matrix if len(rows) == len(matrix) else matrix[rows]
