"""The embeddings of a pool: given as an array, by a function, or by the classifier."""

from contextlib import contextmanager

import numpy as np
from sklearn.exceptions import NotFittedError

from modal_clustermargin.pools import as_array, as_matrix, n_rows, open_pool
from modal_clustermargin.strategies._modal import (
    estimator_of,
    is_committee,
    members,
    without_training_data,
)


@contextmanager
def open_embeddings(embedding, classifier, pool, who):
    """Open the embeddings of a pool, and yield ``(rows, is_final)``.

    `embedding` is an array, a `Pool`, a function ``(classifier, X_pool)``, or None for
    the embeddings of the classifier. `rows` is a pool of matrix rows. `is_final` is
    False if the classifier has embeddings but is not fitted; then `rows` are the rows
    of the pool.
    """
    if embedding is None:
        yield classifier_embeddings(classifier, pool, who)
        return
    if callable(embedding):
        embedding = embedding(classifier, pool.X)
    with open_pool(embedding, who, "embedding") as rows:
        _check_n_rows(rows, len(pool), who)
        yield rows.as_matrix(who), True


@contextmanager
def open_array(embedding, n_pool, who):
    """Yield the parameter `embedding` of a strategy, an array as a `Pool` of rows.

    `n_pool` is the number of rows that the array must have, checked with its values;
    None means that it was checked before.
    """
    if embedding is None or callable(embedding):
        yield embedding
        return
    with open_pool(embedding, who, "embedding") as rows:
        if n_pool is not None:
            _check_n_rows(rows, n_pool, who)
        rows = rows.as_matrix(who)
        if n_pool is not None:
            rows.check_finite(who)
        yield rows


def classifier_embeddings(classifier, pool, who):
    """Embeddings that a classifier gives: ``(rows, is_final)``, as `open_embeddings`.

    The classifier's ``embed`` gives them, else the output of its pipeline's steps
    before the last, else the rows themselves are the embeddings. The embeddings of the
    members of a committee are concatenated.
    """
    if not _has_embeddings(classifier):
        return pool.as_matrix(who), True
    try:
        blocks = pool.ask(
            _embed_block, classifier, who, sent_as=without_training_data, n_tried=1
        )
        return pool.with_rows(blocks), True
    except NotFittedError:
        return pool.as_matrix(who), False


def embed(classifier, X):
    """The classifier's embeddings of rows; `X` itself if the classifier has none."""
    if is_committee(classifier):
        own = [each for each in members(classifier) if _has_embeddings(each)]
        return np.hstack([as_array(embed(each, X)) for each in own]) if own else X
    estimator = estimator_of(classifier)
    if hasattr(estimator, "embed"):
        return estimator.embed(X)
    if hasattr(estimator, "steps"):  # a scikit-learn Pipeline
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        return embed(estimator[-1], X)
    return X


def checked_matrix(embeddings, n_pool, who):
    """Embeddings as a matrix with one row for each row of the pool."""
    _check_n_rows(embeddings, n_pool, who)
    return as_matrix(embeddings, who)


def _check_n_rows(embeddings, n_pool, who):
    if n_rows(embeddings) != n_pool:
        raise ValueError(
            f"{who} got {n_rows(embeddings)} rows of embeddings for a pool of {n_pool}"
            " rows; they must match one to one."
        )


def _has_embeddings(classifier):
    if is_committee(classifier):
        return any(map(_has_embeddings, members(classifier)))
    estimator = estimator_of(classifier)
    if hasattr(estimator, "embed") or not hasattr(estimator, "steps"):
        return hasattr(estimator, "embed")
    return len(estimator.steps) > 1 or _has_embeddings(estimator[-1])


def _embed_block(X, start, classifier, who):
    return checked_matrix(embed(classifier, X), n_rows(X), who)
