"""Settings as text, so that another process can compare them with its own."""

import functools
import inspect
import re
import sys
from collections.abc import Mapping
from enum import Enum

import joblib
import numpy as np

# Parameters that change neither a network nor a pick.
_WITHOUT_EFFECT = {
    "checkpoint_dir",
    "device",
    "iterator_valid",
    "predict_batch_size",
    "verbose",
}


def settings_text(value):
    """Write a setting as text that is equal for equal settings in every process.

    An estimator is written with its parameters, except those that change no result,
    such as `verbose` and `device`; an array or a tensor with a hash of its content; a
    torch module with its layers and weights; a class or a function by its module and
    name, without its code; any other object with its public attributes, or with what
    its method ``identity()`` returns.

    Raises ValueError for a lambda or a function defined inside another function, whose
    names are not unique, and for a random generator, whose state changes.
    """
    if isinstance(value, np.random.RandomState | np.random.Generator):
        raise ValueError(
            "Settings that are compared with those of an earlier process need"
            f" random_state as an int or None; got a {type(value).__name__}, whose"
            " state changes with every draw."
        )
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, functools.partial):
        return _text_of_items(
            "partial", (value.func, value.args, list(value.keywords.items()))
        )
    if inspect.isclass(value) or hasattr(value, "__qualname__"):
        return _text_of_name(value)
    if isinstance(value, Enum):
        return repr(value)
    if isinstance(value, tuple | list):
        name = "" if type(value) in (tuple, list) else type(value).__name__
        return _text_of_items(name, value)
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(settings_text, value)))}}}"
    if isinstance(value, Mapping):
        return _text_of_mapping(type(value).__name__, value)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return f"tensor({joblib.hash(_array(value))})"
    if torch is not None and isinstance(value, torch.nn.Module):
        return _text_of_module(value)
    if hasattr(value, "__array__"):
        return f"array({joblib.hash(np.asarray(value))})"
    return _text_of_object(value)


def _text_of_name(value):
    name = f"{getattr(value, '__module__', None)}.{value.__qualname__}"
    if not inspect.isclass(value) and ("<lambda>" in name or "<locals>" in name):
        raise ValueError(
            f"The function {name} cannot be recognised in another process. Define it"
            " with a def at the top level of a module, and set its arguments with"
            " functools.partial."
        )
    owner = getattr(value, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):  # a bound method
        return f"{name} of {settings_text(owner)}"
    return name


def _text_of_items(name, items):
    return f"{name}({', '.join(map(settings_text, items))})"


def _text_of_mapping(name, mapping):
    parts = sorted(f"{key}={settings_text(value)}" for key, value in mapping.items())
    return f"{name}({', '.join(parts)})"


def _text_of_module(module):
    tensors = [*module.named_parameters(), *module.named_buffers()]
    layers = {name: _text_of_attributes(part) for name, part in module.named_modules()}
    trained = [name for name, part in module.named_parameters() if part.requires_grad]
    weights = {name: _array(part) for name, part in tensors}
    return f"{type(module).__name__}({joblib.hash((layers, trained, weights))})"


def _array(tensor):
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype.itemsize == 2 else tensor).numpy()


def _text_of_object(value):
    if hasattr(value, "identity"):
        return _text_of_items(type(value).__name__, value.identity())
    if hasattr(value, "get_params"):
        return _text_of_mapping(
            type(value).__name__,
            {
                name: part
                for name, part in value.get_params(deep=False).items()
                if name.partition("__")[0] not in _WITHOUT_EFFECT
            },
        )
    if hasattr(value, "__dict__"):
        return _text_of_attributes(value)
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def _text_of_attributes(value):
    attributes = {
        name: part
        for name, part in vars(value).items()
        if not name.startswith("_") and not name.endswith("_") and name != "training"
    }
    return _text_of_mapping(type(value).__name__, attributes)
