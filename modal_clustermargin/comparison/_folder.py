"""The folder of a comparison: settings, rows, picks and states on disk."""

import json
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import joblib
import numpy as np
from filelock import FileLock, Timeout

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.comparison._result_table import ResultTable
from modal_clustermargin.comparison._results import COLUMNS

_MAY_CHANGE = ("seeds", "strategies", "name", "device")


class ComparisonFolder:
    """Settings, rows, picks and states of a comparison, on disk.

    ::

        comparison.json          the settings
        results.csv              a row for each strategy, seed and round
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
        return json.loads(path.read_text("utf-8")) if path.is_file() else None

    def rows(self):
        """All rows, by strategy, seed and round: list of dict of str to str."""
        order = list(self.settings()["strategies"])
        rows = {
            (order.index(row["strategy"]), int(row["seed"]), int(row["round"])): row
            for row in self._table().rows()
        }
        return [rows[place] for place in sorted(rows)]

    def append(self, row):
        """Add a row; the processes of a comparison do so one after the other."""
        with FileLock(self.path / "results.lock"):
            self._table().append(row)

    def _table(self):
        return ResultTable(self.path / "results.csv", COLUMNS)

    def write_text(self, name, text):
        """Write a file, as a whole."""
        with written_whole(self.path / name) as file:
            file.write(text.encode())

    def write_settings(self, settings):
        """Write settings, and return them with the earlier seeds and strategies.

        The name and the device may change. If the folder has rows, all other
        differences raise ValueError.
        """
        before = self.settings()
        if before is not None and self.rows():
            old, now = _fixed(before), _fixed(settings)
            differences = [
                f"{key} was {old[key]!r} and is {now[key]!r}"
                for key in sorted(old.keys() & now.keys())
                if old[key] != now[key]
            ]
            if differences:
                raise ValueError(
                    f"{str(self.path)!r} has results of other settings:"
                    f" {'; '.join(differences)}. Choose another folder, or the earlier"
                    " settings."
                )
            strategies = before["strategies"] | settings["strategies"]
            seeds = sorted({*before["seeds"], *settings["seeds"]})
            settings = {**settings, "strategies": strategies, "seeds": seeds}
        for name in ("picks", "states"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        if settings != before:
            self.write_text("comparison.json", json.dumps(settings, indent=2))
        return settings

    @contextmanager
    def lock(self):
        """Hold the lock of the folder, or raise ValueError."""
        try:
            with FileLock(self.path / "comparison.lock", timeout=0):
                yield
        except Timeout as error:
            raise ValueError(
                f"Another process is working in {str(self.path)!r}. Wait for it, or"
                " choose another folder."
            ) from error

    def read_state(self, label, seed):
        """The state of an unfinished run, or None."""
        path = self._path_of("states", label, f"{seed}.joblib")
        return joblib.load(path) if path.exists() else None

    def write_state(self, label, seed, state):
        with written_whole(self._path_of("states", label, f"{seed}.joblib")) as file:
            joblib.dump(state, file)

    def delete_state(self, label, seed):
        self._path_of("states", label, f"{seed}.joblib").unlink(missing_ok=True)

    def read_picks(self, label, seed, number):
        """Arrays of a query by name; empty if the folder has no such query.

        "indices" are positions in the pool of the data set. For a strategy with
        clusters, "cluster" has the cluster of each pick, and "pool_cluster_sizes" the
        number of rows in each cluster before the query.
        """
        path = self._path_of("picks", label, f"{seed}-{number}.npz")
        if not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    def write_picks(self, label, seed, number, **arrays):
        path = self._path_of("picks", label, f"{seed}-{number}.npz")
        with written_whole(path) as file:
            np.savez_compressed(file, **arrays)

    def _path_of(self, kind, label, rest):
        return self.path / kind / f"{quote(label, safe=' ')}-{rest}"


def _fixed(settings):
    """The settings that may not change if there are rows, by name."""
    fixed = {key: settings[key] for key in settings if key not in _MAY_CHANGE}
    for label, each in settings["strategies"].items():
        fixed[f"strategy {label!r}"] = each
    return fixed
