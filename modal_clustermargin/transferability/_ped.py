"""PED: separate classes of features, as fine-tuning would."""

import numpy as np
from scipy.spatial.distance import cdist

from modal_clustermargin.transferability._targets import (
    Targets,
    blocks_of,
    check_features,
)

_LEAST_SCALE = 1e-3


def ped(
    features,
    labels,
    *,
    mean=None,
    scale=None,
    n_sigma=0.6,
    time_step=0.1,
    strength=1.0,
    exit_ratio=0.5,
    max_steps=6,
):
    """Potential energy descent: separate overlapping classes.

    PED [1]_ models the classes as balls that repel each other if they overlap, and
    moves them for a few steps, as fine-tuning would. The result replaces the features
    in a score: ``log_me(ped(features, labels), labels)`` is the LogME-PED of the paper.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)

    labels : array-like of shape (n_samples,)
        Classes of any sortable type.

    mean, scale : array-like of shape (n_features,), default=None
        Features are standardised by this mean and scale before the steps, and scaled
        back afterwards. The authors take the mean and standard deviation of the
        features of ImageNet's validation images. None takes the mean and standard
        deviation of `features`. A scale below 1e-3 is replaced by 1e-3.

    n_sigma : float, default=0.6
        Radius of a class in multiples of its standard deviation, the square root of
        the sum of its variances. The paper tries 0.3 and 0.6.

    time_step : float, default=0.1
        In each step, two classes move apart by ``time_step**2 / 2`` times their force,
        but not by more than their overlap.

    strength : float, default=1.0
        Ratio of the force to the overlap.

    exit_ratio : float, default=0.5
        The steps end before a step whose total absolute movement is at most this
        fraction of the movement in the first step.

    max_steps : int, default=6
        Maximum number of steps.

    Returns
    -------
    moved : ndarray of shape (n_samples, n_features), dtype=float64
        The moved features. All samples of a class move by the same vector.

    Raises
    ------
    ValueError
        If labels are not classes, if there is only one class, if a value is not finite,
        or if a number is negative.

    Notes
    -----
    Classes whose means are equal up to rounding do not repel each other. In addition to
    the result, the memory needed is n_classes x (n_classes + n_features) numbers.

    References
    ----------
    .. [1] X. Li et al., "Exploring Model Transferability through the Lens of
       Potential Energy", ICCV 2023, :arxiv:`2308.15074`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from modal_clustermargin.transferability import log_me, ped
    >>> X, y = load_iris(return_X_y=True)
    >>> sepals = X[:, :2]
    >>> log_me(ped(sepals, y), y) > log_me(sepals, y)
    True
    """
    for name, value in (
        ("n_sigma", n_sigma),
        ("time_step", time_step),
        ("strength", strength),
        ("exit_ratio", exit_ratio),
        ("max_steps", max_steps),
    ):
        if not value >= 0:
            raise ValueError(f"ped needs {name} >= 0; got {value!r}.")
    features = check_features(features, "ped")
    targets = Targets(labels, len(features), "ped")
    if targets.classes is None:
        raise ValueError(
            "ped needs labels that are one class per sample; got labels in several"
            " columns, or numbers that are not integers."
        )
    codes = targets.codes
    n_features = features.shape[1]
    mean = features.mean(axis=0, dtype=float) if mean is None else mean
    scale = features.std(axis=0, dtype=float) if scale is None else scale
    mean, scale = np.asarray(mean, dtype=float), np.asarray(scale, dtype=float)
    if not mean.shape == scale.shape == (n_features,):
        raise ValueError(
            f"ped got mean of shape {mean.shape} and scale of shape {scale.shape} for"
            f" features of {n_features} columns; ({n_features},) is expected."
        )
    for name, row in (("mean", mean), ("scale", scale)):
        if not np.isfinite(row).all():
            raise ValueError(f"ped got NaN or infinity in {name}.")
    if (scale < 0).any():
        raise ValueError(f"ped got a negative scale: {scale.min():.3g}.")
    scale = np.maximum(scale, _LEAST_SCALE)
    means, deviations = _balls(features, codes, mean, scale)
    ranges = n_sigma * np.add.outer(deviations, deviations)
    push = time_step**2 / 2 * strength
    paths = _paths(means, ranges, push, exit_ratio, max_steps) * scale
    moved = np.empty(features.shape)
    for rows in blocks_of(features):
        moved[rows] = features[rows] + paths[codes[rows]]
    return moved


def _balls(features, codes, mean, scale):
    """Mean of each class, and the root of the sum of its variances."""
    counts = np.bincount(codes)
    sums = np.zeros((len(counts), features.shape[1]))
    for rows in blocks_of(features):
        np.add.at(sums, codes[rows], (features[rows] - mean) / scale)
    means = sums / counts[:, np.newaxis]
    spreads = np.zeros(len(counts))
    for rows in blocks_of(features):
        apart = (features[rows] - mean) / scale - means[codes[rows]]
        spreads += np.bincount(codes[rows], (apart**2).sum(axis=1), len(counts))
    return means, np.sqrt(spreads / counts)


def _paths(means, ranges, push, exit_ratio, max_steps):
    """Movement of each class: ndarray of shape (n_classes, n_features)."""
    centers = means.copy()
    first = None
    for _ in range(max_steps):
        step = _step(centers, ranges, push)
        change = np.abs(step).sum()
        first = change if first is None else first
        if not change > exit_ratio * first:
            break
        centers += step
    return centers - means


def _step(centers, ranges, push):
    distances = cdist(centers, centers)
    overlaps = np.maximum(ranges - distances, 0)
    shifts = np.minimum(push * overlaps, overlaps)
    # The direction between equal means would be a rounding error.
    same = distances <= 1e-12 * (1 + np.abs(centers).max())
    weights = np.where(same, 0, shifts) / np.where(same, 1, distances)
    # The sum of weight * (own center - other center) over the other classes.
    return weights.sum(axis=1, keepdims=True) * centers - weights @ centers
