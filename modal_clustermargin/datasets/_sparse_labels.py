"""Sparse labels as columns of bytes in a memory map."""

import numpy as np

from modal_clustermargin.datasets._kept_arrays import kept_arrays

_BLOCK = 2**26  # bytes that are unpacked at once


def unpacked_labels(packed, folder, source, settings):
    """A sparse matrix as a memory map of bytes, written unless it is there.

    Parameters
    ----------
    packed : sparse matrix or array of shape (n_rows, n_classes)
        Of 0 and 1.

    folder : path-like
        Where it is kept.

    source : Path
        The file that the labels are of. When it changes, so does the memory map.

    settings : dict
        What else the labels depend on, as JSON can say it.

    Returns
    -------
    labels : memmap of shape (n_rows, n_classes), dtype=uint8
    """
    n_rows, n_classes = packed.shape
    about = source.stat()
    settings = {"bytes": about.st_size, "changed": about.st_mtime_ns, **settings}
    step = max(_BLOCK // max(n_classes, 1), 1)

    def blocks():
        for start in range(0, n_rows, step):
            yield (packed[start : start + step].astype(np.uint8).toarray(),)

    table = n_rows, n_rows * n_classes, blocks
    name = f"{source.stem}-unpacked"
    return kept_arrays(folder, name, settings, {("y",): table})["y"]
