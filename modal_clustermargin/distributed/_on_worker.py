"""The functions of a neighbour search that run on a Dask worker."""

import numpy as np

from modal_clustermargin._devices import cuda_device
from modal_clustermargin.clustering import neighbors


def device_of_worker(device, find_device):
    """The CUDA device that a worker uses; None is the processor.

    `device` is the parameter of the user. If it is None, `find_device` says whether the
    worker uses a CUDA device if it has one.
    """
    if device is None and not find_device:
        return None
    return cuda_device(device, "AverageLinkage")


def compare_blocks(least_scores, k, device, find_device, *blocks):
    """Neighbours with more than the least scores, in one block or across two blocks.

    Returns, for each block, what `neighbors.merge_entries` takes.
    """
    device = device_of_worker(device, find_device)
    if len(blocks) == 1:
        found = [neighbors.exact_knn(*blocks[0], k, *least_scores, _silent, device)]
    else:
        found = neighbors.exact_knn_across(*blocks, k, least_scores, device)
    return [_without_padding(*lists) for lists in found]


def _without_padding(proposed, scores):
    is_found = proposed >= 0
    starts = np.append(0, np.cumsum(np.count_nonzero(is_found, axis=1)))
    return starts.astype(np.int32), proposed[is_found], scores[is_found]


def _silent(percent):
    pass
