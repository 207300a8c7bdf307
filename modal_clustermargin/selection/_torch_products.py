"""The products of `_min_sq_dists` on a CUDA device, and what they call for."""

import torch

from modal_clustermargin import _cuda
from modal_clustermargin.selection._sq_dist_kernels import NO_DISTANCE

_MOST_PRODUCTS = 2**27
_MOST_GATHERED = 2**26


class TorchProducts:
    """`_min_sq_dists.Products`, on a device.

    The products propose in float32, and distances are measured in float64, as
    on the processor: so the picks are the same, up to ties in the last bit.
    """

    def __init__(self, A, B, sq_length, scaled, device):
        self._device = device
        self._scaled = scaled
        self._rows = tuple(map(self._there, (A, B, sq_length)))
        self._proposing = tuple(map(self._there, (scaled.A, scaled.B, scaled.lengths)))

    def lower(self, upper, centers):
        """Measure rows against the centers that may be nearest to them."""
        center_A, center_B = self._scaled.of(*centers[:2])
        lengths = self._scaled.lengths_of(center_A, center_B)
        proposing = tuple(map(self._there, (center_A, center_B, lengths)))
        centers = tuple(map(self._there, centers))
        on_device = self._there(upper)
        n_rows = max(1, _MOST_PRODUCTS // len(center_A))
        for start in range(0, len(upper), n_rows):
            self._lower_block(
                on_device, slice(start, start + n_rows), proposing, centers
            )
        upper[:] = on_device.cpu().numpy()

    def _lower_block(self, upper, block, proposing, centers):
        A, B, lengths = (part[block] for part in self._proposing)
        center_A, center_B, center_lengths = proposing
        with _cuda.float32_products(self._device):
            products = A @ center_A.T
            if self._scaled.is_outer:
                products *= B @ center_B.T
        shrink = 1 - self._scaled.error
        least = products.mul_(-2)
        least += shrink * center_lengths
        least += (shrink * lengths)[:, None]
        unit, before = self._scaled.unit, upper[block]
        # The one that looks nearest first, so that few others have to be measured.
        smallest, nearest = least.min(dim=1)
        rows = ((before > 0) & (smallest < before * unit)).nonzero()[:, 0]
        self._measure(upper, block.start, rows, nearest[rows], centers)
        least[rows, nearest[rows]] = torch.inf
        limit = (upper[block] * unit).clamp_min(0)[:, None]
        rows, columns = (least < limit).nonzero(as_tuple=True)
        self._measure(upper, block.start, rows, columns, centers)

    def _measure(self, upper, start, rows, columns, centers):
        """Lower the distances of rows by those to a center each."""
        A, B, lengths = self._rows
        n_pairs = max(1, _MOST_GATHERED // (A.shape[1] + B.shape[1]))
        for i, c in zip(rows.split(n_pairs), columns.split(n_pairs), strict=True):
            i = i + start
            a, center_a = A[i].double(), centers[0][c].double()
            if self._scaled.is_outer:
                b, center_b = B[i].double(), centers[1][c].double()
                between = lengths[i] + centers[2][c]
                sq_dists = between - 2 * (a * center_a).sum(1) * (b * center_b).sum(1)
                sq_dists[sq_dists <= NO_DISTANCE * between] = 0
            else:
                sq_dists = (a - center_a).square().sum(1)
            upper.scatter_reduce_(0, i, sq_dists, "amin")

    def _there(self, part):
        return torch.from_numpy(part).to(self._device)
