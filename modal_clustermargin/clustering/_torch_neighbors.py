"""The nearest rows by matrix products on a CUDA device.

Only scores come from the device, as float32 sums in float32; they propose as
those of the processor do (`_neighbors`).
"""

import numpy as np
import torch

from modal_clustermargin import _devices

# Rows that ask at a time. Were they fewer, rows that do not fit on the device
# would take longer to arrive than to be multiplied.
_ASKING_ROWS = 16384

# Scores held at a time.
_MOST_SCORES = 2**29

# The share of scores, of a row too, that are picked one by one if they are new to
# the lists. Of more, topk finds the best, which reads all scores several times.
_FEW = 1 / 16


def nearest_in_set(rows, half, n_proposed, least_scores, show, device):
    """`_all_neighbors.nearest_in_set`, on a device."""
    base = _Base(rows, half, device)
    return _best_of_each(base, rows, n_proposed, least_scores, show, is_base=True)


def nearest_across(left, right, n_proposed, least_scores, device):
    """`_all_neighbors.nearest_across`, on a device."""
    return [
        _best_of_each(_Base(*base, device), asking, n_proposed, least)
        for asking, base, least in zip(
            (left[0], right[0]), (right, left), least_scores, strict=True
        )
    ]


def _best_of_each(base, asking, n_proposed, least_scores, show=None, is_base=False):
    """The best of the base for rows that may be its own, in blocks."""
    n_asking = len(asking)
    proposed = np.empty((n_asking, n_proposed), np.int32)
    scores = np.empty((n_asking, n_proposed), np.float32)
    for start in range(0, n_asking, _ASKING_ROWS):
        block = slice(start, min(start + _ASKING_ROWS, n_asking))
        own = start if is_base else None
        found = base.best(asking[block], n_proposed, least_scores[block], own)
        scores[block], proposed[block] = (part.cpu().numpy() for part in found)
        if show is not None:
            show(100 * block.stop // n_asking)
    return proposed, scores


def nearest_in_base(asking, base, n_proposed, device):
    """Squared distances to the nearest rows of `base`, and which they are.

    What ``faiss.knn`` returns: two arrays of shape (n_asking, n_proposed),
    float32 and int32, nearest first.
    """
    half = np.einsum("ij,ij->i", base, base) / 2
    base = _Base(base, half, device)
    sq_dists = np.empty((len(asking), n_proposed), np.float32)
    proposed = np.empty((len(asking), n_proposed), np.int32)
    least_scores = np.full(min(_ASKING_ROWS, len(asking)), -np.inf, np.float32)
    for start in range(0, len(asking), _ASKING_ROWS):
        block = slice(start, start + _ASKING_ROWS)
        n_asking = len(asking[block])
        best, found = base.best(asking[block], n_proposed, least_scores[:n_asking])
        sq_lengths = np.einsum("ij,ij->i", asking[block], asking[block])
        sq_dists[block] = sq_lengths[:, np.newaxis] - 2 * best.cpu().numpy()
        proposed[block] = found.cpu().numpy()
    return sq_dists, proposed


class _Base:
    """Rows to be searched: on the device if they fit there, else sent in parts."""

    def __init__(self, rows, half, device):
        self.device = device
        self.rows = torch.from_numpy(rows)
        self.half = torch.from_numpy(half)
        room = _devices.free_memory(device)
        if self.rows.nbytes + self.half.nbytes <= room / 2:
            self.rows, self.half = self.rows.to(device), self.half.to(device)
            room -= self.rows.nbytes + self.half.nbytes
        # The scores, what topk makes of them, and the part of the rows.
        self.n_scores = min(_MOST_SCORES, room // 16)
        self.n_rows = room // (16 * rows.shape[1])

    def best(self, asking, n_proposed, least_scores, own=None):
        """The highest scores of the base rows for some rows, and their numbers.

        With `own`, asking row i is base row ``own + i``, and does not find
        itself. Returns tensors of shape (n_asking, n_proposed) on the device,
        padded with the least score and -1.
        """
        asking = torch.from_numpy(asking).to(self.device)
        n_asking = len(asking)
        best = torch.from_numpy(least_scores).to(self.device)
        best = best[:, None].repeat(1, n_proposed)
        found = torch.full_like(best, -1, dtype=torch.int32)
        n_part = max(n_proposed, min(self.n_scores // n_asking, self.n_rows))
        with _devices.float32_products(self.device):
            for start in range(0, len(self.rows), n_part):
                part = slice(start, start + n_part)
                rows, half = self.rows[part].to(self.device), self.half[part]
                scores = torch.addmm(-half.to(self.device), asking, rows.T)
                if own is not None:
                    # Base row j is column j - start, and asking row j - own.
                    scores.diagonal(own - start).fill_(-torch.inf)
                best, found = _updated(best, found, scores, start)
        return best, found


def _updated(best, found, scores, start):
    """The lists once the rows from `start` on have these scores for them."""
    new = _picked(scores, scores > best[:, -1:])
    if new is None:
        new = scores.topk(min(best.shape[1], scores.shape[1]), dim=1)
    top, column = new
    return _merge(best, found, top, column.int() + start)


def _picked(scores, is_better):
    """The scores that are better, and their columns, row by row; None of many.

    Two tensors of shape (n_asking, most of a row), padded with -infinity.
    """
    if _are_many(is_better):
        return None
    row, column = is_better.nonzero(as_tuple=True)
    n_better = torch.bincount(row, minlength=len(scores))
    n_most = int(n_better.max())
    if n_most > _FEW * scores.shape[1]:
        return None
    place = torch.arange(len(row), device=row.device)
    place -= (n_better.cumsum(0) - n_better)[row]
    top = scores.new_full((len(scores), n_most), -torch.inf)
    columns = torch.zeros_like(top, dtype=torch.int32)
    top[row, place] = scores[row, column]
    columns[row, place] = column.int()
    return top, columns


def _are_many(is_better):
    """Whether more than the share `_FEW` may be true; never no if they are.

    Eight bytes are looked at as one number: a GPU adds up bytes as slowly as it
    adds up numbers.
    """
    n_bytes = is_better.numel()
    words = is_better.view(-1)[: n_bytes // 8 * 8].view(torch.int64)
    return 8 * int((words != 0).sum()) + 7 > _FEW * n_bytes


def _merge(best, found, top, numbers):
    """The best of two lists for each row; of equals those that came first."""
    scores = torch.cat([best, top], dim=1)
    numbers = torch.cat([found, numbers], dim=1)
    best, column = scores.sort(dim=1, descending=True, stable=True)
    n_kept = found.shape[1]
    return best[:, :n_kept], numbers.gather(1, column[:, :n_kept])
