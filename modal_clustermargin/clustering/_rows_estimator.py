"""The base class of the estimators here: the rows of a pool, and a neighbour search."""

import os
import time
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from modal_clustermargin._param_validation import HasMethods, Interval, StrOptions
from modal_clustermargin.clustering._cache import cache_folder
from modal_clustermargin.clustering._neighbor_search import NeighborSearch
from modal_clustermargin.clustering._rows import check_type
from modal_clustermargin.pools import KeyIndex, check_finite, open_pool, row_keys

# Smallest number of multiplications for which to look for a CUDA device: the import of
# torch takes seconds and hundreds of megabytes.
_DEVICE_FROM = 1e13


class RowsEstimator(BaseEstimator):
    """Base class of estimators that search for neighbours among the rows of a pool.

    Subclasses have the parameter `metric` and those below, and write `_fit_rows`.
    """

    _parameter_constraints = {
        "neighbors": [StrOptions({"exact", "approximate"})],
        "recall": [Interval(Real, 0, 1, closed="right")],
        "device": "no_validation",  # `cuda_device` checks it
        "memory": [str, os.PathLike, HasMethods(["cache"]), None],
        "verbose": ["boolean"],
    }

    def fit(self, X, y=None):
        """Search for the neighbours of all rows of `X`, and compute the attributes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite embeddings of any number type, or a memory map. A dask array, or an
            array in a Zarr store, is gathered in this process, and the workers of the
            current Dask client search for neighbours; without a client, a worker in
            this process searches.

        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        since = time.perf_counter()
        who = type(self).__name__
        with open_pool(X, who, "X") as pool:
            example = self._validated(pool.example())
            self.check_parameters(len(pool))
            search = self._make_search(len(pool) ** 2 * example.shape[1], pool)
            X = self._read(pool, example)
            if not pool.is_finite:
                check_finite(X, who)
            self._keys = row_keys(X)
            self._fitted_rows = KeyIndex.of_first(self._keys)
            self._fit_rows(X, pool, search)
        self.fit_seconds_ = time.perf_counter() - since
        return self

    def check_parameters(self, n_samples):
        """Raise the errors of `fit` that do not depend on the values of the rows.

        Parameters
        ----------
        n_samples : int
            Number of rows that `fit` will get.
        """
        self._validate_params()
        cache_folder(self.memory)

    def _fit_rows(self, X, pool, search):
        """Compute the attributes from checked rows; `pool` is where they came from."""
        raise NotImplementedError

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
