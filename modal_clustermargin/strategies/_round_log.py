"""What ASVP has done so far, in memory or in a folder."""

import functools
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
from sklearn.base import BaseEstimator

from modal_clustermargin._whole_files import written_whole
from modal_clustermargin.pools._key_index import KeyIndex
from modal_clustermargin.strategies._asvp_round import ASVPRound

_FORMAT = 1

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


class RoundLog:
    """The rounds of a loop, the last alignment, and what was picked.

    Parameters
    ----------
    folder : path-like or None
        Where `save` writes; what is there is read. None keeps nothing.

    settings : dict of str to str
        What the rounds depend on.

    Attributes
    ----------
    rounds : list of ASVPRound

    generation : int
        How often features were refreshed.

    source : str
        What the features are of.

    aligned_keys : ndarray of uint64
        Rows that the network was fine-tuned on whose features these are.

    is_switched : bool
        Whether the final training is the second one.

    Raises
    ------
    ValueError
        If the folder cannot be made, or holds rounds of other settings, or a file
        that is something else.
    """

    def __init__(self, folder, settings):
        self.folder = None if folder is None else Path(folder)
        self.settings = settings
        self.rounds = []
        self.generation = 0
        self.source = "before training"
        self.aligned_keys = np.empty(0, np.uint64)
        self.is_switched = False
        self._keys = []
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ValueError(
                    f"store={str(folder)!r} cannot be a folder for features ({error})."
                    " Name another, or leave store=None."
                ) from error
            self._read()

    def answer_to(self, key):
        """The picks of a round that was, by the key of that round; or None."""
        if self.folder is None or key not in self._keys:
            return None
        with np.load(self._picks(self._keys.index(key)), allow_pickle=False) as stored:
            return Answer(stored["ids"], stored["metrics"])

    def aligned(self, generation, source, labelled_keys):
        """Remember what the features are of from now on."""
        self.generation = generation
        self.source = source
        self.aligned_keys = labelled_keys

    def rows_aligned_on(self, labelled_keys):
        """Positions of the rows that the network was fine-tuned on.

        Raises
        ------
        ValueError
            If not all of them are labelled any more.
        """
        rows = np.flatnonzero(np.isin(labelled_keys, self.aligned_keys))
        n_wanted = len(np.unique(self.aligned_keys))
        n_found = len(np.unique(labelled_keys[rows]))
        if n_found < n_wanted:
            raise ValueError(
                "ASVP goes on with features of a network that was fine-tuned on"
                f" {n_wanted} labelled rows, and {n_wanted - n_found} of these are not"
                f" labelled any more. Label them again, or empty {self.folder}."
            )
        return rows

    def add(self, done, key, ids, metrics):
        """Remember a round; in a folder, before its picks are returned."""
        if self.folder is not None:
            with written_whole(self._picks(len(self.rounds))) as file:
                np.savez(file, ids=ids, metrics=metrics)
        self.rounds.append(done)
        self._keys.append(key)
        self.save()

    def save(self):
        """Write all but the picks, in one step."""
        if self.folder is None:
            return
        what = {
            "format": _FORMAT,
            "settings": self.settings,
            "generation": self.generation,
            "source": self.source,
            "aligned_keys": [int(key) for key in self.aligned_keys],
            "is_switched": self.is_switched,
            "keys": self._keys,
            "rounds": [asdict(each) for each in self.rounds],
        }
        with written_whole(self.folder / "rounds.json") as file:
            file.write(json.dumps(what, indent=1).encode())

    def _picks(self, number):
        return self.folder / f"picks-{number}.npz"

    def _read(self):
        path = self.folder / "rounds.json"
        if not path.exists():
            return
        try:
            found = json.loads(path.read_bytes())
            settings = found["settings"]
            if found["format"] != _FORMAT:
                raise ValueError(f"its format is {found['format']}")
            self.rounds = [ASVPRound(**each) for each in found["rounds"]]
            self.generation, self.source = found["generation"], found["source"]
            self.aligned_keys = np.array(found["aligned_keys"], np.uint64)
            self.is_switched, self._keys = found["is_switched"], found["keys"]
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
    if isinstance(value, functools.partial):
        return settings_text((value.func, value.args, list(value.keywords.items())))
    name = getattr(value, "__qualname__", None)
    text = repr(value) if name is None else f"{value.__module__}.{name}"
    return re.sub(r" at 0x[0-9a-f]+", "", text)


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
