"""How often labelled rows are trained on.

A weight says how often a row is there. As the order in which rows came does not
matter, a weight of two is the row twice and a weight of zero is no row, to the last
bit of the network.
"""

import numpy as np
import torch

# Where an epoch would be longer than this many times the rows, the weights are
# meant on another scale.
_MOST_COPIES = 1000

# Beside a weight of one, nothing to a sum of float32.
_LEAST_WEIGHT = 1e-30


def as_weights(sample_weight, n_samples):
    """Check `sample_weight` and return it as an array.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), or None

    n_samples : int

    Returns
    -------
    weights : ndarray of shape (n_samples,), dtype=float64, or None
        Whole numbers that rounding spoilt are whole again; all below one are
        scaled up to one; those that float32 cannot tell from zero are zero.

    Raises
    ------
    ValueError
        If there is not one number a sample, or one is negative or not finite,
        or all are zero, or they are so large that an epoch would have a
        thousand copies of the mean row.
    """
    if sample_weight is None:
        return None
    if torch.is_tensor(sample_weight):
        sample_weight = sample_weight.detach().cpu().numpy()
    weights = np.array(sample_weight, dtype=np.float64)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have one number a sample, shape ({n_samples},); got"
            f" shape {weights.shape}."
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            "sample_weight must be finite and not negative;"
            f" sample_weight[{row}] is {weights[row]}."
        )
    if not weights.any():
        raise ValueError("sample_weight is zero for every sample: none is left.")
    if weights.max() < 1:  # only ratios count
        weights /= weights.max()
    weights[weights < _LEAST_WEIGHT] = 0
    whole = np.round(weights)
    weights = np.where(np.abs(weights - whole) <= 1e-9 * whole, whole, weights)
    if np.ceil(weights).sum() > _MOST_COPIES * n_samples:
        raise ValueError(
            "sample_weight is how often a sample is there, and the mean is"
            f" {weights.mean():.4g}: an epoch would be as much longer. Pass"
            " sample_weight / sample_weight.mean()."
        )
    return weights


def copies_and_shares(weights):
    """Split each weight into whole copies and what one copy counts for.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        Above zero.

    Returns
    -------
    n_copies : ndarray of shape (n_samples,), dtype=int64

    shares : ndarray of shape (n_samples,), or None
        In (0, 1], and ``n_copies * shares`` is `weights`; None if all are 1.
    """
    n_copies = np.ceil(weights).astype(np.int64)
    shares = weights / n_copies
    return n_copies, None if (shares == 1).all() else shares
