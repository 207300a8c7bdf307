"""The rounds of an ASVP loop, in memory or in a folder from which it resumes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from modal_clustermargin._identity import settings_text
from modal_clustermargin._whole_files import written_whole

_FORMAT = 5


@dataclass(frozen=True)
class ASVPRound:
    """One query of ASVP.

    Attributes
    ----------
    n_labelled, n_pool, n_picks : int
        Numbers of labelled rows, of rows in the pool, and of rows picked.

    is_aligned : bool
        Whether the features were refreshed in this round.

    is_switched : bool
        Whether the learner trains `fine_tuning` from this round on, or already did.

    selected_by : {"proxy", "network", "nobody"}
        The classifier that the selector used; "nobody" if there were no labels, or
        labels of one class.

    n_embedded : int
        Number of rows whose features were computed.

    seconds : dict of str to float
        Seconds by stage: "features", "indicator", "fine_tuning", "proxy", "selection".

    values : dict of str to float
        The scores that the indicator read, such as "log_me" and "log_me_ped".
    """

    n_labelled: int
    n_pool: int
    n_picks: int
    is_aligned: bool
    is_switched: bool
    selected_by: str
    n_embedded: int
    seconds: dict
    values: dict


class History:
    """The rounds of a loop, and what the features are based on.

    `knows_ids` says whether rows are recognised by ids; None before the first row.
    `trained_on` has the keys of the labels that the network of the features was trained
    on; it is empty before the first refresh.
    """

    def __init__(self, folder):
        self.folder = None if folder is None else Path(folder)
        self.knows_ids, self.trained_on = None, []
        self._settings, self._entries = {}, []
        if self.folder is not None:
            self._read()
        self._n_rounds = len(self._entries)

    def check_settings(self, **settings):
        """Raise ValueError if the rounds so far were made with others."""
        for name, value in settings.items():
            try:
                now = _kind(value) if self.folder is None else settings_text(value)
            except ValueError as error:
                raise ValueError(
                    f"ASVP cannot resume from store= with this {name}. {error}"
                ) from error
            before = self._settings.setdefault(name, now)
            if before != now:
                where = "" if self.folder is None else f" in {self.folder}"
                raise ValueError(
                    f"The rounds{where} were made with {name}={before}, and ASVP has"
                    f" {name}={now} now. Use the earlier setting, or start a new ASVP,"
                    " with another folder as store=."
                )

    @property
    def rounds(self):
        """The rounds up to the current one: list of ASVPRound."""
        return [entry["round"] for entry in self._entries[: self._n_rounds]]

    def answer(self, key, n_labelled):
        """``(indices, metrics)`` of an earlier query, whose round is then the current.

        If there was no such query, a new round starts; returns None. Rounds with at
        least this many labels are dropped then.
        """
        for number, entry in enumerate(self._entries, 1):
            if entry["key"] == key:
                self._n_rounds = number
                return np.array(entry["picks"]), np.array(entry["metrics"], float)
        counts = [entry["round"].n_labelled for entry in self._entries]
        self._n_rounds = sum(count < n_labelled for count in counts)
        return None

    def add(self, key, done, picks, metrics):
        """Add a round; if there is a folder, write everything to it in one step."""
        entry = {
            "key": key,
            "round": done,
            "picks": picks.tolist(),
            "metrics": metrics.tolist(),
        }
        self._entries = [*self._entries[: self._n_rounds], entry]
        self._n_rounds = len(self._entries)
        if self.folder is None:
            return
        content = {
            "format": _FORMAT,
            "settings": self._settings,
            "knows_ids": self.knows_ids,
            "trained_on": self.trained_on,
            "rounds": self._entries,
        }
        with written_whole(self.folder / "rounds.json") as file:
            file.write(json.dumps(content, default=_jsonable).encode())

    def _read(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "rounds.json"
        if not path.exists():
            return
        found = json.loads(path.read_bytes())
        if found["format"] != _FORMAT:
            raise ValueError(
                f"{path} is not a history that this version of ASVP wrote (its format"
                f" is {found['format']}). Name another folder as store=."
            )
        self._settings, self.knows_ids = found["settings"], found["knows_ids"]
        self.trained_on, self._entries = found["trained_on"], found["rounds"]
        for entry in self._entries:
            entry["round"] = ASVPRound(**entry["round"])


def _kind(estimator):
    """Class and module of an estimator, which are enough to compare in one process."""
    module = getattr(estimator, "module", None)
    name = getattr(module, "__qualname__", type(module).__name__)
    return f"{type(estimator).__name__}({'' if module is None else name})"


def _jsonable(value):
    """Convert a round, and numpy numbers that an indicator may add, for JSON."""
    if isinstance(value, ASVPRound):
        return asdict(value)
    return value.tolist() if hasattr(value, "tolist") else str(value)
