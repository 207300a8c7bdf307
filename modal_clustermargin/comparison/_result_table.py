"""A CSV file of rows that survives a kill."""

import csv
import io
import os
from pathlib import Path


class ResultTable:
    """A CSV file of rows, each on disk before the next is computed.

    The first row creates the file. A row that a killed process left unfinished is not
    read; the next `append` removes it.

    Parameters
    ----------
    path : path-like

    columns : sequence of str
        If the file has other columns, ValueError is raised.
    """

    def __init__(self, path, columns):
        self.path = Path(path)
        self.columns = tuple(columns)
        first = self._whole_lines().decode().splitlines()[:1]
        if first and first[0].split(",") != list(self.columns):
            raise ValueError(
                f"{self.path} has other columns than these results: {first[0]}."
                " Choose another folder, or move that file away."
            )

    def rows(self):
        """All rows: list of dict of str to str."""
        lines = io.StringIO(self._whole_lines().decode(), newline="")
        return list(csv.DictReader(lines))

    def append(self, row):
        """Add a row: a dict by column. A missing column stays empty."""
        n_whole = len(self._whole_lines())
        if self.path.exists() and n_whole < self.path.stat().st_size:
            os.truncate(self.path, n_whole)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, self.columns)
            if n_whole == 0:
                writer.writeheader()
            writer.writerow(row)
            file.flush()
            os.fsync(file.fileno())

    def _whole_lines(self):
        """Bytes up to the end of the last complete line."""
        text = self.path.read_bytes() if self.path.exists() else b""
        return text[: text.rfind(b"\n") + 1]
