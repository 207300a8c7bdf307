"""Files that are written whole or not at all."""

import os
import secrets
from contextlib import contextmanager


@contextmanager
def written_whole(path):
    """A file that takes its name only once it is complete.

    Parameters
    ----------
    path : Path
        In a folder that is there. What had the name before is replaced.

    Yields
    ------
    file : binary file to write to
    """
    # Not by `tempfile`, whose files nobody but their owner may read.
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
