"""LogME is the maximum of the evidence, written out in full."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from modal_clustermargin.transferability import log_me
from tests.transferability.make_features import labelled_features


def evidence(features, y, alpha, beta):
    """Log evidence of Bayesian linear regression, with every weight and matrix."""
    n_samples, n_features = features.shape
    precision = alpha * np.eye(n_features) + beta * features.T @ features
    weights = beta * np.linalg.solve(precision, features.T @ y)
    misfit = beta * ((y - features @ weights) ** 2).sum() + alpha * (weights**2).sum()
    return (
        n_features * np.log(alpha)
        + n_samples * np.log(beta)
        - np.linalg.slogdet(precision)[1]
        - misfit
        - n_samples * np.log(2 * np.pi)
    ) / 2


def maxima_of_evidence(features, y):
    """Local maxima of the evidence, with the published 1e-5 at both precisions."""

    features = features / np.sqrt((features**2).mean())

    def guarded(logs):
        alpha, beta = np.exp(logs)
        guard = 1e-5 * (alpha + beta) / 2
        return guard - evidence(features, y, alpha, beta)

    found = [
        minimize(guarded, [start, 1.0], method="Nelder-Mead", options=_PRECISELY)
        for start in (0.0, 6.0)
    ]
    return [evidence(features, y, *np.exp(each.x)) for each in found]


_PRECISELY = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000}


@settings(max_examples=25)
@given(labelled_features())
def test_it_is_a_maximum_of_the_evidence_for_every_shape(data):
    features, labels = data
    rng = np.random.RandomState(0)
    features = features + 0.01 * rng.normal(size=features.shape)
    # Noise in the labels: a perfect fit has no greatest evidence.
    y = labels + rng.normal(size=len(labels))
    found = log_me(features, y, max_iter=20_000, tol=1e-9)
    # Rare features have two maxima, and the fixed point is one of them.
    maxima = maxima_of_evidence(features, y)
    assert any(found * len(y) == pytest.approx(each, abs=2e-2) for each in maxima)


@pytest.mark.parametrize("shape", [(40, 90), (90, 40), (60, 60)])
def test_classes_are_columns_of_zeros_and_ones(shape):
    rng = np.random.RandomState(1)
    features = rng.normal(size=shape)
    names = np.array(["oak", "elm", "ash"])[rng.randint(3, size=shape[0])]
    columns = names[:, np.newaxis] == np.unique(names)
    expected = [max(maxima_of_evidence(features, y.astype(float))) for y in columns.T]
    found = log_me(features, names, max_iter=20_000, tol=1e-10)
    assert found == pytest.approx(np.mean(expected) / shape[0], abs=1e-4)
    assert log_me(features, columns) == pytest.approx(log_me(features, names))


def published_score(features, y, n_classes):
    """The formulas of the published code, class by class, in at most eleven rounds."""
    n_samples, n_features = features.shape
    left, singular, _ = np.linalg.svd(features, full_matrices=False)
    scores = []
    for label in range(n_classes):
        column = (y == label).astype(float)
        x = left.T @ column
        rest, sigma, alpha, beta = column @ column - x @ x, singular**2, 1.0, 1.0
        for _ in range(11):
            t = alpha / beta
            used = sum(s / (s + t) for s in sigma)
            m2 = sum(s * c**2 / (t + s) ** 2 for s, c in zip(sigma, x, strict=True))
            r2 = rest + sum(
                c**2 / (1 + s / t) ** 2 for s, c in zip(sigma, x, strict=True)
            )
            alpha, beta = used / (m2 + 1e-5), (n_samples - used) / (r2 + 1e-5)
            if abs(alpha / beta - t) / t <= 1e-3:
                break
        logs = n_features * np.log(alpha) + n_samples * np.log(beta / (2 * np.pi))
        logs -= np.log(alpha + beta * sigma).sum() + beta * r2 + alpha * m2
        scores.append(logs / 2 / n_samples)
    return np.mean(scores)


@pytest.mark.parametrize("shape", [(200, 30), (60, 59), (50, 120)])
def test_the_published_score(shape):
    rng = np.random.RandomState(2)
    features, y = rng.normal(size=shape), rng.randint(4, size=shape[0])
    theirs = published_score(features, y, 4)
    assert log_me(features, y, published=True) == pytest.approx(theirs, rel=1e-8)
    is_wide = shape[0] < shape[1]
    assert (log_me(features, y) != pytest.approx(theirs, abs=0.1)) == is_wide


@settings(max_examples=40)
@given(labelled_features(), st.randoms())
def test_order_rotation_and_names_do_not_matter(data, random):
    features, labels = data
    expected = log_me(features, labels)
    order = random.sample(range(len(labels)), len(labels))
    turn = np.linalg.qr(np.random.RandomState(0).normal(size=2 * [features.shape[1]]))
    turned = log_me(features[order] @ turn[0], labels[order])
    assert turned == pytest.approx(expected, rel=1e-5, abs=1e-5)
    names = np.array(["d", "a", "q", "b"])[labels]
    assert log_me(features, names) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shape", [(40, 90), (90, 40)])
@pytest.mark.parametrize("unit", [1e-100, 1e-3, 1e3, 1e155])
def test_the_unit_of_features_does_not_matter(shape, unit):
    rng = np.random.RandomState(5)
    features, labels = rng.normal(size=shape), rng.randint(3, size=shape[0])
    expected = log_me(features, labels)
    assert log_me(unit * features, labels) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(5, 9), (9, 5)])
def test_features_that_are_zeros_explain_nothing(shape):
    labels = np.arange(shape[0]) % 2
    zeros = log_me(np.zeros(shape), labels)
    assert np.isfinite(zeros)
    assert zeros < log_me(labels[:, np.newaxis] * np.ones(shape), labels)
