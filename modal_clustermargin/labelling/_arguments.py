"""Arguments of `HandLabelling`, checked before a file is touched."""

import numpy as np

from modal_clustermargin.labelling._answers import (
    JOINED_BY,
    NONE,
    SKIP,
)
from modal_clustermargin.labelling._spelling import plain


def distinct_names(names, argument, repair):
    """Names as plain texts, which must differ and not be empty."""
    names = list(names)
    texts = [plain(name) for name in names]
    seen = {}
    for i, text in enumerate(texts):
        if not text:
            raise ValueError(
                f"HandLabelling needs {argument} that are not empty; got"
                f" {names[i]!r} at {i}. {repair}."
            )
        if seen.setdefault(text, i) != i:
            raise ValueError(
                f"HandLabelling needs different {argument}; got {text!r} at"
                f" {seen[text]} and {i}. {repair}."
            )
    return texts


def class_names(classes, multi_label):
    if classes is None:
        if multi_label:
            raise ValueError(
                "HandLabelling needs classes= with multi_label=True; got None. Give all"
                " labels that a sample may have."
            )
        return None
    names = distinct_names(classes, "classes", "Name each class once")
    words = (SKIP, NONE) if multi_label else (SKIP,)
    for name in names:
        if name.casefold() in words or (multi_label and {";", JOINED_BY} & set(name)):
            raise ValueError(
                f"HandLabelling cannot have {name!r} among classes: it is the word or"
                " the sign for something else. Name that class otherwise."
            )
    return names


def checked_indices(indices, n_samples):
    indices = np.asarray(indices)
    if indices.ndim != 1 or not indices.size or indices.dtype.kind not in "iu":
        raise ValueError(
            "export needs indices as positions, integers of shape (n_picks,); got shape"
            f" {indices.shape} and dtype {indices.dtype}."
        )
    outside = indices[(indices < 0) | (indices >= n_samples)]
    if outside.size:
        raise ValueError(
            f"export needs indices from 0 to {n_samples - 1}, positions in ids; got"
            f" {outside[0]}. Positions in the pool are turned into them by"
            " labelling.pool[positions]."
        )
    twice = np.flatnonzero(np.bincount(indices) > 1)
    if twice.size:
        raise ValueError(f"export needs different indices; got {twice[0]} twice.")
    return indices


def check_columns(told, images, n_picks):
    lengths = {name: len(values) for name, values in told.items()}
    if images is not None:
        lengths["images"] = len(images)
    for name, length in lengths.items():
        if length != n_picks:
            raise ValueError(
                f"export needs {name} of the picks alone, {n_picks} of them; got"
                f" {length}. Take those at the indices."
            )
    for name in told:
        if plain(name).casefold() in ("id", "label", "image"):
            raise ValueError(
                f"export cannot have a column {name!r}: the batch has one of its own."
                " Name it otherwise."
            )
