"""Checks of the arguments of `HandLabelling`."""

import numpy as np

from modal_clustermargin.labelling._answers import JOINED_BY, NONE, SKIP
from modal_clustermargin.labelling._names import plain


def checked_names(names, argument):
    """Convert names to plain texts, and check that they are unique and not empty."""
    names = list(names)
    texts = [plain(name) for name in names]
    seen = {}
    for i, text in enumerate(texts):
        if not text:
            raise ValueError(
                f"HandLabelling needs {argument} that are not empty; got {names[i]!r}"
                f" at {i}."
            )
        if seen.setdefault(text, i) != i:
            raise ValueError(
                f"HandLabelling needs different {argument}; got {text!r} at"
                f" {seen[text]} and {i}. Write each of them once."
            )
    return texts


def checked_classes(classes, multi_label):
    """Classes as plain texts, or None for any label."""
    if classes is None:
        if multi_label:
            raise ValueError(
                "HandLabelling needs classes= with multi_label=True; got None. Give all"
                " labels that a sample may have."
            )
        return None
    names = checked_names(classes, "classes")
    words = (SKIP, NONE) if multi_label else (SKIP,)
    for name in names:
        if name.casefold() in words or (multi_label and {";", JOINED_BY} & set(name)):
            raise ValueError(
                f"HandLabelling cannot have the class {name!r}, because this word or"
                " sign has another meaning in labels. Rename the class."
            )
    return names


def checked_indices(indices, n_samples):
    """Different positions as an array of integers, at least one."""
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
            f" {outside[0]}. Convert positions in the pool with"
            " labelling.pool[positions]."
        )
    repeated = np.flatnonzero(np.bincount(indices) > 1)
    if repeated.size:
        raise ValueError(f"export needs different indices; got {repeated[0]} twice.")
    return indices


def checked_columns(columns, images, n_picks):
    """The given columns of a batch, as lists with one value for each pick."""
    columns = {
        name: list(np.atleast_1d(values))
        for name, values in columns.items()
        if values is not None
    }
    given = columns if images is None else columns | {"images": images}
    for name, values in given.items():
        if len(values) != n_picks:
            raise ValueError(
                f"export needs {name} with one value for each of the {n_picks} picks;"
                f" got {len(values)}. Index {name} by the picks."
            )
        if plain(name).casefold() in ("id", "label", "image"):
            raise ValueError(
                f"export cannot have a column {name!r}, because each batch has a column"
                " of that name. Rename the column."
            )
    return columns
