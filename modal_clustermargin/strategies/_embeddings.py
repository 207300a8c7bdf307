"""Where the embeddings of a pool come from, when nobody passes them."""

from functools import partial

import numpy as np
from sklearn.exceptions import NotFittedError

from modal_clustermargin.distributed._workers import Broadcast
from modal_clustermargin.pools import (
    as_array,
    as_matrix,
    lies_elsewhere,
    n_rows,
    take_rows,
)
from modal_clustermargin.strategies._sent_classifier import without_pool


def pool_embeddings(embedding, classifier, X_pool, who):
    """Embeddings of a pool, and whether better ones are to be expected.

    Parameters
    ----------
    embedding : callable or None
        ``embedding(classifier, X_pool)``, or None for what the classifier has:
        its estimator's ``embed``, else the transform of all steps of its
        pipeline but the last, else the rows themselves. Members of a committee
        are asked one by one, their embeddings put side by side.

    classifier : modAL learner, classifier or None

    X_pool : pool of any kind

    who : str
        Name to give in error messages.

    Returns
    -------
    embeddings : ndarray of shape (n_pool, n_features)
        Of a pool in chunks, rows with `workers`; or what `embedding` returned, if
        that is dask's or Zarr's.

    is_final : bool
        False if the classifier has embeddings to give, but is not fitted yet,
        and the rows themselves are returned instead.
    """
    embed = embed_by
    if getattr(X_pool, "has_workers", False):
        embed = partial(_embed_chunks, who=who)
    if embedding is not None:
        # Not ours: it gets the dask array.
        X_pool = X_pool.X if getattr(X_pool, "has_workers", False) else X_pool
        return given_rows(embedding(classifier, X_pool), n_rows(X_pool), who), True
    try:
        return given_rows(embed(classifier, X_pool), n_rows(X_pool), who), True
    except NotFittedError:
        return given_rows(X_pool, n_rows(X_pool), who), False


def embed_by(estimator, X):
    members = getattr(estimator, "learner_list", None)  # a modAL Committee
    if members is not None:
        answers = [embed_by(member, X) for member in members]
        own = [answer for answer in answers if answer is not X]
        return np.hstack([as_array(answer) for answer in own]) if own else X
    if hasattr(estimator, "query") and hasattr(estimator, "estimator"):
        return embed_by(estimator.estimator, X)  # a modAL learner
    if hasattr(estimator, "embed"):
        return estimator.embed(X)
    if hasattr(estimator, "steps"):  # a scikit-learn Pipeline
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        return embed_by(estimator[-1], X)
    return X


def checked_matrix(embeddings, n_pool, who):
    """Embeddings as a matrix, after a check of the number of rows."""
    _check_n_rows(embeddings, n_pool, who)
    return as_matrix(embeddings, who)


def given_rows(embeddings, n_pool, who):
    """Embeddings as a matrix if they are here; dask's and Zarr's as they are."""
    has_workers = getattr(embeddings, "has_workers", False)
    if not (has_workers or lies_elsewhere(embeddings)):
        return checked_matrix(embeddings, n_pool, who)
    _check_n_rows(embeddings, n_pool, who)
    if has_workers:
        return embeddings.as_matrix(who)
    if embeddings.ndim <= 2:
        return embeddings
    if not hasattr(embeddings, "__dask_graph__"):
        raise ValueError(
            f"{who} needs a Zarr array of embeddings that is a matrix; got shape"
            f" {embeddings.shape}. Store it as one, or pass a dask array."
        )
    return embeddings.reshape((n_pool, -1))


def _embed_chunks(classifier, X_pool, who):
    """`embed_by`, on workers: rows that are here, or the pool itself."""
    first = take_rows(X_pool, slice(0, 1))
    if embed_by(classifier, first) is first:
        return X_pool
    classifier = Broadcast(without_pool(classifier))
    return X_pool.with_rows(X_pool.map(_chunk_embeddings, classifier, who))


def _chunk_embeddings(chunk, start, classifier, who):
    return given_rows(embed_by(classifier, chunk), n_rows(chunk), who)


def _check_n_rows(embeddings, n_pool, who):
    if n_rows(embeddings) != n_pool:
        raise ValueError(
            f"{who} got {n_rows(embeddings)} rows of embeddings for a pool of {n_pool}"
            " rows; they must match one to one."
        )
