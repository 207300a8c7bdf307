"""LogME: the evidence of labels, were they linear in the features."""

import numpy as np
from scipy import linalg

from modal_clustermargin.transferability._targets import (
    Targets,
    blocks_of,
    check_features,
)

# What keeps precisions finite where features fit perfectly, or not at all.
_GUARD = 1e-5


def log_me(features, labels, *, published=False, max_iter=11, tol=1e-3):
    """Logarithm of maximum evidence of labels given features, per sample.

    LogME [1]_ takes a column of labels for a linear function of the features with
    Gaussian weights of precision alpha and Gaussian noise of precision beta, weights
    integrated out, and chooses alpha and beta so that the labels are likeliest. A
    higher score means features that a linear layer can do more with.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        Read in blocks; a memory map will do if there are more samples than features.

    labels : array-like of shape (n_samples,) or (n_samples, n_columns)
        Classes, of any type that sorts; or a number for each sample, not all of them
        whole; or columns, of ones and zeros or any numbers.

    published : bool, default=False
        Count every feature, as the published code [2]_ does, and not the rank of the
        features. The two agree where the rank is `n_features`; with fewer samples
        than features the published score is not the evidence.

    max_iter : int, default=11
        Most updates of alpha and beta, as in [2]_.

    tol : float, default=1e-3
        Updates end once alpha / beta changes by this share or less.

    Returns
    -------
    score : float
        Mean over classes, or columns, of the logarithm of the evidence divided by
        `n_samples`. Natural logarithm; scores of the same labels compare.

    Raises
    ------
    ValueError
        If there is one class only, or something is not finite, or shapes differ.

    Notes
    -----
    With singular values s of the features, rank k, and x the labels in the space of
    the left singular vectors, evidence is a sum over k numbers; the features enter
    by one decomposition, in float64: of the n_features x n_features products if
    there are more samples than features, otherwise of the features. Directions below
    1e-7 or so of the largest singular value count as none in the first case. As
    published, 1e-5 is added to the two sums that alpha and beta are divided by; unless
    `published`, features are divided by their root mean square for that, so that
    their unit does not matter.

    References
    ----------
    .. [1] K. You et al., "LogME: Practical Assessment of Pre-trained Models for
       Transfer Learning", ICML 2021, :arxiv:`2102.11005`; by fixed points in K. You
       et al., "Ranking and Tuning Pre-trained Models", JMLR 2022,
       :arxiv:`2110.10545`.
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
    # Evidence does not depend on the unit of features, but for what is added to sums.
    unit = 1.0 if published else _root_mean_square(features)
    sigma, x_sq, y_sq = _spectrum(features, targets, unit)
    n_weights = n_features if published else len(sigma)
    # Beyond the span of the features nothing can be explained.
    beyond_sq = np.maximum(y_sq - x_sq.sum(axis=0), 0)
    scores = _evidence(sigma, x_sq, beyond_sq, n_samples, n_weights, max_iter, tol)
    return float(scores.mean())


def _root_mean_square(features):
    """Of all entries; 1 if they are zeros."""
    largest = max(float(features.max()), -float(features.min()))
    if not largest:
        return 1.0
    mean_sq = sum(
        ((features[rows].astype(np.float64) / largest) ** 2).sum()
        for rows in blocks_of(features)
    )
    return largest * np.sqrt(mean_sq / features.size)


def _spectrum(features, targets, unit):
    """Squared singular values, and squared labels along the left singular vectors.

    Features count in units of `unit`.

    Returns
    -------
    sigma : ndarray of shape (rank,)

    x_sq : ndarray of shape (rank, n_columns)

    y_sq : ndarray of shape (n_columns,)
        Squared length of each column of labels.
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
    """Evidence of each column of labels, alpha and beta at their fixed point."""
    sigma = sigma[:, np.newaxis]
    alpha, beta = np.ones_like(beyond_sq), np.ones_like(beyond_sq)
    weights_sq, residual_sq = np.zeros_like(alpha), np.zeros_like(alpha)
    moving = np.arange(len(alpha))
    for _ in range(max_iter):
        ratio = alpha[moving] / beta[moving]
        x_sq_here, shrunk = x_sq[:, moving], sigma + ratio
        weights_sq[moving] = (sigma * x_sq_here / shrunk**2).sum(axis=0)
        explained_not = (x_sq_here * (ratio / shrunk) ** 2).sum(axis=0)
        residual_sq[moving] = explained_not + beyond_sq[moving]
        n_used = (sigma / shrunk).sum(axis=0)
        # As a sum, since little may be left of n_samples.
        n_free = n_samples - len(sigma) + (ratio / shrunk).sum(axis=0)
        alpha[moving] = n_used / (weights_sq[moving] + _GUARD)
        beta[moving] = n_free / (residual_sq[moving] + _GUARD)
        changed = np.abs(alpha[moving] / beta[moving] - ratio) > tol * ratio
        moving = moving[changed]
        if not len(moving):
            break
    if not n_weights:  # features are zeros, and nothing is left of alpha
        alpha = np.ones_like(alpha)
    return (
        n_weights / 2 * np.log(alpha)
        + n_samples / 2 * np.log(beta)
        - np.log(alpha + beta * sigma).sum(axis=0) / 2
        - beta / 2 * residual_sq
        - alpha / 2 * weights_sq
        - n_samples / 2 * np.log(2 * np.pi)
    ) / n_samples
