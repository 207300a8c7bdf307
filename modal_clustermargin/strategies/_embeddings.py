"""The embeddings of a pool: given as an array, by a function, or by the classifier."""

import warnings
from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

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
    before the last, else the rows themselves are the embeddings. A wrapper such as
    ``GridSearchCV`` has the embeddings of the classifier that it trained. The
    embeddings of the members of a committee are concatenated.
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
    """The classifier's embeddings of rows; `X` itself if the classifier has none.

    Warns if the classifier holds others with embeddings, but none that are its own.
    """
    embeddings = _find_embeddings(classifier, X)
    if embeddings is not None:
        return embeddings
    if _has_embeddings(classifier):
        name = type(estimator_of(classifier)).__name__
        warnings.warn(
            f"{name} has no embeddings of its own, although a classifier inside it has"
            " some: the rows themselves are used. Pass embedding= to use others.",
            UserWarning,
            stacklevel=2,
        )
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
    """Whether a classifier, or one inside it, has embeddings, fitted or not."""
    if is_committee(classifier):
        return any(map(_has_embeddings, members(classifier)))
    estimator = estimator_of(classifier)
    if hasattr(estimator, "embed"):
        return True
    if hasattr(estimator, "steps"):
        return len(estimator.steps) > 1 or _has_embeddings(estimator.steps[-1][1])
    if not isinstance(estimator, BaseEstimator):
        return False
    inside = estimator.get_params(deep=False).values()
    return any(map(_has_embeddings, (each for value in inside for each in _in(value))))


def _in(value):
    """The estimators in a parameter: itself, or those of a list of pairs."""
    pairs = value if isinstance(value, list) else [(None, value)]
    values = [each[1] for each in pairs if isinstance(each, tuple) and len(each) == 2]
    return [each for each in values if isinstance(each, BaseEstimator)]


def _find_embeddings(classifier, X):
    """The classifier's embeddings of rows, or None."""
    if is_committee(classifier):
        return _side_by_side(members(classifier), X)
    estimator = estimator_of(classifier)
    if hasattr(estimator, "embed"):
        return estimator.embed(X)
    if hasattr(estimator, "steps"):  # a Pipeline of scikit-learn or imbalanced-learn
        for _, step in estimator.steps[:-1]:
            is_sampler = hasattr(step, "fit_resample")  # changes training data alone
            if step is not None and step != "passthrough" and not is_sampler:
                X = step.transform(X)
        embeddings = _find_embeddings(estimator.steps[-1][1], X)
        is_input = embeddings is None and len(estimator.steps) > 1
        return X if is_input else embeddings
    if not _has_embeddings(estimator):
        return None
    check_is_fitted(estimator)
    return _side_by_side(_trained_inside(estimator), X)


def _trained_inside(estimator):
    """The classifiers by which a fitted wrapper predicts, if each sees whole rows."""
    if hasattr(estimator, "best_estimator_"):  # a search for parameters
        return [estimator.best_estimator_]
    if hasattr(estimator, "calibrated_classifiers_"):  # copies, trained on folds
        return [estimator.calibrated_classifiers_[0].estimator]
    if hasattr(estimator, "estimators_"):
        return estimator.estimators_ if hasattr(estimator, "voting") else []
    is_whole = hasattr(estimator, "estimator_") and not hasattr(estimator, "support_")
    return [estimator.estimator_] if is_whole else []


def _side_by_side(classifiers, X):
    found = [_find_embeddings(each, X) for each in classifiers]
    found = [each for each in found if each is not None]
    if len(found) < 2:
        return found[0] if found else None
    return np.hstack([as_array(each) for each in found])


def _embed_block(X, start, classifier, who):
    return checked_matrix(embed(classifier, X), n_rows(X), who)
