"""Merges kept on disk: written whole or not at all, and checked when read.

A file is a plain ``.npz`` without pickled objects, so a file that somebody else
put there can be wrong but cannot run code.
"""

import os
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np

from modal_clustermargin._whole_files import written_whole

# Part of every key: raised when what is stored, or how it is computed, changes.
_FORMAT = 3


class MergeCache:
    """The merges of past clusterings, by the content they were made from.

    Parameters
    ----------
    memory : path-like, joblib.Memory or None
        The folder. None, or a Memory without location, keeps nothing.
    """

    def __init__(self, memory):
        location = getattr(memory, "location", memory)
        self.folder = None
        if location is not None:
            # Now, not after an hour of clustering.
            try:
                self.folder = Path(location).expanduser()
                self.folder.mkdir(parents=True, exist_ok=True)
            except (OSError, RuntimeError) as error:  # no folder, or nobody's home
                raise ValueError(
                    f"memory={str(location)!r} cannot be a folder for the cache"
                    f" ({error}). Name another, or leave memory=None."
                ) from error

    def path(self, X, parameters):
        """Where the merges of `X` under `parameters` are, or would be."""
        if self.folder is None:
            return None
        key = joblib.hash((_FORMAT, parameters, np.ascontiguousarray(X)))
        return self.folder / f"average-linkage-{key}.npz"

    def check_writable(self, path):
        """Raise ValueError if merges could not be kept, before they are made."""
        if path is not None and not os.access(self.folder, os.W_OK | os.X_OK):
            raise ValueError(
                f"memory={str(self.folder)!r} cannot be written to, and does not hold"
                " the clustering of these rows yet. Name another folder, or leave"
                " memory=None."
            )

    @staticmethod
    def read(path, n_samples):
        """``(children, heights, recall)``, or None if there is no sound file."""
        if path is None or not path.exists():
            return None
        try:
            # Opened here, so that it is closed whatever is found in it.
            with path.open("rb") as file:
                if not zipfile.is_zipfile(file):
                    raise ValueError("it is damaged, or no .npz file")
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
            # A damaged archive fails in more ways than can be listed, and each
            # means the same: the file is of no use.
            warnings.warn(
                f"The cached clustering {path} cannot be used ({error});"
                " clustering again and replacing the file.",
                UserWarning,
                stacklevel=4,
            )
            return None
        return children, heights, recall

    @staticmethod
    def write(path, children, heights, recall):
        """Store merges; a failure costs a warning, never the merges."""
        if path is None:
            return
        try:
            with written_whole(path) as file:
                np.savez(
                    file,
                    key=path.stem,
                    children=children,
                    heights=heights,
                    recall=recall,
                )
        except OSError as error:
            warnings.warn(
                f"The clustering could not be kept in {path} ({error});"
                " it will be computed again next time.",
                UserWarning,
                stacklevel=4,
            )


def _check_merges(children, heights, n_samples):
    n_merges = len(heights)
    sound = (
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
    if not sound:
        raise ValueError(f"it does not hold merges of {n_samples} samples")
