"""The base class of query strategies, which checks the arguments of every query."""

import warnings
from abc import ABC, abstractmethod
from collections import Counter
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from modal_clustermargin.pools import open_pool
from modal_clustermargin.strategies._modal import takes_metrics


class QueryStrategy(BaseEstimator, ABC):
    """Base class for query strategies; subclasses implement `_select`.

    An instance is what modAL calls a ``query_strategy``: pass it to an
    ``ActiveLearner``, a ``Committee`` or a ``DeepActiveLearner``, or call it
    with any fitted classifier.
    """

    _parameter_constraints: dict = {}

    def __call__(self, classifier, X_pool, n_instances=1, *, ids=None):
        """Choose rows of the pool to label.

        Parameters
        ----------
        classifier : modAL learner or classifier
            Any object with the ``predict_proba`` that the strategy needs; it need not
            be fitted.

        X_pool : ndarray, sparse matrix or array, DataFrame, list or tensor
            The unlabelled rows, of any rank; also a memory map, a dask array, an array
            in a Zarr store, a polars DataFrame, or several inputs as a ``SliceDict`` of
            skorch (not a dict, which does not count rows). The rows are read in blocks
            and never changed. Only a sparse matrix in another format than CSR is
            copied, to CSR.

        n_instances : int, default=1
            Number of rows to choose.

        ids : array-like of shape (n_pool,), default=None
            A distinct id of each row, an integer or a string, by which the strategy
            recognises the row in later calls.

        Returns
        -------
        indices : ndarray of shape (min(n_instances, n_pool),), dtype=intp
            Distinct positions in `X_pool`, in the order picked.

        metrics : ndarray of the same shape, float64
            The value by which the strategy chose each pick. Metrics are returned only
            to a learner whose ``query`` takes ``return_metrics`` (modAL 0.4.2 and
            later); any other caller gets `indices` alone.

        Raises
        ------
        ValueError
            If n_instances is below one, the pool is empty, probabilities are not
            finite, or the strategy cannot use an argument. Where possible, the error is
            raised before any computation or random draw.

        TypeError
            If X_pool is a dict, a tuple, a list of inputs, or a pyarrow table.

        Warns
        -----
        UserWarning
            If n_instances exceeds the size of the pool. Then all rows are returned.
        """
        indices, metrics = self.pick_with_metrics(classifier, X_pool, n_instances, ids)
        return (indices, metrics) if takes_metrics(classifier) else indices

    def pick_with_metrics(self, classifier, X_pool, n_instances=1, ids=None):
        """Check the arguments and return ``(indices, metrics)``, whoever asks."""
        # modAL 0.4.2 calls a strategy a second time if it raises, so the cheap
        # checks come first.
        self._validate_params()
        with open_pool(X_pool, type(self).__name__) as pool:
            n_instances = self._check_n_instances(n_instances, len(pool))
            ids = self._check_ids(ids, len(pool))
            return self._select(classifier, pool, n_instances, ids)

    @abstractmethod
    def _select(self, classifier, pool, n_instances, ids):
        """Return ``(indices, metrics)``; the arguments are checked."""

    def _generator(self):
        """A random generator for one call, never numpy's global generator."""
        if self.random_state is None:
            fresh = np.random.SeedSequence().generate_state(4)
            return np.random.RandomState(fresh)
        return check_random_state(self.random_state)

    def _check_n_instances(self, n_instances, n_pool):
        """Number of rows to pick: at most the number of rows in the pool."""
        who = type(self).__name__
        if isinstance(n_instances, bool) or not isinstance(n_instances, Integral):
            raise ValueError(
                f"{who} needs n_instances to be an integer >= 1; got {n_instances!r}."
            )
        if n_instances < 1:
            raise ValueError(f"{who} needs n_instances >= 1; got {n_instances}.")
        if n_pool == 0:
            raise ValueError(
                f"{who} got an empty X_pool. Stop querying once every row is labelled."
            )
        if n_instances > n_pool:
            warnings.warn(
                f"{who} was asked for n_instances={n_instances} of a pool of {n_pool}"
                f" rows; all {n_pool} are returned.",
                UserWarning,
                stacklevel=4,
            )
        return min(int(n_instances), n_pool)

    def _check_ids(self, ids, n_pool):
        if ids is None:
            return None
        who = type(self).__name__
        ids = np.asarray(ids)
        if ids.shape != (n_pool,):
            raise ValueError(
                f"{who} got ids of shape {ids.shape} for a pool of {n_pool} rows;"
                f" ({n_pool},) is expected."
            )
        if len(set(ids.tolist())) < n_pool:
            repeated, count = Counter(ids.tolist()).most_common(1)[0]
            raise ValueError(
                f"{who} needs a different id for each row; {repeated} is given {count}"
                " times."
            )
        return ids

    def _check_ids_as_before(self, knew_ids, ids):
        """Raise ValueError if ids are given only before, or only in this call."""
        if knew_ids is None or knew_ids == (ids is not None):
            return
        who = type(self).__name__
        before, now = ("with", "without") if knew_ids else ("without", "with")
        raise ValueError(
            f"{who} recognises the rows of its pool {before} ids and is now called"
            f" {now} ids=. Pass ids in every call, fit included, or in none."
        )
