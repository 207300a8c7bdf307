"""Merges on disk: written atomically, and checked when read.

A file is a plain ``.npz`` without pickled objects, so a foreign file cannot run code.
"""

import os
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np

from modal_clustermargin._whole_files import written_whole

# Part of every key; to be increased when the content of a file or its computation
# changes.
_FORMAT = 3


class MergeCache:
    """A folder of merges, found by the content of the clustered rows.

    Parameters
    ----------
    memory : path-like, joblib.Memory or None
        The folder. With None, or with a Memory without location, nothing is stored.
    """

    def __init__(self, memory):
        location = getattr(memory, "location", memory)
        self.folder = None
        if location is not None:
            try:
                self.folder = Path(location).expanduser()
                self.folder.mkdir(parents=True, exist_ok=True)
            except (OSError, RuntimeError) as error:  # expanduser finds no home
                raise ValueError(
                    f"memory={str(location)!r} cannot be a folder for the cache"
                    f" ({error}). Name another folder, or leave memory=None."
                ) from error

    def get(self, X, parameters, compute):
        """The stored ``(children, heights, recall)``, or the result of ``compute()``.

        Raises
        ------
        ValueError
            If merges have to be computed, but cannot be stored.
        """
        if self.folder is None:
            return compute()
        key = joblib.hash((_FORMAT, parameters, np.ascontiguousarray(X)))
        path = self.folder / f"average-linkage-{key}.npz"
        merges = _read(path, len(X))
        if merges is None:
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise ValueError(
                    f"memory={str(self.folder)!r} cannot be written to, and does not"
                    " hold the clustering of these rows yet. Name another folder, or"
                    " leave memory=None."
                )
            merges = compute()
            _write(path, *merges)
        return merges


def _read(path, n_samples):
    """``(children, heights, recall)``, or None if there is no valid file."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:  # closes the file whatever np.load raises
            if not zipfile.is_zipfile(file):
                raise ValueError("it is damaged, or not an .npz file")
            file.seek(0)
            stored = np.load(file, allow_pickle=False)
            children, heights = stored["children"], stored["heights"]
            recall = float(stored["recall"])
            if str(stored["key"]) != path.stem:
                raise ValueError("it was stored under another name")
        _check_merges(children, heights, n_samples)
        if not 0 <= recall <= 1:
            raise ValueError(f"it has a recall of {recall}")
    except Exception as error:
        # A damaged archive raises many kinds of errors.
        warnings.warn(
            f"The cached clustering {path} cannot be used ({error});"
            " clustering again and replacing the file.",
            UserWarning,
            stacklevel=5,
        )
        return None
    return children, heights, recall


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


def _check_merges(children, heights, n_samples):
    n_merges = len(heights)
    is_valid = (
        heights.shape == (n_merges,)
        and children.shape == (n_merges, 2)
        and children.dtype.kind == "i"
        and heights.dtype.kind == "f"
        and np.isfinite(heights).all()
        and (heights >= 0).all()
        and n_merges < n_samples
        and (children >= 0).all()
        and (children < n_samples + np.arange(n_merges)[:, np.newaxis]).all()
        and len(np.unique(children)) == children.size
        and (np.diff(heights) >= 0).all()
    )
    if not is_valid:
        raise ValueError(f"it does not hold merges of {n_samples} samples")
