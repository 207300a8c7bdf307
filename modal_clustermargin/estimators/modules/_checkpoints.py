"""Weights from a checkpoint, in which names may have a prefix."""

import argparse
import pickle
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import torch

# If a checkpoint holds a network twice, its authors evaluate this one: the query
# encoder of MoCo, the averaged network of BYOL and EMAN, the teacher of DINO.
_FIRST_CHOICES = ("encoder_q", "base_encoder", "ema", "target", "teacher")


class LoadedWeights(NamedTuple):
    """Which tensors of a checkpoint were copied into a module."""

    path: str
    prefix: str  # removed from the checkpoint's names
    matched: tuple  # names of tensors, as the module has them
    missing: tuple  # of the module, not in the checkpoint
    unused: tuple  # of the checkpoint, not in the module

    def __str__(self):
        return (
            f"{self.path}: {len(self.matched)} tensors matched under the prefix"
            f" {self.prefix!r}, {len(self.missing)} of the network are missing,"
            f" {len(self.unused)} of the checkpoint are not used."
        )


def load_checkpoint(module, path, prefix=None):
    """Copy the tensors of a checkpoint into a module.

    Parameters
    ----------
    module : nn.Module
        Changed in place.

    path : path-like
        A file that ``torch.save`` wrote: a state dict, or a dict with one under
        "state_dict", "model" or "teacher". Code in the file is not run.

    prefix : str, default=None
        Text before the module's own names in the checkpoint, such as
        ``"module.encoder_q."`` for MoCo. None takes the prefix under which the most
        tensors match in name and shape.

    Returns
    -------
    loaded : LoadedWeights

    Raises
    ------
    ValueError
        If the file is not a checkpoint, or lacks most of the module's tensors, or a
        tensor has another shape.
    """
    found = _state_dict(path)
    own = module.state_dict()
    prefix = _best_prefix(found, own) if prefix is None else prefix
    ours = {name: found[prefix + name] for name in own if prefix + name in found}
    for name, part in ours.items():
        if part.shape != own[name].shape:
            raise ValueError(
                f"The checkpoint {path} is of another architecture: {name} is"
                f" {tuple(part.shape)} there and {tuple(own[name].shape)} here."
            )
    if 2 * len(ours) < len(own):
        raise ValueError(
            f"The checkpoint {path} has {len(ours)} of the network's {len(own)} tensors"
            f" under the prefix {prefix!r}. The network's names begin with"
            f" {', '.join(list(own)[:3])}; the checkpoint's with"
            f" {', '.join(list(found)[:3])}. Use the network that the checkpoint was"
            " made from, or pass the prefix to load_checkpoint."
        )
    module.load_state_dict(ours, strict=False)
    return LoadedWeights(
        str(path),
        prefix,
        tuple(ours),
        tuple(name for name in own if name not in ours),
        tuple(name for name in found if name.removeprefix(prefix) not in ours),
    )


def _state_dict(path):
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"weights={str(path)!r} is neither a file nor the name of weights that"
            " torchvision has for this network."
        )
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            stored = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        raise ValueError(
            f"The checkpoint {path} cannot be read without running code from it"
            f" ({str(error).splitlines()[0]}). Save its state dict alone:"
            " torch.save(network.state_dict(), path)."
        ) from error
    stored = stored if isinstance(stored, dict) else {}
    for key in ("state_dict", "model", "teacher"):
        stored = stored[key] if isinstance(stored.get(key), dict) else stored
    tensors = {name: part for name, part in stored.items() if torch.is_tensor(part)}
    if not tensors:
        raise ValueError(f"The checkpoint {path} holds no named tensors.")
    return tensors


def _best_prefix(found, own):
    """The prefix under which the most tensors match; ties prefer _FIRST_CHOICES."""
    n_matches = Counter({"": 0})
    for stored_name, tensor in found.items():
        parts = stored_name.split(".")
        for n_taken in range(len(parts)):
            name = ".".join(parts[n_taken:])
            if name in own and own[name].shape == tensor.shape:
                n_matches[stored_name.removesuffix(name)] += 1

    def rank(prefix):
        is_chosen = any(part.startswith(_FIRST_CHOICES) for part in prefix.split("."))
        return n_matches[prefix], is_chosen

    return max(n_matches, key=rank)
