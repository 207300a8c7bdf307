"""Rows appended to a file as they come, for a killed run to go on with."""

import csv
import os
from pathlib import Path


class ResultTable:
    """A CSV file of rows, each on disk before the next is computed.

    Parameters
    ----------
    path : path-like
        Made with its first row. A row that a killed process left unfinished is
        dropped.

    columns : sequence of str

    Raises
    ------
    ValueError
        If the file has other columns.
    """

    def __init__(self, path, columns):
        self.path = Path(path)
        self.columns = tuple(columns)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            text = self.path.read_bytes()
            whole = text[: text.rfind(b"\n") + 1]
            if len(whole) < len(text):
                os.truncate(self.path, len(whole))
            first = whole.decode().splitlines()[:1]
            if first and first[0].split(",") != list(self.columns):
                raise ValueError(
                    f"{self.path} has other columns than these results: {first[0]}."
                    " Name another folder, or move that file away."
                )

    def rows(self):
        """All rows: list of dict of str to str."""
        if not self.path.exists():
            return []
        with self.path.open(newline="") as file:
            return list(csv.DictReader(file))

    def append(self, row):
        """Add a row: dict by column; those not there stay empty."""
        is_new = not self.path.exists() or not self.path.stat().st_size
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, self.columns)
            if is_new:
                writer.writeheader()
            writer.writerow(row)
            file.flush()
            os.fsync(file.fileno())
