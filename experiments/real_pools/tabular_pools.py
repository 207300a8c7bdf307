"""Letters and shuttle: tables of the R package mlbench, each column standardised."""

import warnings
from pathlib import Path

import numpy as np
from pool_files import needs_package, split

_FOLDER = Path("usr/lib/R/site-library/mlbench/data")
# By pool: the table, the column of the classes, and the number of rows to test on.
_TABLES = {
    "letters": ("LetterRecognition", "lettr", 4000),
    "shuttle": ("Shuttle", "Class", 10_000),
}


def tabular_pool(name, debian):
    """Read a table under the root folder of a Debian system: `Pool`."""
    table, of_classes, n_test = _TABLES[name]
    path = Path(debian) / _FOLDER / f"{table}.rda"
    if not path.is_file():
        raise needs_package("Debian", "r-cran-mlbench", f"no file {path}")
    try:
        import rdata
    except ModuleNotFoundError as error:
        raise needs_package("Python", "rdata", error) from error
    with warnings.catch_warnings():
        # The files do not name their encoding; the names in them are ASCII.
        warnings.filterwarnings("ignore", "Unknown encoding", UserWarning)
        frame = rdata.read_rda(path)[table]
    frame.columns = [str(name) for name in frame.columns]
    y = frame.pop(of_classes).astype(str).to_numpy(dtype=str)
    X = frame.to_numpy(dtype=np.float64)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return split(np.float32(X), y, n_test)
