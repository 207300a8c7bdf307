"""Atomic writes: a reader sees the whole file or none of it."""

import os
import secrets
from contextlib import contextmanager


@contextmanager
def written_whole(path):
    """Open a binary file for writing that gets its name only when it is complete.

    Its folder must exist. An existing file of this name is replaced.
    """
    # `tempfile` is not used, because only the owner may read its files.
    unfinished = path.with_name(f".{secrets.token_hex(8)}")
    with unfinished.open("xb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
