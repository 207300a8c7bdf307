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


def row_keys(block):
    """Numbers that stand for the content of each row.

    Parameters
    ----------
    block : tensor of shape (n_rows, ...), dtype=float32

    Returns
    -------
    keys : ndarray of shape (n_rows,), dtype=int64
        Equal for equal rows, in every process; two different rows share one
        with a chance of about 2**-63.
    """
    # Minus zero is zero. A sum of products with fixed random factors, mod 2**64.
    bits = (block.detach().cpu().flatten(1) + 0.0).view(torch.int32).numpy()
    factors = _factors(bits.shape[1])
    return np.einsum("ij,j->i", bits, factors, dtype=np.int64, casting="same_kind")


@lru_cache(maxsize=4)
def _factors(n_columns):
    numbers = np.random.default_rng(7)
    return numbers.integers(-(2**63), 2**63, n_columns, dtype=np.int64) | 1


def order_of_content(keys, targets):
    """Order of rows that depends on their content alone.

    Parameters
    ----------
    keys : ndarray of shape (n_samples,), dtype=int64

    targets : ndarray of shape (n_samples,) or (n_samples, n_labels)

    Returns
    -------
    order : ndarray of shape (n_samples,)
        Rows of equal keys and targets, which are the same, keep their order.
    """
    targets = torch.tensor(targets, dtype=torch.float32).reshape(len(keys), -1)
    return np.lexsort((row_keys(targets), keys))


def as_weights(sample_weight, n_samples):
    """Check `sample_weight` and return it as an array.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), or None

    n_samples : int

    Returns
    -------
    weights : ndarray of shape (n_samples,), dtype=float64, or None

    Raises
    ------
    ValueError
        If there is not one number a sample, or one is negative or not finite,
        or all are zero, or they are so large that an epoch would have a
        thousand copies of the mean row.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float64)
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
