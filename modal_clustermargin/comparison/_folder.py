"""The folder of a comparison: where everything is, and what it is of."""

import csv
import io
import json
from pathlib import Path
from urllib.parse import quote

import numpy as np
from filelock import FileLock

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.comparison._picks import picks_name
from modal_clustermargin.comparison._result_table import ResultTable
from modal_clustermargin.comparison._results import COLUMNS


class ComparisonFolder:
    """Settings, rows, picks and states of a comparison, on disk.

    ::

        comparison.json          the settings
        results.csv              all rows, in order, whole at all times
        seeds/3.csv              rows of a seed, appended as they come
        picks/margin-3-1.npz     what was chosen for round 1 with seed 3
        states/margin-3.joblib   where a run that is not finished has come to

    Parameters
    ----------
    path : path-like
    """

    def __init__(self, path):
        self.path = Path(path)

    def settings(self):
        """Settings of the comparison that the folder has; None if it has none."""
        path = self.path / "comparison.json"
        if not path.is_file():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(
                f"{path} is damaged ({error}). Mend it, or choose another folder."
            ) from error

    def settle(self, settings):
        """Write the settings; or refuse, if other ones are there.

        Seeds and strategies may be added to; rows that are there stay. The name and
        the device may be others, and, where no row is there yet, everything.

        Parameters
        ----------
        settings : dict

        Returns
        -------
        settings : dict
            With all seeds and strategies that the folder is to have.

        Raises
        ------
        ValueError
            If the folder has results of other settings. Names the differences.
        """
        before = self.settings()
        has_rows = any(
            path.read_bytes().count(b"\n") > 1 for path in self.path.glob("seeds/*.csv")
        )
        if before is not None and has_rows:
            differences = list(_differences(before, settings))
            if differences:
                raise ValueError(
                    f"{str(self.path)!r} has results of other settings:"
                    f" {'; '.join(differences)}. Choose another --output, or the"
                    " settings of before."
                )
            strategies = before["strategies"] | settings["strategies"]
            seeds = sorted({*before["seeds"], *settings["seeds"]})
            settings = {**settings, "strategies": strategies, "seeds": seeds}
        elif before is None and (has_rows or (self.path / "results.csv").exists()):
            raise ValueError(
                f"{str(self.path)!r} has results, and no comparison.json that says of"
                " what. Choose another --output."
            )
        for name in ("seeds", "picks", "states"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        if settings != before:
            with written_whole(self.path / "comparison.json") as file:
                file.write(json.dumps(settings, indent=2).encode())
        return settings

    def lock(self, what):
        """A lock that one process has at a time, and loses when it ends."""
        return FileLock(self.path / f"{what}.lock", timeout=0)

    def table(self, seed):
        """Rows of a seed: ResultTable."""
        return ResultTable(self.path / "seeds" / f"{seed}.csv", COLUMNS)

    def is_done(self, settings, seed):
        """Whether every strategy has all rows of a seed, and left no state."""
        known = {
            (row["strategy"], int(row["round"])) for row in self.table(seed).rows()
        }
        return all(
            (label, number) in known and not self.state(label, seed).exists()
            for label in settings["strategies"]
            for number in range(settings["rounds"] + 1)
        )

    def state(self, label, seed):
        """Path of the state of a run."""
        return self.path / "states" / f"{quote(label, safe=' ')}-{seed}.joblib"

    def write_picks(self, label, seed, number, **arrays):
        """Keep what a query chose."""
        path = self.path / "picks" / picks_name(label, seed, number)
        with written_whole(path) as file:
            np.savez_compressed(file, **arrays)

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

    def gather(self):
        """Write `rows` to results.csv; nothing, if there are no settings."""
        if self.settings() is None:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows())
        with written_whole(self.path / "results.csv") as file:
            file.write(text.getvalue().encode())


def _differences(before, now):
    """What two settings say differently, in words."""
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
