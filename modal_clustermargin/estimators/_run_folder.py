"""A training run on disk, for a killed process to go on with."""

import json
import pickle
from pathlib import Path

import numpy as np
import torch

from modal_clustermargin.estimators._run_keys import run_key

_FORMAT = 1

# What torch and Python raise for a file that is something else.
_NO_RUN = (
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


class RunFolder:
    """What a `fit` has got to, in a folder that holds one such run.

    Parameters
    ----------
    folder : path-like
        Made if it is not there.

    what : dict of str to anything
        Settings and data. A run of other settings or data is not gone on with,
        and is written over.

    Raises
    ------
    ValueError
        If the folder cannot be made, or holds a file that is no run.

    TypeError
        If something in `what` cannot be told apart from other things.
    """

    def __init__(self, folder, what):
        self.path = Path(folder) / "run.pt"
        self._key = run_key(what)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"checkpoint_dir={str(folder)!r} cannot be made a folder: {error}."
            ) from error
        self._found = self._read()

    def settle_randomness(self, random_state):
        """Begin with the draws that the run on disk began with, if there is one.

        Parameters
        ----------
        random_state : RandomState instance
            Changed in place. Where there is no run, its state is remembered.
        """
        if self._found is not None:
            random_state.set_state(_decoded_state(self._found["random_state"]))
        self._random_state = _encoded_state(random_state)

    @property
    def has_begun(self):
        """Whether there is a run of these settings and data to go on with."""
        return self._found is not None

    def restore(self, net):
        """Put a network where the run on disk had got to.

        Parameters
        ----------
        net : SeededNet
            Initialized. torch's generators are set too.

        Returns
        -------
        is_complete : bool
            Whether nothing is left to train.
        """
        found, self._found = self._found, None
        net.module_.load_state_dict(found["module"])
        net.criterion_.load_state_dict(found["criterion"])
        net.optimizer_.load_state_dict(found["optimizer"])
        net.history.extend(json.loads(found["history"]))
        torch.set_rng_state(found["cpu_draws"])
        if net.device_.type == "cuda" and found["cuda_draws"] is not None:
            torch.cuda.set_rng_state(found["cuda_draws"], net.device_)
        return found["is_complete"]

    def write(self, net, is_complete):
        """Keep where a network has got to, in one step.

        Parameters
        ----------
        net : SeededNet

        is_complete : bool
            Whether nothing is left to train.
        """
        on_gpu = net.device_.type == "cuda"
        state = {
            "format": _FORMAT,
            "key": self._key,
            "is_complete": is_complete,
            "random_state": self._random_state,
            "module": net.module_.state_dict(),
            "criterion": net.criterion_.state_dict(),
            "optimizer": net.optimizer_.state_dict(),
            "history": json.dumps(list(net.history), default=_as_json),
            "cpu_draws": torch.get_rng_state(),
            "cuda_draws": torch.cuda.get_rng_state(net.device_) if on_gpu else None,
        }
        unfinished = self.path.with_suffix(".part")
        try:
            torch.save(state, unfinished)
            unfinished.replace(self.path)
        except (OSError, RuntimeError) as error:
            unfinished.unlink(missing_ok=True)
            raise OSError(
                f"checkpoint_dir: {self.path} cannot be written ({error}). Make room"
                " there or name another folder."
            ) from error

    def _read(self):
        if not self.path.exists():
            return None
        try:
            found = torch.load(self.path, map_location="cpu", weights_only=True)
            is_run = found["format"] == _FORMAT
        except _NO_RUN:
            is_run = False
        if not is_run:
            raise ValueError(
                f"{self.path} is not a run that fit wrote. Move it away, or name"
                " another checkpoint_dir."
            )
        return found if found["key"] == self._key else None


def _as_json(value):
    return value.tolist() if hasattr(value, "tolist") else float(value)


def _encoded_state(random_state):
    state = random_state.get_state(legacy=False)
    return json.dumps(state, default=lambda array: array.tolist())


def _decoded_state(text):
    state = json.loads(text)
    inner = state["state"]
    inner.update(
        {
            name: np.array(each, np.uint32)
            for name, each in inner.items()
            if isinstance(each, list)
        }
    )
    return state
