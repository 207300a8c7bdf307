"""What the estimators of this package share: reading rows, and a neighbour search."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from modal_clustermargin.clustering._neighbor_search import NeighborSearch
from modal_clustermargin.clustering._rows import check_type
from modal_clustermargin.pools import check_finite, open_pool

# Smallest number of multiplications for which to look for a CUDA device: the import of
# torch takes seconds and hundreds of megabytes.
_DEVICE_FROM = 1e13


class RowsEstimator(BaseEstimator):
    """Base class of estimators that are fitted to the rows of a pool.

    Subclasses have the parameters `metric`, `neighbors`, `recall`, `device` and
    `verbose`.
    """

    def _make_search(self, n_products, pool=None):
        """The neighbour search, in this process or on the workers of the pool."""
        approximate = self.neighbors == "approximate" and self.metric != "euclidean"
        recall = float(self.recall) if approximate else None
        find_device = self.device is None and n_products >= _DEVICE_FROM
        if pool is not None and pool.has_workers:
            return pool.neighbor_search(recall, self.device, find_device, self.verbose)
        device = None
        if self.device is not None or (find_device and not approximate):
            from modal_clustermargin._devices import cuda_device

            device = cuda_device(self.device, type(self).__name__)
        return NeighborSearch(recall, device, find_device, self.verbose)

    def _new_rows(self, X):
        """Read and check rows, after `fit`."""
        who = type(self).__name__
        with open_pool(X, who, "X") as pool:
            X = self._read(pool, self._validated(pool.example(), reset=False))
        check_finite(X, who)
        return X

    def _read(self, pool, example):
        """All rows of a pool, in this process; `example` holds checked rows."""
        return self._validated(pool.gathered(), False) if pool.has_workers else example

    def _validated(self, X, reset=True):
        """Rows after scikit-learn's checks and a check of their dtype."""
        if isinstance(getattr(X, "dtype", None), np.dtype):
            check_type(X.dtype, type(self).__name__)
        return validate_data(self, X, ensure_all_finite=False, reset=reset)
