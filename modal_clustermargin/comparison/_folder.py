"""The folder of a comparison: settings, rows, picks and states on disk."""

import csv
import io
import json
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import joblib
import numpy as np
from filelock import FileLock, Timeout

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.comparison._result_table import ResultTable
from modal_clustermargin.comparison._results import COLUMNS


class Picks(NamedTuple):
    """The picks of one query; the last two are None for a strategy without clusters."""

    indices: np.ndarray  # positions in the pool of the data set
    cluster: np.ndarray | None  # cluster of each pick
    pool_cluster_sizes: np.ndarray | None  # rows of each cluster before the query


class ComparisonFolder:
    """Settings, rows, picks and states of a comparison, on disk.

    ::

        comparison.json          the settings
        results.csv              all rows, once the comparison is finished
        seeds/3.csv              rows of a seed, one after the other
        picks/margin-3-1.npz     rows picked for round 1 with seed 3
        states/margin-3.joblib   the state of an unfinished run

    Parameters
    ----------
    path : path-like
    """

    def __init__(self, path):
        self.path = Path(path)

    def settings(self):
        """Settings of the comparison: dict, or None if the folder has none."""
        path = self.path / "comparison.json"
        if not path.is_file():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(
                f"{path} is damaged ({error}). Repair it, or choose another folder."
            ) from error

    def rows(self):
        """All rows, by strategy, seed and round: list of dict of str to str."""
        settings = self.settings()
        order = {label: i for i, label in enumerate(settings["strategies"])}
        rows = {
            (order[row["strategy"]], seed, int(row["round"])): row
            for seed in settings["seeds"]
            for row in self.table(seed).rows()
        }
        return [rows[place] for place in sorted(rows)]

    def write_results(self):
        """Write `rows` to ``results.csv``."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows())
        with written_whole(self.path / "results.csv") as file:
            file.write(text.getvalue().encode())

    def write_settings(self, settings):
        """Write settings, and return them with the earlier seeds and strategies.

        The name and the device may change. If the folder has rows, all other
        differences raise ValueError.
        """
        before = self.settings() or {"strategies": {}, "seeds": []}
        has_rows = any(
            path.read_bytes().count(b"\n") > 1 for path in self.path.glob("seeds/*.csv")
        )
        if has_rows:
            differences = list(_differences(before, settings))
            if differences:
                raise ValueError(
                    f"{str(self.path)!r} has results of other settings:"
                    f" {'; '.join(differences)}. Choose another --output, or the"
                    " earlier settings."
                )
            strategies = before["strategies"] | settings["strategies"]
            seeds = sorted({*before["seeds"], *settings["seeds"]})
            settings = {**settings, "strategies": strategies, "seeds": seeds}
        for name in ("seeds", "picks", "states"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        if settings != before:
            with written_whole(self.path / "comparison.json") as file:
                file.write(json.dumps(settings, indent=2).encode())
        return settings

    @contextmanager
    def lock(self, what):
        """Hold the lock of the settings or of a seed, or raise ValueError."""
        try:
            with FileLock(self.path / f"{what}.lock", timeout=0):
                yield
        except Timeout as error:
            raise ValueError(
                f"Another process is working on {what} in {str(self.path)!r}. Wait for"
                " it, or choose another --output."
            ) from error

    def table(self, seed):
        """The ResultTable of a seed."""
        return ResultTable(self.path / "seeds" / f"{seed}.csv", COLUMNS)

    def is_done(self, settings, seed):
        """Whether every strategy has all rows of a seed, and no unfinished run."""
        known = {
            (row["strategy"], int(row["round"])) for row in self.table(seed).rows()
        }
        return all(
            (label, number) in known and not self._state_path(label, seed).exists()
            for label in settings["strategies"]
            for number in range(settings["rounds"] + 1)
        )

    def read_state(self, label, seed):
        """The state of an unfinished run, or None."""
        path = self._state_path(label, seed)
        return joblib.load(path) if path.exists() else None

    def write_state(self, label, seed, state):
        with written_whole(self._state_path(label, seed)) as file:
            joblib.dump(state, file)

    def delete_state(self, label, seed):
        self._state_path(label, seed).unlink(missing_ok=True)

    def read_picks(self, label, seed, number):
        """The picks of a query: Picks, or None if the folder has none."""
        path = self._picks_path(label, seed, number)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            return Picks(*(arrays.get(name) for name in Picks._fields))

    def write_picks(self, label, seed, number, **arrays):
        with written_whole(self._picks_path(label, seed, number)) as file:
            np.savez_compressed(file, **arrays)

    def _state_path(self, label, seed):
        return self.path / "states" / f"{quote(label, safe=' ')}-{seed}.joblib"

    def _picks_path(self, label, seed, number):
        return self.path / "picks" / f"{quote(label, safe=' ')}-{seed}-{number}.npz"


def _differences(before, now):
    """Yield a sentence for each difference between two settings."""
    for key in sorted(before.keys() | now.keys()):
        if key in ("seeds", "name", "device"):
            continue
        old, new = before.get(key), now.get(key)
        if key == "strategies":
            for label in old.keys() & new.keys():
                if old[label] != new[label]:
                    yield f"strategy {label!r} was {old[label]} and is {new[label]}"
        elif old != new:
            yield f"{key} was {old!r} and is {new!r}"
