"""Merges on disk, written atomically.

A file is a plain ``.npz`` without pickled objects, so a foreign file cannot run code.
"""

import os
import warnings
from pathlib import Path

import joblib
import numpy as np

from modal_clustermargin._whole_files import written_whole

# Part of every key; to be increased when the content of a file or its computation
# changes.
_FORMAT = 3


def cache_folder(memory):
    """The folder of stored merges, created if it is missing; None stores nothing.

    `memory` is path-like, a joblib.Memory or None.
    """
    location = getattr(memory, "location", memory)
    if location is None:
        return None
    try:
        folder = Path(location).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # expanduser finds no home
        raise ValueError(
            f"memory={str(location)!r} cannot be a folder for the cache"
            f" ({error}). Name another folder, or leave memory=None."
        ) from error
    return folder


def cached_merges(folder, X, parameters, compute):
    """The stored ``(children, heights, recall)`` of `X`, or else ``compute()``.

    Raises ValueError if merges have to be computed, but cannot be stored.
    """
    if folder is None:
        return compute()
    key = joblib.hash((_FORMAT, parameters, np.ascontiguousarray(X)))
    path = folder / f"average-linkage-{key}.npz"
    merges = _read(path)
    if merges is None:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ValueError(
                f"memory={str(folder)!r} cannot be written to, and does not hold the"
                " clustering of these rows yet. Name another folder, or leave"
                " memory=None."
            )
        merges = compute()
        _write(path, *merges)
    return merges


def _read(path):
    """``(children, heights, recall)``, or None if there is no valid file."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:  # closes the file whatever np.load raises
            stored = np.load(file, allow_pickle=False)
            if str(stored["key"]) != path.stem:
                raise ValueError("it was stored under another name")
            return stored["children"], stored["heights"], float(stored["recall"])
    except Exception as error:
        # A damaged archive raises many kinds of errors.
        warnings.warn(
            f"The cached clustering {path} cannot be used ({error});"
            " clustering again and replacing the file.",
            UserWarning,
            stacklevel=5,
        )
        return None


def _write(path, children, heights, recall):
    """Store merges, or warn if that fails."""
    try:
        with written_whole(path) as file:
            np.savez(
                file, key=path.stem, children=children, heights=heights, recall=recall
            )
    except OSError as error:
        warnings.warn(
            f"The clustering could not be stored in {path} ({error});"
            " it will be computed again next time.",
            UserWarning,
            stacklevel=5,
        )
