"""Distances of all rows to new centers, by matrix products in float32."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from modal_clustermargin.selection import _sq_dist_kernels as kernels

_BLOCK_ROWS = 2048

# Smallest number of multiplications for which threads share the blocks.
_WORTH_SHARING = 2_000_000

# Products of rows with larger squared lengths may overflow in float32.
_LONGEST = 1e30


class Products:
    """Rows in float32, centered and scaled so that no entry exceeds one.

    Plain rows are shifted by their mean, which changes no distance. Outer products are
    not shifted, since their distances would change.

    The error of an approximate squared distance is at most `error` times the sum of the
    two squared lengths, plus `floor` where float32 underflows. `unit` is a squared
    distance of one, after scaling.
    """

    def __init__(self, A, B):
        self.rows = A, B
        self.is_outer = B.shape[1] > 0
        self._shift = np.zeros(A.shape[1])
        if not self.is_outer:
            self._shift = A.mean(axis=0, dtype=np.float64)
        self._scales = (_largest(A, self._shift), _largest(B, 0))
        self.unit = (self._scales[0] * self._scales[1]) ** -2.0
        # A bound on the rounding of the entries, and of a sum of products in any order.
        n_terms = A.shape[1] + B.shape[1] + 16
        self.error = n_terms * float(np.finfo(np.float32).eps)
        self.floor = 16.0 * n_terms**2 * float(np.finfo(np.float32).tiny)
        self.A, self.B, self.lengths = self._convert(A, B)

    def lower(self, upper, centers):  # upper: IN and OUT
        """Compute the distances of rows to the centers that may be nearest."""
        center_A, center_B, center_lengths = self.convert_centers(*centers)

        def lower_tile(first):
            tile = slice(first, first + _BLOCK_ROWS)
            products = self.A[tile] @ center_A.T
            if self.is_outer:
                products *= self.B[tile] @ center_B.T
            kernels.lower_tile(
                upper,
                first,
                products,
                (self.lengths, center_lengths),
                self.error,
                self.floor,
                self.unit,
                self.rows,
                centers,
            )

        tiles = range(0, len(upper), _BLOCK_ROWS)
        n_columns = self.A.shape[1] + self.B.shape[1]
        if len(upper) * len(center_A) * n_columns < _WORTH_SHARING or len(tiles) == 1:
            for first in tiles:
                lower_tile(first)
            return
        with ThreadPoolExecutor(numba.get_num_threads()) as threads:
            list(threads.map(lower_tile, tiles))

    def convert_centers(self, A, B):
        """Convert centers in the same way: ``(A, B, lengths)``.

        Centers too long for float32 get a length of -infinity, so the distances of all
        rows to them are computed.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            A, B, lengths = self._convert(A, B)
            too_long = ~(lengths < _LONGEST)
        A[too_long], B[too_long], lengths[too_long] = 0, 0, -np.inf
        return A, B, lengths

    def _convert(self, A, B):
        A = _scaled(A, self._shift, self._scales[0])
        B = _scaled(B, 0, self._scales[1])
        return A, B, kernels.sq_lengths(A, B).astype(np.float32)


def _scaled(rows, shift, scale):
    scaled = np.empty(rows.shape, np.float32)
    for first in range(0, len(rows), _BLOCK_ROWS):
        block = slice(first, first + _BLOCK_ROWS)
        scaled[block] = (rows[block].astype(np.float64) - shift) / scale
    return scaled


def _largest(rows, shift):
    """Largest absolute entry of shifted rows; 1 if all are zero."""
    if rows.size == 0:
        return 1.0
    above, below = rows.max(axis=0) - shift, rows.min(axis=0) - shift
    return float(max(np.abs(above).max(), np.abs(below).max())) or 1.0
