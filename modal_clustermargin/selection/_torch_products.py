"""Distances of all rows to new centers, by matrix products on a CUDA device."""

import numpy as np
import torch

from modal_clustermargin import _devices
from modal_clustermargin.selection._products import Products

_MOST_PRODUCTS = 2**27
_MOST_GATHERED = 2**26


class TorchProducts(Products):
    """`Products` on a device.

    The products propose centers in float32, and distances are computed in float64, as
    on the processor, so the picks are the same up to ties in the last bits.
    """

    def __init__(self, A, B, device):
        super().__init__(A, B)
        self._device = device
        self._measured = self._on_device(A, B)
        self._proposing = self._on_device(self.A, self.B, self.lengths)

    def lower(self, upper, centers):  # upper: IN and OUT
        """Compute the distances of rows to the centers that may be nearest."""
        proposing = self._on_device(*self.convert_centers(*centers))
        centers = self._on_device(*centers)
        [device_upper] = self._on_device(upper)
        n_rows = max(1, _MOST_PRODUCTS // len(centers[0]))
        for start in range(0, len(upper), n_rows):
            block = slice(start, start + n_rows)
            self._lower_block(device_upper, block, proposing, centers)
        upper[:] = device_upper.cpu().numpy()

    def _lower_block(self, upper, block, proposing, centers):
        A, B, lengths = (part[block] for part in self._proposing)
        center_A, center_B, center_lengths = proposing
        with _devices.float32_products(self._device):
            products = A @ center_A.T
            if self.is_outer:
                products *= B @ center_B.T
        shrink = 1 - self.error
        least = products.mul_(-2)
        least += shrink * center_lengths
        least += (shrink * lengths - self.floor)[:, None]
        unit, before = self.unit, upper[block]
        # The center that seems nearest comes first, so that few other distances are
        # needed.
        smallest, nearest = least.min(dim=1)
        rows = ((before > 0) & (smallest < before * unit)).nonzero()[:, 0]
        self._measure(upper, block.start, rows, nearest[rows], centers)
        least[rows, nearest[rows]] = torch.inf
        limit = (upper[block] * unit).clamp_min(0)[:, None]
        rows, columns = (least < limit).nonzero(as_tuple=True)
        self._measure(upper, block.start, rows, columns, centers)

    def _measure(self, upper, start, rows, columns, centers):
        """Lower `upper` by the distance of each row to the center of its column."""
        A, B = self._measured
        n_pairs = max(1, _MOST_GATHERED // (A.shape[1] + B.shape[1]))
        for i, c in zip(rows.split(n_pairs), columns.split(n_pairs), strict=True):
            i = i + start
            a, center_a = A[i].double(), centers[0][c].double()
            sq_dists = (a - center_a).square().sum(1)
            if self.is_outer:
                b, center_b = B[i].double(), centers[1][c].double()
                cross = (a * (a - center_a)).sum(1) * (center_b * (b - center_b)).sum(1)
                sq_dists *= center_b.square().sum(1)
                sq_dists += a.square().sum(1) * (b - center_b).square().sum(1)
                sq_dists = (sq_dists + 2 * cross).clamp_min(0)
            upper.scatter_reduce_(0, i, sq_dists, "amin")

    def _on_device(self, *arrays):
        # torch warns of arrays that are not writable.
        return [
            torch.from_numpy(np.require(array, requirements="CW")).to(self._device)
            for array in arrays
        ]
