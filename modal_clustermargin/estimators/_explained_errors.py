"""Errors of torch, explained in terms of the classifier's parameters."""

from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def explained_batch_norm(n_samples):
    """Say that batch norm cannot train on a single sample."""
    try:
        yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise ValueError(
            "The network has batch norm, which cannot train on a batch of one sample;"
            f" got n_samples={n_samples}. Label a second sample first, or raise"
            " batch_size."
        ) from error


@contextmanager
def explained_memory(device, **batch_size):
    """Say which batch size, given by its parameter, did not fit on a device."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        ((name, size),) = batch_size.items()
        less = f"{name}={size // 2} or less" if size > 1 else f"a smaller {name}"
        raise MemoryError(
            f"{device} has too little memory for {name}={size}. Set {less},"
            " mixed_precision=True, or use smaller samples."
        ) from error


def check_probabilities(proba, lr):
    """Raise ValueError for NaN in probabilities, and say where it comes from."""
    lost = np.isnan(proba).any(axis=1)
    if not lost.any():
        return
    if lost.all():
        raise ValueError(
            "NetworkClassifier.predict got NaN as the probabilities of every row:"
            f" training has diverged. Fit again with an lr below {lr:g}, or with larger"
            " batches."
        )
    raise ValueError(
        "NetworkClassifier.predict got NaN as the probabilities of row"
        f" {lost.argmax()} of X: its values overflow in the network. Repair or drop the"
        " row, or scale X before fit."
    )
