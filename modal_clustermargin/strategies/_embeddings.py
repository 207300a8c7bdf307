"""Where the embeddings of a pool come from, when nobody passes them."""

from contextlib import suppress
from functools import partial

import numpy as np
from scipy import sparse
from sklearn.exceptions import NotFittedError

from modal_clustermargin.distributed._chunked_rows import (
    ChunkedRows,
    GatheredRows,
    lie_elsewhere,
)
from modal_clustermargin.distributed._workers import Shared
from modal_clustermargin.pools._rows import n_rows, take_rows, tensor_to_array
from modal_clustermargin.strategies._sent_classifier import without_pool

_MOST_DENSE_BYTES = 4 * 2**30


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
    if isinstance(X_pool, ChunkedRows):
        embed = partial(_embed_chunks, who=who)
    if embedding is not None:
        # Not ours: it gets the dask array.
        X_pool = getattr(X_pool, "array", X_pool)
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
        return np.hstack([_as_array(answer) for answer in own]) if own else X
    if hasattr(estimator, "query") and hasattr(estimator, "estimator"):
        return embed_by(estimator.estimator, X)  # a modAL learner
    if hasattr(estimator, "embed"):
        return estimator.embed(X)
    if hasattr(estimator, "steps"):  # a scikit-learn Pipeline
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        return embed_by(estimator[-1], X)
    return X


def given_rows(embeddings, n_pool, who):
    """Embeddings as a matrix if they are here; dask's and Zarr's as they are."""
    has_workers = isinstance(embeddings, (ChunkedRows, GatheredRows))
    if not (has_workers or lie_elsewhere(embeddings)):
        return as_matrix(embeddings, n_pool, who)
    _check_n_rows(embeddings, n_pool, who)
    if has_workers:
        return embeddings.flattened()
    if embeddings.ndim <= 2:
        return embeddings
    if not hasattr(embeddings, "__dask_graph__"):
        raise ValueError(
            f"{who} needs a Zarr array of embeddings that is a matrix; got shape"
            f" {embeddings.shape}. Store it as one, or pass a dask array."
        )
    return embeddings.reshape((n_pool, -1))


def as_matrix(embeddings, n_pool, who):
    """Embeddings as an ndarray of shape (n_pool, n_features); a view if it can."""
    _check_n_rows(embeddings, n_pool, who)
    if sparse.issparse(embeddings):
        dense_bytes = 4 * embeddings.shape[0] * embeddings.shape[1]
        if dense_bytes > _MOST_DENSE_BYTES:
            raise ValueError(
                f"{who} would need {dense_bytes / 2**30:.1f} GiB to cluster sparse"
                f" rows of shape {embeddings.shape} as dense embeddings. Reduce them"
                " first and pass embedding=, for instance with"
                " sklearn.decomposition.TruncatedSVD."
            )
        return embeddings.astype(np.float32).toarray()
    matrix = _as_array(embeddings)
    if matrix.dtype == object:
        with suppress(TypeError, ValueError):
            matrix = matrix.astype(np.float64)  # numbers after all
    if matrix.dtype.kind not in "fiub":
        raise ValueError(
            f"{who} needs embeddings that are numbers; got {matrix.dtype}. Pass"
            " embedding=, an array or a function (classifier, X_pool) that gives"
            " numbers for each row."
        )
    if matrix.dtype.itemsize > 8:
        matrix = matrix.astype(np.float64)
    return matrix.reshape(n_pool, -1)


def _embed_chunks(classifier, X_pool, who):
    """`embed_by`, on workers: rows that are here, or the pool itself."""
    first = take_rows(X_pool, slice(0, 1))
    if embed_by(classifier, first) is first:
        return X_pool
    classifier = Shared(without_pool(classifier))
    matrix = None
    for rows, embeddings in X_pool.map(_chunk_embeddings, classifier, who):
        if matrix is None:
            matrix = np.empty((len(X_pool), embeddings.shape[1]), embeddings.dtype)
        matrix[rows] = embeddings
    return GatheredRows(matrix, X_pool.workers)


def _chunk_embeddings(chunk, start, classifier, who):
    return as_matrix(embed_by(classifier, chunk), n_rows(chunk), who)


def _check_n_rows(embeddings, n_pool, who):
    if n_rows(embeddings) != n_pool:
        raise ValueError(
            f"{who} got {n_rows(embeddings)} rows of embeddings for a pool of {n_pool}"
            " rows; they must match one to one."
        )


def _as_array(embeddings):
    if sparse.issparse(embeddings):
        return embeddings.toarray()
    if hasattr(embeddings, "detach"):
        embeddings = tensor_to_array(embeddings)
    try:
        return np.asarray(embeddings)
    except ValueError:  # rows of different lengths
        return np.asarray(embeddings, dtype=object)
