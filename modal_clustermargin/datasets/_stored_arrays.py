"""Arrays that are written once, block by block, and then opened as memory maps.

A folder has the arrays and the settings that they depend on. The settings are written
last: a folder with settings is complete.
"""

import hashlib
import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from modal_clustermargin._whole_files import written_whole

_SETTINGS = "settings.json"
_BLOCK = 2**26  # bytes of labels that are unpacked at once


def store_arrays(folder, name, settings, tables):
    """Open arrays as memory maps by name; write them first if they do not exist.

    They lie in a subfolder, called `name` and a hash of the settings: everything that
    the arrays depend on, for JSON. `tables` has, by tuples of names of arrays, their
    number of rows, and a function that yields tuples with the next rows of each.
    """
    text = json.dumps(settings, indent=1, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    place = Path(folder) / f"{name}-{key}"
    about = place / _SETTINGS
    if not about.is_file() or about.read_text(encoding="utf-8") != text:
        place.mkdir(parents=True, exist_ok=True)
        for names, (n_rows, blocks) in tables.items():
            _write([place / f"{name}.npy" for name in names], n_rows, blocks())
        with written_whole(about) as file:
            file.write(text.encode())
    names = [name for group in tables for name in group]
    return {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in names}


def store_sparse_labels(labels, folder, source, settings):
    """Unpack sparse labels of 0 and 1 into a memory map of bytes in a folder.

    They are unpacked again if their file `source` changes, or `settings`: the other
    settings that the labels depend on.
    """
    n_rows, n_classes = labels.shape
    about = source.stat()
    settings = {"bytes": about.st_size, "changed": about.st_mtime_ns, **settings}
    step = max(_BLOCK // max(n_classes, 1), 1)

    def blocks():
        for start in range(0, n_rows, step):
            yield (labels[start : start + step].astype(np.uint8).toarray(),)

    tables = {("y",): (n_rows, blocks)}
    return store_arrays(folder, f"{source.stem}-unpacked", settings, tables)["y"]


def _write(paths, n_rows, blocks):
    """Write .npy files side by side, each as a whole or not at all."""
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
