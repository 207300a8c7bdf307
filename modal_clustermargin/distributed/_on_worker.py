"""The functions of a neighbour search that run on a Dask worker."""

import numpy as np

from modal_clustermargin._devices import cuda_device
from modal_clustermargin.clustering import neighbors


class FoundNeighbors:
    """The entries of neighbour lists, without padding.

    Row i has the entries ``starts[i]`` to ``starts[i + 1]``.
    """

    def __init__(self, proposed, scores):
        found = proposed >= 0
        n_found = np.count_nonzero(found, axis=1)
        self.starts = np.append(0, np.cumsum(n_found)).astype(np.int32)
        self.entries = proposed[found]
        self.scores = scores[found]


def device_of_worker(device, find_device):
    """The CUDA device that a worker uses; None is the processor.

    `device` is the parameter of the user. If it is None, `find_device` says whether the
    worker uses a CUDA device if it has one.
    """
    if device is None and not find_device:
        return None
    return cuda_device(device, "AverageLinkage")


def compare_blocks(least_scores, k, device, find_device, *blocks):
    """Neighbours with more than the least scores, in one block or across two blocks."""
    device = device_of_worker(device, find_device)
    if len(blocks) == 1:
        found = [neighbors.exact_knn(*blocks[0], k, *least_scores, _silent, device)]
    else:
        found = neighbors.exact_knn_across(*blocks, k, least_scores, device)
    return [FoundNeighbors(*lists) for lists in found]


def _silent(percent):
    pass
