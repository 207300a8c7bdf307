"""Arrays on disk, known by the rows and parameters that they were computed from.

A file is a plain ``.npz`` without pickled objects, so a foreign file cannot run code.
It is written atomically.
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
    """The folder of stored arrays, created if it is missing; None stores nothing.

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


def cached_arrays(memory, kind, X, parameters, names, compute):
    """The stored arrays of `X`, or else ``compute()``, one array for each name.

    `kind` says what is stored, such as "average-linkage". Raises ValueError if the
    arrays have to be computed, but cannot be stored.
    """
    folder = cache_folder(memory)
    if folder is None:
        return compute()
    key = joblib.hash((_FORMAT, parameters, np.ascontiguousarray(X)))
    path = folder / f"{kind}-{key}.npz"
    arrays = _read(path, names)
    if arrays is None:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ValueError(
                f"memory={str(folder)!r} cannot be written to, and does not hold the"
                f" {kind} of these rows yet. Name another folder, or leave memory=None."
            )
        arrays = compute()
        _write(path, dict(zip(names, arrays, strict=True)))
    return arrays


def _read(path, names):
    """The arrays of a file, or None if there is no valid file."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:  # closes the file whatever np.load raises
            stored = np.load(file, allow_pickle=False)
            if str(stored["key"]) != path.stem:
                raise ValueError("it was stored under another name")
            return [stored[name] for name in names]
    except Exception as error:
        # A damaged archive raises many kinds of errors.
        warnings.warn(
            f"The stored result {path} cannot be used ({error}); computing it again"
            " and replacing the file.",
            UserWarning,
            stacklevel=5,
        )
        return None


def _write(path, arrays):
    """Store arrays, or warn if that fails."""
    try:
        with written_whole(path) as file:
            np.savez(file, key=path.stem, **arrays)
    except OSError as error:
        warnings.warn(
            f"The result could not be stored in {path} ({error}); it will be computed"
            " again next time.",
            UserWarning,
            stacklevel=5,
        )
