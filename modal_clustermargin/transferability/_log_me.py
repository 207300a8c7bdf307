"""LogME: the evidence of labels in a linear model of the features."""

import numpy as np
from scipy import linalg

from modal_clustermargin.transferability._targets import (
    Targets,
    blocks_of,
    check_features,
)

# Keeps precisions finite if features fit perfectly or not at all.
_GUARD = 1e-5


def log_me(features, labels, *, published=False, max_iter=11, tol=1e-3):
    """Logarithm of the maximum evidence of labels given features, per sample.

    LogME [1]_ models a column of labels as a linear function of the features with
    Gaussian weights of precision alpha and Gaussian noise of precision beta. The
    weights are integrated out, and alpha and beta are chosen to maximise the evidence.
    The higher the score, the better a linear layer fits the labels.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Read in blocks if there are more samples than features, so a memory map is not
        loaded whole.

    labels : array-like of shape (n_samples,) or (n_samples, n_columns)
        Classes of any sortable type; or one number per sample, if not all numbers are
        integers; or columns of numbers, such as zeros and ones.

    published : bool, default=False
        Whether to use the number of features, as the published code [2]_ does, instead
        of their rank. Both scores agree if the rank is `n_features`. With fewer samples
        than features, the published score is not the evidence.

    max_iter : int, default=11
        Maximum number of updates of alpha and beta, as in [2]_.

    tol : float, default=1e-3
        Updates end when the relative change of alpha / beta is at most `tol`.

    Returns
    -------
    score : float
        Mean over classes or columns of the natural logarithm of the evidence, divided
        by `n_samples`. Only scores for the same labels can be compared.

    Raises
    ------
    ValueError
        If there is only one class, if features or labels are not finite, or if their
        lengths differ.

    Notes
    -----
    The cost is one decomposition in float64: of the n_features x n_features matrix of
    products if there are more samples than features, else of the features. In the first
    case, directions with singular values below about 1e-7 of the largest one are
    ignored. As in the published code, 1e-5 is added to the denominators of alpha and
    beta. The scale of the features does not change the score, unless `published`.

    References
    ----------
    .. [1] K. You et al., "Ranking and Tuning Pre-trained Models", JMLR 2022,
       :arxiv:`2110.10545`; first in ICML 2021, :arxiv:`2102.11005`.
    .. [2] The authors' code, github.com/thuml/LogME.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from modal_clustermargin.transferability import log_me
    >>> X, y = load_iris(return_X_y=True)
    >>> log_me(X, y) > log_me(X[:, :2], y)
    True
    """
    features = check_features(features, "log_me")
    targets = Targets(labels, len(features), "log_me")
    n_samples, n_features = features.shape
    # This scaling is needed only because of _GUARD.
    unit = 1.0 if published else _root_mean_square(features)
    sigma, x_sq, y_sq = _spectrum(features, targets, unit)
    n_weights = n_features if published else len(sigma)
    # The part of the labels outside the span of the features stays unexplained.
    beyond_sq = np.maximum(y_sq - x_sq.sum(axis=0), 0)
    scores = _evidence(sigma, x_sq, beyond_sq, n_samples, n_weights, max_iter, tol)
    return float(scores.mean())


def _root_mean_square(features):
    """Root mean square of all entries; 1 if all are zero."""
    largest = max(float(features.max()), -float(features.min()))
    if not largest:
        return 1.0
    mean_sq = sum(
        ((features[rows].astype(np.float64) / largest) ** 2).sum()
        for rows in blocks_of(features)
    )
    return largest * np.sqrt(mean_sq / features.size)


def _spectrum(features, targets, unit):
    """Decompose features, in multiples of `unit`, and project the labels.

    Returns the squared singular values, the squared projections of each column of
    labels on the left singular vectors, and the squared length of each column.
    """
    n_samples, n_features = features.shape
    y_sq = np.zeros(targets.n_columns)
    if n_samples <= n_features:
        whole = targets.block(slice(None))
        left, singular, _ = linalg.svd(
            features.astype(np.float64) / unit, full_matrices=False
        )
        y_sq += (whole**2).sum(axis=0)
        sigma, x = singular**2, left.T @ whole
        least = np.finfo(float).eps * n_features * singular[0]
        kept = singular > least
    else:
        products = np.zeros((n_features, n_features))
        onto_labels = np.zeros((n_features, targets.n_columns))
        for rows in blocks_of(features, targets.n_columns):
            block = features[rows].astype(np.float64) / unit
            columns = targets.block(rows)
            products += block.T @ block
            onto_labels += block.T @ columns
            y_sq += (columns**2).sum(axis=0)
        sigma, right = linalg.eigh(products)
        kept = sigma > np.finfo(float).eps * n_features * sigma[-1]
        x = right.T @ onto_labels
        x[kept] /= np.sqrt(sigma[kept])[:, np.newaxis]
    return sigma[kept], x[kept] ** 2, y_sq


def _evidence(sigma, x_sq, beyond_sq, n_samples, n_weights, max_iter, tol):
    """Log evidence per sample of each column of labels, at the fixed point."""
    sigma = sigma[:, np.newaxis]
    alpha, beta = np.ones_like(beyond_sq), np.ones_like(beyond_sq)
    weights_sq, residual_sq = np.zeros_like(alpha), np.zeros_like(alpha)
    moving = np.arange(len(alpha))
    for _ in range(max_iter):
        ratio = alpha[moving] / beta[moving]
        x_sq_here, shrunk = x_sq[:, moving], sigma + ratio
        weights_sq[moving] = (sigma * x_sq_here / shrunk**2).sum(axis=0)
        unexplained = (x_sq_here * (ratio / shrunk) ** 2).sum(axis=0)
        residual_sq[moving] = unexplained + beyond_sq[moving]
        n_used = (sigma / shrunk).sum(axis=0)
        # A sum, because the difference n_samples - n_used would lose digits.
        n_free = n_samples - len(sigma) + (ratio / shrunk).sum(axis=0)
        alpha[moving] = n_used / (weights_sq[moving] + _GUARD)
        beta[moving] = n_free / (residual_sq[moving] + _GUARD)
        changed = np.abs(alpha[moving] / beta[moving] - ratio) > tol * ratio
        moving = moving[changed]
        if not len(moving):
            break
    if not n_weights:  # all features are zero, so alpha has no effect
        alpha = np.ones_like(alpha)
    return (
        n_weights / 2 * np.log(alpha)
        + n_samples / 2 * np.log(beta)
        - np.log(alpha + beta * sigma).sum(axis=0) / 2
        - beta / 2 * residual_sq
        - alpha / 2 * weights_sq
        - n_samples / 2 * np.log(2 * np.pi)
    ) / n_samples
