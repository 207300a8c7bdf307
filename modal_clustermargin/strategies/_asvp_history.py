"""The rounds of an ASVP loop, in memory or in a folder from which it resumes."""

import json
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from modal_clustermargin._identity import settings_text
from modal_clustermargin._whole_files import written_whole

_FORMAT = 4


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
    seconds: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)


@contextmanager
def timed(seconds, stage):
    """Add the seconds of a block to a stage, without the seconds of inner stages."""
    since, others = time.perf_counter(), sum(seconds.values())
    try:
        yield
    finally:
        inner = sum(seconds.values()) - others
        seconds[stage] += time.perf_counter() - since - inner


class Alignment(NamedTuple):
    """The network that computed the features."""

    source: str = "untrained"  # or "given", or the hash of its labelled rows and labels
    ids: tuple = ()  # of the rows that it was trained on; none before the first refresh


class _Entry(NamedTuple):
    """One round with its picks."""

    key: str
    round: ASVPRound
    ids: list
    metrics: list


class History:
    """The rounds of a loop, their picks, and the network that computed the features.

    With a folder, rounds are read from its file ``rounds.json``, and `save` writes
    them. `knows_ids` says whether rows are recognised by ids; None before the first
    row.
    """

    def __init__(self, folder):
        self.folder = None if folder is None else Path(folder)
        self.alignment = Alignment()
        self.knows_ids = None
        self._settings, self._entries = {}, []
        if self.folder is not None:
            self._read()
        self._n_rounds = len(self._entries)

    def check_settings(self, **settings):
        """Raise ValueError if the rounds in the folder were made with others."""
        if self.folder is None:
            return
        for name, value in settings.items():
            try:
                now = settings_text(value)
            except ValueError as error:
                raise ValueError(
                    f"ASVP cannot resume from store= with this {name}. {error}"
                ) from error
            before = self._settings.setdefault(name, now)
            if before != now:
                raise ValueError(
                    f"The rounds in {self.folder} were made with {name}={before}, and"
                    f" ASVP has {name}={now} now. Name another folder as store=, or"
                    " use the earlier setting."
                )

    @property
    def rounds(self):
        """The rounds up to the current one: list of ASVPRound."""
        return [entry.round for entry in self._entries[: self._n_rounds]]

    def answer(self, key, row_ids):
        """``(indices, metrics)`` of an earlier query; None if there was no such query.

        `row_ids` are the ids of the rows of the pool.
        """
        for n_before, entry in enumerate(self._entries):
            if entry.key == key:
                self._n_rounds = n_before + 1
                order = np.argsort(row_ids)
                found = np.searchsorted(row_ids, entry.ids, sorter=order)
                return order[found], np.array(entry.metrics, float)
        return None

    def begin_round(self, n_labelled):
        """Start a new round; drop rounds with at least this many labels."""
        counts = [entry.round.n_labelled for entry in self._entries]
        self._n_rounds = sum(count < n_labelled for count in counts)

    def add(self, key, done, ids, metrics):
        """Add a round, and save it if there is a folder."""
        entry = _Entry(key, done, ids.tolist(), metrics.tolist())
        self._entries = [*self._entries[: self._n_rounds], entry]
        self._n_rounds = len(self._entries)
        self.save()

    def save(self):
        """Write everything to the folder in one step, if there is a folder."""
        if self.folder is None:
            return
        content = {
            "format": _FORMAT,
            "settings": self._settings,
            "alignment": self.alignment._asdict(),
            "knows_ids": self.knows_ids,
            "rounds": [
                entry._asdict() | {"round": asdict(entry.round)}
                for entry in self._entries
            ],
        }
        text = json.dumps(content, default=_jsonable)
        with written_whole(self.folder / "rounds.json") as file:
            file.write(text.encode())

    def _read(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"store={str(self.folder)!r} cannot be a folder for features ({error})."
                " Name another folder, or leave store=None."
            ) from error
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
        self.alignment = Alignment(**found["alignment"])
        self._entries = [
            _Entry(**entry | {"round": ASVPRound(**entry["round"])})
            for entry in found["rounds"]
        ]


def _jsonable(value):
    """Convert numpy numbers, which an indicator may add, for JSON."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
