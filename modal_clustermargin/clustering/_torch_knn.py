"""Exact nearest neighbours by matrix products on a CUDA device.

The device only computes scores, in float32. As on the processor, the scores propose
neighbours, and `_neighbor_search` computes their distances.
"""

import numpy as np
import torch

from modal_clustermargin import _devices

# Queries in a block. With fewer, the transfer of references that do not fit on the
# device would take longer than their products.
_QUERY_ROWS = 16384

# Largest number of scores in memory at once.
_MOST_SCORES = 2**29

# Up to this share of improving scores, in a block and in each of its rows, the scores
# are picked one by one. Above it, topk finds the best, which reads all scores several
# times.
_FEW = 1 / 16


def exact_knn(rows, half, k, least_scores, show, device):
    """`_exact_knn.exact_knn` on a device."""
    references = _References(rows, half, device)
    return _search_in_blocks(references, rows, k, least_scores, show, is_same_set=True)


def exact_knn_across(left, right, k, least_scores, device):
    """`_exact_knn.exact_knn_across` on a device."""
    return [
        _search_in_blocks(_References(*references, device), queries, k, least)
        for queries, references, least in zip(
            (left[0], right[0]), (right, left), least_scores, strict=True
        )
    ]


def _search_in_blocks(
    references, queries, k, least_scores, show=None, is_same_set=False
):
    n_queries = len(queries)
    proposed = np.empty((n_queries, k), np.int32)
    scores = np.empty((n_queries, k), np.float32)
    for start in range(0, n_queries, _QUERY_ROWS):
        block = slice(start, min(start + _QUERY_ROWS, n_queries))
        own = start if is_same_set else None
        found = references.best(queries[block], k, least_scores[block], own)
        scores[block], proposed[block] = (part.cpu().numpy() for part in found)
        if show is not None:
            show(100 * block.stop // n_queries)
    return proposed, scores


def knn(queries, references, k, device):
    """`faiss.knn` on a device, with neighbours of dtype int32."""
    half = np.einsum("ij,ij->i", references, references) / 2
    references = _References(references, half, device)
    least_scores = np.full(len(queries), -np.inf, np.float32)
    proposed, scores = _search_in_blocks(references, queries, k, least_scores)
    sq_lengths = np.einsum("ij,ij->i", queries, queries)
    return sq_lengths[:, np.newaxis] - 2 * scores, proposed


class _References:
    """Rows to search: on the device if they fit there, else sent in parts."""

    def __init__(self, rows, half, device):
        self.device = device
        self.rows = torch.from_numpy(rows)
        self.half = torch.from_numpy(half)
        room = _devices.free_memory(device)
        if self.rows.nbytes + self.half.nbytes <= room / 2:
            self.rows, self.half = self.rows.to(device), self.half.to(device)
            room -= self.rows.nbytes + self.half.nbytes
        # Room for the scores, the copies that topk makes, and one part of the rows.
        self.n_scores = min(_MOST_SCORES, room // 16)
        self.n_rows = room // (16 * rows.shape[1])

    def best(self, queries, k, least_scores, own=None):
        """The highest scores of the references for each query, and their row numbers.

        With `own`, query i is reference ``own + i`` and does not find itself. Returns
        tensors of shape (n_queries, k) on the device, padded with the least score
        and -1.
        """
        queries = torch.from_numpy(queries).to(self.device)
        n_queries = len(queries)
        best = torch.from_numpy(least_scores).to(self.device)
        best = best[:, None].repeat(1, k)
        found = torch.full_like(best, -1, dtype=torch.int32)
        n_part = max(k, min(self.n_scores // n_queries, self.n_rows))
        with _devices.float32_products(self.device):
            for start in range(0, len(self.rows), n_part):
                part = slice(start, start + n_part)
                rows, half = self.rows[part].to(self.device), self.half[part]
                scores = torch.addmm(-half.to(self.device), queries, rows.T)
                if own is not None:
                    # Reference j is column j - start, and query j - own.
                    scores.diagonal(own - start).fill_(-torch.inf)
                best, found = _updated(best, found, scores, start)
        return best, found


def _updated(best, found, scores, start):
    """Lists updated with the scores of the references from `start` on."""
    new = _picked(scores, scores > best[:, -1:])
    if new is None:
        new = scores.topk(min(best.shape[1], scores.shape[1]), dim=1)
    top, column = new
    return _merge(best, found, top, column.int() + start)


def _picked(scores, is_better):
    """The improving scores of each row, and their columns; None if there are many.

    Two tensors of shape (n_queries, largest number in a row); scores are padded with
    -infinity.
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
    """Whether more than the share `_FEW` may be true. False is certain.

    Eight bytes are counted as one integer, because a GPU does not add bytes faster than
    integers.
    """
    n_bytes = is_better.numel()
    words = is_better.view(-1)[: n_bytes // 8 * 8].view(torch.int64)
    return 8 * int((words != 0).sum()) + 7 > _FEW * n_bytes


def _merge(best, found, top, numbers):
    """The best entries of two lists for each row; ties go to the first list."""
    scores = torch.cat([best, top], dim=1)
    numbers = torch.cat([found, numbers], dim=1)
    best, column = scores.sort(dim=1, descending=True, stable=True)
    n_kept = found.shape[1]
    return best[:, :n_kept], numbers.gather(1, column[:, :n_kept])
