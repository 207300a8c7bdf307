"""Arrays that are written once, block by block, and read as memory maps later.

They lie in a folder of their own with the settings that they were made by, which is
written last: where it is, everything is.
"""

import hashlib
import json
import shutil
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from modal_clustermargin._whole_files import written_whole

_SETTINGS = "settings.json"


def kept_arrays(folder, name, settings, tables):
    """Memory maps of arrays, which are written unless they are there already.

    Parameters
    ----------
    folder : path-like
        Made, if it is missing.

    name : str
        What the arrays' folder is called, before a number for the settings.

    settings : dict
        All that the numbers depend on, as JSON can say it. Others have another
        folder.

    tables : dict of tuple of str to (n_rows, n_bytes, blocks)
        By names of arrays: their common number of rows, their size in all, and a
        function that yields tuples with the next rows of each.

    Returns
    -------
    arrays : dict of str to memmap

    Raises
    ------
    OSError
        If the disk has no room for them.
    """
    text = json.dumps(settings, indent=1, sort_keys=True)
    number = hashlib.sha256(text.encode()).hexdigest()[:12]
    place = Path(folder) / f"{name}-{number}"
    if not _is_there(place, text):
        place.mkdir(parents=True, exist_ok=True)
        _check_room(place, sum(n_bytes for _, n_bytes, _ in tables.values()))
        for names, (n_rows, _, blocks) in tables.items():
            _write([place / f"{name}.npy" for name in names], n_rows, blocks())
        with written_whole(place / _SETTINGS) as file:
            file.write(text.encode())
    names = [name for together in tables for name in together]
    return {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in names}


def _is_there(place, text):
    settings = place / _SETTINGS
    return settings.is_file() and settings.read_text(encoding="utf-8") == text


def _check_room(place, n_bytes):
    free = shutil.disk_usage(place).free
    if free < n_bytes:
        raise OSError(
            f"{str(place)!r} needs {n_bytes / 2**20:,.0f} MiB; the disk has"
            f" {free / 2**20:,.0f} MiB left. Name a folder on another disk."
        )


def _write(paths, n_rows, blocks):
    """Write .npy files side by side, each whole or not at all."""
    with ExitStack() as stack:
        files = [stack.enter_context(written_whole(path)) for path in paths]
        for i, block in enumerate(blocks):
            for file, rows in zip(files, block, strict=True):
                if i == 0:
                    header = {
                        "descr": np.lib.format.dtype_to_descr(rows.dtype),
                        "fortran_order": False,
                        "shape": (n_rows, *rows.shape[1:]),
                    }
                    np.lib.format.write_array_header_1_0(file, header)
                file.write(np.ascontiguousarray(rows).data)
