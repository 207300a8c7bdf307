"""Squared distances of rows to the nearest of a growing set of centers.

k-center and k-means++ add one center at a time, and ask for little: the farthest
row, or one drawn row. So no distance to a new center is computed until somebody
asks, or until so many are asked for that one matrix product for all rows is
cheaper. The product is of float32 numbers and tells which rows a center may be
nearest to; these alone are measured, in float64. So what is returned does not
depend on it.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numba
import numpy as np
from threadpoolctl import ThreadpoolController

from modal_clustermargin.selection import _sq_dist_kernels as kernels

# Centers that a product is made for at the latest.
_MOST_PENDING = 256

# A product takes about as long as measuring one distance in so many.
_PRODUCT_GAIN = 16

# A product for few centers takes as long as for so many: rows have to be read.
_LEAST_CENTERS = 32

_TILE_ROWS = 2048

# Squared lengths that leave room in float32 for products of their rows.
_LONGEST = 1e30

# Tiles are shared among threads from so many products on.
_WORTH_SHARING = 2_000_000


def one_thread_each():
    """Run a block in which a matrix product takes one thread: the threads are ours."""
    return _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries():
    return ThreadpoolController()  # looks through what is loaded: milliseconds


class MinSqDists:
    """Squared distances to the nearest center, made sure of when asked for.

    Rows are those of `A`; with `B`, outer products of a row of `A` and a row of
    `B`, which are never formed.

    Parameters
    ----------
    A : ndarray of shape (n_rows, n_features), float32 or float64
        Finite, and neither so large nor so small that float64 cannot hold fourth
        powers. Not copied. Centers have to be of the same type.

    B : ndarray of shape (n_rows, n_others), default=None
        Of the same type.

    device : torch.device or None, default=None
        CUDA device for the products; None is the processor.

    Attributes
    ----------
    upper : ndarray of shape (n_rows,), dtype=float64
        No row is farther from its nearest center, in squares; infinite before
        there is one. -1 for rows that are centers themselves.
    """

    def __init__(self, A, B=None, device=None):
        B = np.empty((len(A), 0), A.dtype) if B is None else B
        self._rows = (A, B)
        self._centers = tuple(
            np.empty((_MOST_PENDING, *part.shape[1:]), part.dtype)
            for part in self._rows
        )
        self._n_pending = 0
        self._n_seen = np.zeros(len(A), np.int64)
        self._n_measured = 0
        self._device = device
        self._products = None
        self.upper = np.full(len(A), np.inf)

    def add(self, row):
        """Make a center of a row."""
        self._append(*(part[row] for part in self._rows))
        self.upper[row] = -1

    def add_others(self, A):
        """Make centers of rows that are none of these."""
        for row in A:
            self._append(row, row[:0])

    def at(self, row):
        """Squared distance of one row to its nearest center."""
        self._n_measured += self._n_pending - self._n_seen[row]
        return kernels.lower_row(
            row, self.upper, self._n_seen, self._rows, self._centers, self._n_pending
        )

    def farthest(self, heap):
        """The row farthest from its nearest center; of several, the first.

        Parameters
        ----------
        heap : ndarray of shape (n_rows,), dtype=int64
            Rows in heap order, which `kernels.make_heap` makes. Kept in order.

        Returns
        -------
        row : int
            -1 if it takes so many distances that `refresh` is cheaper.
        """
        row, n_measured = kernels.lower_top(
            heap,
            self._product_cost() - self._n_measured,
            self.upper,
            self._n_seen,
            self._rows,
            self._centers,
            self._n_pending,
        )
        self._n_measured += n_measured
        return row

    @property
    def is_stale(self):
        """Whether `refresh` is cheaper than to go on asking for single rows."""
        is_full = self._n_pending == _MOST_PENDING
        return is_full or self._n_measured > self._product_cost()

    def refresh(self):
        """Make sure of all rows."""
        if self._n_pending:
            if self._products is None:
                self._products = _products(*self._rows, self._device)
            centers = tuple(part[: self._n_pending] for part in self._centers)
            self._products.lower(self.upper, centers)
        self._n_seen[:] = 0
        self._n_measured = 0
        self._n_pending = 0

    def _append(self, *row):
        if self._n_pending == _MOST_PENDING:
            self.refresh()
        for part, value in zip(self._centers, row, strict=True):
            part[self._n_pending] = value
        self._n_pending += 1

    def _product_cost(self):
        """Of a product, in distances measured one by one."""
        n_centers = max(self._n_pending, _LEAST_CENTERS)
        return len(self.upper) * n_centers // _PRODUCT_GAIN


def _products(A, B, device):
    scaled = Scaled(A, B)
    if device is None:
        return Products(A, B, scaled)
    from modal_clustermargin.selection._torch_products import TorchProducts

    return TorchProducts(A, B, scaled, device)


class Scaled:
    """Rows in float32, near the origin, with entries of one and less.

    Plain rows are moved by their mean, which no distance depends on. Outer
    products cannot be.

    Attributes
    ----------
    A, B : ndarray, float32
    lengths : ndarray of shape (n_rows,), float32
        Squared.
    error, floor : float
        An approximate squared distance may be wrong by this share of two squared
        lengths, and by this much where float32 runs out of small numbers.
    unit : float
        A squared distance of one, after scaling.
    """

    def __init__(self, A, B):
        self.is_outer = B.shape[1] > 0
        self.shift = np.zeros(A.shape[1])
        if not self.is_outer:
            self.shift = A.mean(axis=0, dtype=np.float64)
        self._scales = (_spread(A, self.shift), _spread(B, 0))
        self.unit = (self._scales[0] * self._scales[1]) ** -2.0
        # Rounding of the entries, and of a sum of products in any order.
        n_terms = A.shape[1] + B.shape[1] + 16
        self.error = n_terms * float(np.finfo(np.float32).eps)
        self.floor = 16.0 * n_terms**2 * float(np.finfo(np.float32).tiny)
        self.A = self._scaled(A, self.shift, self._scales[0])
        self.B = self._scaled(B, 0, self._scales[1])
        self.lengths = _lengths(self.A, self.B)

    def centers(self, A, B):
        """Centers in the same way, and their squared lengths.

        Those too long for float32 count as so near that they are always measured.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            A = self._scaled(A, self.shift, self._scales[0])
            B = self._scaled(B, 0, self._scales[1])
            lengths = _lengths(A, B)
            too_long = ~(lengths < _LONGEST)
        A[too_long], B[too_long], lengths[too_long] = 0, 0, -np.inf
        return A, B, lengths

    @staticmethod
    def _scaled(rows, shift, scale):
        scaled = np.empty(rows.shape, np.float32)
        for first in range(0, len(rows), _TILE_ROWS):
            tile = slice(first, first + _TILE_ROWS)
            scaled[tile] = (rows[tile].astype(np.float64) - shift) / scale
        return scaled


def _spread(rows, shift):
    """Largest entry of rows that were moved; 1 if all are zero."""
    if rows.size == 0:
        return 1.0
    above, below = rows.max(axis=0) - shift, rows.min(axis=0) - shift
    return float(max(np.abs(above).max(), np.abs(below).max())) or 1.0


def _lengths(A, B):
    return kernels.sq_lengths(A, B).astype(np.float32)


class Products:
    """Lowers the distances of all rows, by tiles of a matrix product."""

    def __init__(self, A, B, scaled):
        self._rows = (A, B)
        self._scaled = scaled

    def lower(self, upper, centers):
        """Measure rows against the centers that may be nearest to them.

        Parameters
        ----------
        upper : ndarray of shape (n_rows,)
            Changed in place.

        centers : pair of ndarrays
            ``(A, B)``.
        """
        scaled = self._scaled
        center_A, center_B, center_lengths = scaled.centers(*centers)
        lengths = (scaled.lengths, center_lengths)

        def lower_tile(first):
            tile = slice(first, first + _TILE_ROWS)
            products_A = scaled.A[tile] @ center_A.T
            products_B = np.empty((0, 0), np.float32)
            if scaled.is_outer:
                products_B = scaled.B[tile] @ center_B.T
            kernels.lower_tile(
                upper,
                first,
                products_A,
                products_B,
                lengths,
                scaled.error,
                scaled.floor,
                scaled.unit,
                self._rows,
                centers,
            )

        tiles = range(0, len(upper), _TILE_ROWS)
        n_columns = scaled.A.shape[1] + scaled.B.shape[1]
        if len(upper) * len(center_A) * n_columns < _WORTH_SHARING or len(tiles) == 1:
            for first in tiles:
                lower_tile(first)
            return
        with ThreadPoolExecutor(numba.get_num_threads()) as threads:
            list(threads.map(lower_tile, tiles))
