"""Files that are written whole or not at all."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


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
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
