"""A training run on disk, for a killed process to go on with."""

import inspect
import json
import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import torch
from torch import nn

_FORMAT = 1


class RunFolder:
    """What a `fit` has got to, in a folder that holds one such run.

    Parameters
    ----------
    folder : path-like
        Made if it is not there.

    what : dict of str to anything that can be pickled
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
        self._key = _key(what)
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
        net.module_.load_state_dict(self._found["module"])
        net.criterion_.load_state_dict(self._found["criterion"])
        net.optimizer_.load_state_dict(self._found["optimizer"])
        net.history.extend(json.loads(self._found["history"]))
        torch.set_rng_state(self._found["cpu_draws"])
        if net.device_.type == "cuda" and self._found["cuda_draws"] is not None:
            torch.cuda.set_rng_state(self._found["cuda_draws"], net.device_)
        return self._found["is_complete"]

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
            "history": json.dumps(list(net.history), default=float),
            "cpu_draws": torch.get_rng_state(),
            "cuda_draws": torch.cuda.get_rng_state(net.device_) if on_gpu else None,
        }
        unfinished = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            torch.save(state, unfinished)
            unfinished.replace(self.path)
        finally:
            unfinished.unlink(missing_ok=True)

    def _read(self):
        if not self.path.exists():
            return None
        try:
            found = torch.load(self.path, map_location="cpu", weights_only=True)
            is_run = found["format"] == _FORMAT
        except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError):
            is_run = False
        if not is_run:
            raise ValueError(
                f"{self.path} is not a run that fit wrote. Move it away, or name"
                " another checkpoint_dir."
            )
        return found if found["key"] == self._key else None


def _key(what):
    """Text that is the same for the same settings and data in every process."""
    try:
        return repr({name: _key_of(part) for name, part in sorted(what.items())})
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            "checkpoint_dir needs settings that can be pickled, to know a run again;"
            f" one cannot: {error}."
        ) from error


def _key_of(part):
    # Each part is hashed by itself: of two that are equal, a hash of both would
    # depend on whether they are one object.
    if isinstance(part, nn.Module):
        weights = part.state_dict().items()
        return str(part), [
            (name, joblib.hash(each.cpu().numpy())) for name, each in weights
        ]
    if inspect.isclass(part) or inspect.isroutine(part):
        return part.__module__, part.__qualname__
    if hasattr(part, "get_params"):
        return type(part).__qualname__, _key(part.get_params(deep=False))
    if isinstance(part, tuple | list):
        return [_key_of(each) for each in part]
    return joblib.hash(part)


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
