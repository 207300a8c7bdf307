"""Arrays that are written once, block by block, and then opened as memory maps."""

import hashlib
import json
import os
import secrets
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np

_BLOCK = 2**26  # bytes of labels that are unpacked at once


def store_arrays(folder, name, settings, n_rows, blocks):
    """Open arrays as memory maps; write them first if they do not exist.

    They lie in a subfolder, called `name` and a hash of the settings: everything that
    the arrays depend on, for JSON. `blocks` yields consecutive rows of each array. The
    subfolder gets its name when it is complete.
    """
    text = json.dumps(settings, indent=1, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    place = Path(folder) / f"{name}-{key}"
    if not place.exists():
        unfinished = place.with_name(f".{secrets.token_hex(8)}")
        unfinished.mkdir(parents=True)
        try:
            _write(unfinished, n_rows, blocks)
            (unfinished / "settings.json").write_text(text, encoding="utf-8")
            with suppress(OSError):  # another process was faster
                unfinished.rename(place)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return [np.load(path, mmap_mode="r") for path in sorted(place.glob("*.npy"))]


def store_sparse_labels(labels, folder, source, settings):
    """Unpack sparse labels of 0 and 1 into a memory map of bytes in a folder.

    They are unpacked again if their file `source` changes, or `settings`: the other
    settings that the labels depend on.
    """
    n_rows, n_classes = labels.shape
    about = source.stat()
    settings = {"bytes": about.st_size, "changed": about.st_mtime_ns, **settings}
    step = max(_BLOCK // max(n_classes, 1), 1)
    blocks = (
        (labels[start : start + step].astype(np.uint8).toarray(),)
        for start in range(0, n_rows, step)
    )
    name = f"{source.stem}-unpacked"
    return store_arrays(folder, name, settings, n_rows, blocks)[0]


def _write(folder, n_rows, blocks):
    # Not through memory maps, which end the process if the disk is full.
    with ExitStack() as stack:
        files = []
        for block in blocks:
            for i, rows in enumerate(map(np.ascontiguousarray, block)):
                if len(files) == i:
                    files.append(stack.enter_context((folder / f"{i}.npy").open("wb")))
                    header = np.lib.format.header_data_from_array_1_0(rows)
                    header["shape"] = (n_rows, *rows.shape[1:])
                    np.lib.format.write_array_header_1_0(files[i], header)
                files[i].write(rows.data)
        for file in files:
            file.flush()
            os.fsync(file.fileno())
