"""Distances of all rows to new centers, by matrix products in tiles."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from modal_clustermargin.selection import _sq_dist_kernels as kernels

_TILE_ROWS = 2048

# Smallest number of multiplications for which threads share the tiles.
_WORTH_SHARING = 2_000_000


class TiledProducts:
    """Matrix products on the processor; rows are a pair ``(A, B)``."""

    def __init__(self, rows, float32_rows):
        self._rows = rows
        self._float32_rows = float32_rows

    def lower(self, upper, centers):  # upper: IN and OUT
        """Compute the distances of rows to the centers that may be nearest."""
        proposing = self._float32_rows
        center_A, center_B, center_lengths = proposing.centers(*centers)
        lengths = (proposing.lengths, center_lengths)

        def lower_tile(first):
            tile = slice(first, first + _TILE_ROWS)
            products_A = proposing.A[tile] @ center_A.T
            products_B = np.empty((0, 0), np.float32)
            if proposing.is_outer:
                products_B = proposing.B[tile] @ center_B.T
            kernels.lower_tile(
                upper,
                first,
                products_A,
                products_B,
                lengths,
                proposing.error,
                proposing.floor,
                proposing.unit,
                self._rows,
                centers,
            )

        tiles = range(0, len(upper), _TILE_ROWS)
        n_columns = proposing.A.shape[1] + proposing.B.shape[1]
        if len(upper) * len(center_A) * n_columns < _WORTH_SHARING or len(tiles) == 1:
            for first in tiles:
                lower_tile(first)
            return
        with ThreadPoolExecutor(numba.get_num_threads()) as threads:
            list(threads.map(lower_tile, tiles))
