"""Squared distances of rows to the nearest of a growing set of centers, on demand.

k-center and k-means++ add one center at a time, and need only the farthest row, or the
distance of one drawn row. So a distance to a new center is computed only when it is
needed, or when one matrix product for all rows is cheaper than the single distances.
The product in float32 finds the rows that a center may be nearest to. Only the
distances of these rows are then computed in float64, so the results do not depend on
the rounding of the product.
"""

from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from modal_clustermargin.selection import _sq_dist_kernels as kernels
from modal_clustermargin.selection._products import Products

# Largest number of centers in one product.
_MOST_PENDING = 256

# A product takes as long as computing one in 16 of its distances singly.
_PRODUCT_GAIN = 16

# A product for fewer centers takes as long as one for 32, since it reads all rows.
_LEAST_CENTERS = 32


def one_thread_each():
    """A block with one thread for each matrix product; tiles run in parallel."""
    return _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries():
    return ThreadpoolController()  # inspects all loaded libraries: milliseconds


class MinSqDists:
    """Squared distances to the nearest center, computed on demand.

    The rows are those of `A`, finite and in float32 or float64, whose fourth powers
    float64 can hold; or, if `B` is given, the outer products of the rows of `A` and
    `B`, which are never formed. `rows` is the pair ``(A, B)``, where a missing `B` has
    no columns. `device` is a CUDA device for the products, or None.

    `upper` holds an upper bound on the squared distance of each row to the nearest
    center; infinite before the first center, and -1 for rows that are centers.
    """

    def __init__(self, A, B=None, device=None):
        B = np.empty((len(A), 0), A.dtype) if B is None else B
        self.rows = (A, B)
        self._centers = tuple(
            np.empty((_MOST_PENDING, *part.shape[1:]), part.dtype) for part in self.rows
        )
        self._n_pending = 0
        self._n_seen = np.zeros(len(A), np.int64)
        self._n_measured = 0
        self._device = device
        self._products = None
        self.upper = np.full(len(A), np.inf)

    def add(self, row):
        """Make a row a center."""
        self._append(*(part[row] for part in self.rows))
        self.upper[row] = -1

    def add_others(self, A):
        """Add centers that are not among the rows."""
        for row in A:
            self._append(row, row[:0])

    def at(self, row):
        """Squared distance of one row to its nearest center."""
        self._n_measured += self._n_pending - self._n_seen[row]
        return kernels.lower_row(
            row, self.upper, self._n_seen, self.rows, self._centers, self._n_pending
        )

    def farthest(self, heap):
        """The row farthest from its nearest center; ties go to the first row.

        `heap` holds the rows in the order of `kernels.make_heap`, and stays in order.
        Returns -1 if `refresh` is cheaper than finding the row.
        """
        row, n_measured = kernels.lower_top(
            heap,
            self._product_cost() - self._n_measured,
            self.upper,
            self._n_seen,
            self.rows,
            self._centers,
            self._n_pending,
        )
        self._n_measured += n_measured
        return row

    @property
    def is_stale(self):
        """Whether `refresh` is cheaper than further single distances."""
        is_full = self._n_pending == _MOST_PENDING
        return is_full or self._n_measured > self._product_cost()

    def refresh(self):
        """Make `upper` exact for all rows."""
        if self._n_pending:
            if self._products is None:
                self._products = self._make_products()
            centers = tuple(part[: self._n_pending] for part in self._centers)
            self._products.lower(self.upper, centers)
        self._n_seen[:] = 0
        self._n_measured = 0
        self._n_pending = 0

    def _make_products(self):
        if self._device is None:
            return Products(*self.rows)
        from modal_clustermargin.selection._torch_products import TorchProducts

        return TorchProducts(*self.rows, self._device)

    def _append(self, *row):
        if self._n_pending == _MOST_PENDING:
            self.refresh()
        for part, value in zip(self._centers, row, strict=True):
            part[self._n_pending] = value
        self._n_pending += 1

    def _product_cost(self):
        """Cost of a product, as a number of distances computed singly."""
        n_centers = max(self._n_pending, _LEAST_CENTERS)
        return len(self.upper) * n_centers // _PRODUCT_GAIN
