"""What ASVP has done so far, in memory or in a folder."""

import functools
import json
import os
import re
import warnings
import weakref
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
from sklearn.base import BaseEstimator

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.pools import KeyIndex
from modal_clustermargin.strategies._asvp_round import ASVPRound

_FORMAT = 2

# Parameters that picks do not depend on.
_NOT_OF_THE_ROUNDS = {"checkpoint_dir", "device", "predict_batch_size", "verbose"}


class Answer(NamedTuple):
    """What was picked in a round."""

    ids: np.ndarray
    metrics: np.ndarray

    def positions(self, row_ids):
        """Where the picks are among rows of these ids."""
        index = KeyIndex()
        index.add(row_ids.view(np.uint64), np.arange(len(row_ids)))
        return index.find(self.ids.view(np.uint64))


class Alignment(NamedTuple):
    """What features are of."""

    generation: int = 0  # how often they were refreshed
    source: str = "before training"
    ids: np.ndarray = np.empty(0, np.int64)  # of the rows that the network saw
    labels: str = ""  # hash of their labels
    by_second: bool = False  # whether it was trained by the second training

    def was_on(self, labelled, labels):
        """Whether the network was trained on these very rows and labels."""
        ids = labelled.ids
        is_all = len(ids) == len(self.ids) and np.isin(ids, self.ids).all()
        return bool(is_all) and labels_key(ids, labels) == self.labels

    def rows_in(self, labelled, labels):
        """Positions, among labelled rows, of those that the network saw.

        Raises
        ------
        ValueError
            If one is not labelled any more, or has another label.
        """
        ids = labelled.ids
        rows = np.flatnonzero(np.isin(ids, self.ids))
        n_lost = len(self.ids) - len(rows)
        if n_lost or labels_key(ids[rows], labels[rows]) != self.labels:
            what = f"{n_lost} of these are" if n_lost else "these labels are"
            raise ValueError(
                "ASVP goes on with features of a network that was fine-tuned on"
                f" {len(self.ids)} labelled rows, and {what} not there any more, or"
                " others. Name another folder as store= for another loop."
            )
        return rows


class RoundLog:
    """The rounds of a loop, what its features are of, and what was picked.

    Parameters
    ----------
    folder : path-like or None
        Where `add` writes; what is there is read. None keeps it in memory.

    settings : dict of str to str
        What the rounds depend on.

    Attributes
    ----------
    history : list of ASVPRound
        The rounds up to the one at hand.

    alignment : Alignment

    aliases : dict of int to int
        From the content of a row that was picked to the key of its id.

    knows_ids : bool or None
        Whether rows are known by ids; None as long as there are none.

    are_given : bool
        Whether features to begin with were given, and not computed.

    Raises
    ------
    ValueError
        If the folder cannot be made, is used by another process, or holds rounds of
        other settings, or a file that is something else.
    """

    def __init__(self, folder, settings):
        self.folder = None if folder is None else Path(folder)
        self.settings = settings
        self.alignment = Alignment()
        self.aliases = {}
        self.knows_ids = None
        self.are_given = False
        self._rounds, self._keys, self._answers = [], [], {}
        self._n_now = 0
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ValueError(
                    f"store={str(folder)!r} cannot be a folder for features ({error})."
                    " Name another, or leave store=None."
                ) from error
            self._take_possession()
            self._read()
            self._n_now = len(self._rounds)

    @property
    def history(self):
        """The rounds up to the one at hand."""
        return self._rounds[: self._n_now]

    def answer_to(self, key):
        """The picks of a round that was, by the key of that round; or None."""
        if key not in self._keys:
            return None
        answer = self._answers.get(key)
        if answer is None and self.folder is not None:
            answer = self._read_picks(key)
        if answer is not None:
            self._n_now = self._keys.index(key) + 1
        return answer

    def begin(self, n_labelled):
        """Come to a round that was not; rounds of as many labels are no part of it."""
        counts = [each.n_labelled for each in self._rounds]
        self._n_now = sum(count < n_labelled for count in counts)

    def add(self, done, key, answer, aliases):
        """Remember a round; in a folder, before its picks are returned."""
        rounds, keys = [*self.history, done], [*self._keys[: self._n_now], key]
        self.aliases.update(aliases)
        if self.folder is None:
            self._answers = {key: answer}
        else:
            with written_whole(self._picks(key)) as file:
                names = np.array(list(aliases.items()), np.uint64).reshape(-1, 2)
                np.savez(file, ids=answer.ids, metrics=answer.metrics, aliases=names)
            self.save(rounds, keys)
        self._rounds, self._keys, self._n_now = rounds, keys, len(rounds)

    def save(self, rounds=None, keys=None):
        """Write all but the picks, in one step."""
        if self.folder is None:
            return
        alignment = self.alignment._asdict() | {"ids": self.alignment.ids.tolist()}
        what = {
            "format": _FORMAT,
            "settings": self.settings,
            "alignment": alignment,
            "knows_ids": self.knows_ids,
            "are_given": self.are_given,
            "keys": self._keys if keys is None else keys,
            "rounds": [asdict(r) for r in (self._rounds if rounds is None else rounds)],
        }
        text = json.dumps(what, indent=1, default=_as_json)
        with written_whole(self.folder / "rounds.json") as file:
            file.write(text.encode())

    def _take_possession(self):
        """Lock the folder for this process, where the system can."""
        with suppress(ImportError):
            import fcntl

            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT)
            weakref.finalize(self, os.close, lock)
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ValueError(
                    f"store={str(self.folder)!r} is in use by another process. Name"
                    " another folder, or let that process come to an end."
                ) from error

    def _picks(self, key):
        return self.folder / f"picks-{key}.npz"

    def _read_picks(self, key):
        try:
            with np.load(self._picks(key), allow_pickle=False) as stored:
                self.aliases.update(stored["aliases"].tolist())
                return Answer(stored["ids"], stored["metrics"])
        except Exception as error:
            # A damaged archive fails in more ways than can be listed.
            warnings.warn(
                f"The picks in {self._picks(key)} cannot be read ({error}); that round"
                " is made again.",
                UserWarning,
                stacklevel=6,
            )
            return None

    def _read(self):
        path = self.folder / "rounds.json"
        if not path.exists():
            return
        try:
            found = json.loads(path.read_bytes())
            settings = found["settings"]
            if found["format"] != _FORMAT:
                raise ValueError(f"its format is {found['format']}")
            alignment = Alignment(**found["alignment"])
            self.alignment = alignment._replace(ids=np.array(alignment.ids, np.int64))
            self._rounds = [ASVPRound(**each) for each in found["rounds"]]
            self._keys, self.knows_ids = found["keys"], found["knows_ids"]
            self.are_given = found["are_given"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} is not a history that ASVP wrote ({error!r}). Move it away, or"
                " name another folder as store=."
            ) from error
        for name, now in self.settings.items():
            if settings.get(name) != now:
                raise ValueError(
                    f"The rounds in {self.folder} were made with"
                    f" {name}={settings.get(name)}, and ASVP has {name}={now} now. Name"
                    " another folder as store=, or go on with the setting of before."
                )
        if self.knows_ids:
            for key in self._keys:
                self._read_picks(key)


def labels_key(ids, labels):
    """Text for the labels of rows, whatever their order."""
    return joblib.hash(np.asarray(labels)[np.argsort(ids)].astype(str))


def _as_json(value):
    return value.tolist() if hasattr(value, "tolist") else str(value)


def settings_text(value):
    """Text by which a parameter is known again in another process."""
    if isinstance(value, BaseEstimator):
        inner = value.get_params(deep=False)
        names = sorted(set(inner) - _NOT_OF_THE_ROUNDS)
        inside = ", ".join(f"{name}={settings_text(inner[name])}" for name in names)
        return f"{type(value).__name__}({inside})"
    if isinstance(value, np.ndarray):
        return f"array({joblib.hash(value)})"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(settings_text, value))})"
    if isinstance(value, np.random.RandomState | np.random.Generator):
        raise ValueError(
            "ASVP with a store= needs random_state as an int or None: the state of a"
            f" {type(value).__name__} is another when a loop is begun again."
        )
    if isinstance(value, functools.partial):
        return settings_text((value.func, value.args, list(value.keywords.items())))
    name = getattr(value, "__qualname__", None)
    text = repr(value) if name is None else f"{value.__module__}.{name}"
    code = getattr(value, "__code__", None)
    if code is not None:  # two functions may have one name, such as <lambda>
        enclosed = [cell.cell_contents for cell in value.__closure__ or ()]
        inside = (code.co_code, code.co_consts, code.co_names, value.__defaults__)
        text += f" {joblib.hash(_without_places(repr((*inside, enclosed))))}"
    return _without_places(text)


def _without_places(text):
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def round_key(labelled, labels, pool, n_instances):
    """Text by which a round is known: what is labelled and how, and what is not.

    The order of rows does not count.

    Parameters
    ----------
    labelled : KeyedRows or None

    labels : ndarray of shape (n_labelled,) or (n_labelled, n_labels), or None

    pool : KeyedRows

    n_instances : int

    Returns
    -------
    key : str
    """
    known = None
    if labelled is not None:
        order = np.argsort(labelled.keys, kind="stable")
        known = (labelled.keys[order], labels[order].astype(str))
    return joblib.hash((known, np.sort(pool.keys), int(n_instances)))
