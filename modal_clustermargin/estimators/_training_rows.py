"""In what order, and how often, labelled rows are trained on.

A network is trained on what its rows are, and not on the order in which they
came: rows are put in an order of their content before they are shuffled. A
weight says how often a row is there. Then a weight of two is the row twice and
a weight of zero is no row, to the last bit of the network.
"""

from functools import lru_cache

import numpy as np
import torch

# Where an epoch would be longer than this many times the rows, the weights are
# meant on another scale.
_MOST_COPIES = 1000

# Beside a weight of one, nothing to a sum of float32.
_LEAST_WEIGHT = 1e-30


def row_keys(block):
    """Numbers that stand for the content of each row.

    Parameters
    ----------
    block : ndarray of shape (n_rows, ...)
        Numbers of 4 or 8 bytes; minus zero is zero.

    Returns
    -------
    keys : ndarray of shape (n_rows,), dtype=int64
        Equal for equal rows, in every process; two different rows share one with a
        chance of about 2**-57.
    """
    block = np.ascontiguousarray(block.reshape(len(block), -1) + block.dtype.type(0))
    bits = block.view(np.int32)
    # Bits of floats that differ are often the high ones, and a product moves bits
    # up alone. The sum is one of products with fixed random factors, mod 2**64.
    bits = bits ^ (bits >> 15) ^ (bits >> 23)
    factors = _factors(bits.shape[1])
    return np.einsum("ij,j->i", bits, factors, dtype=np.int64, casting="same_kind")


@lru_cache(maxsize=4)
def _factors(n_columns):
    numbers = np.random.default_rng(7)
    return numbers.integers(-(2**63), 2**63, n_columns, dtype=np.int64) | 1


def order_of_content(keys, targets, weights):
    """Order of rows that depends on their content alone.

    Parameters
    ----------
    keys : ndarray of shape (n_samples,), dtype=int64

    targets : ndarray of shape (n_samples,) or (n_samples, n_labels)

    weights : ndarray of shape (n_samples,), or None

    Returns
    -------
    order : ndarray of shape (n_samples,)
        Rows equal in all three, which are the same, keep their order.
    """
    target_keys = row_keys(np.asarray(targets, np.float32).reshape(len(keys), -1))
    weights = np.ones(len(keys)) if weights is None else weights
    return np.lexsort((weights, target_keys, keys))


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
