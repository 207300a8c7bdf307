"""Text by which the same settings and data are known again in another process.

What cannot be told apart would let a run go on with another's weights, so whatever
a fit may depend on counts: the code of functions and classes, what they enclose,
and every attribute of an object that is not its own book-keeping.
"""

import functools
import inspect
import types

import joblib
import numpy as np
import torch
from torch import nn

from modal_clustermargin.estimators._dataset_rows import DatasetRows

# Their code does not change between two processes of one environment.
_INSTALLED = (
    "builtins",
    "modal_clustermargin",
    "numpy",
    "sklearn",
    "skorch",
    "torch",
    "torchvision",
)

# Attributes of a class that are settings.
_PLAIN = (bool, int, float, str, tuple, list, dict, torch.Tensor, np.ndarray, type)


def run_key(what):
    """Text for a dict of settings and data.

    Parameters
    ----------
    what : dict of str to anything

    Returns
    -------
    key : str

    Raises
    ------
    TypeError
        If something in it can be known by nothing.
    """
    return joblib.hash(_key_of(what, ()))


def _key_of(part, above):
    if any(part is each for each in above):
        return "itself"
    above = (*above, part)
    if part is None or isinstance(part, bool | int | float | complex | str | bytes):
        return repr(part)
    if isinstance(part, torch.Tensor):
        data = part.detach().cpu().contiguous().view(-1)
        data = data.view(torch.uint8).numpy() if data.numel() else np.empty(0)
        kind = f"{tuple(part.shape)} {part.dtype} {part.requires_grad}"
        return f"tensor {kind} {joblib.hash(data)}"
    if isinstance(part, np.ndarray):
        return f"array {joblib.hash(part)}"
    if isinstance(part, dict | types.MappingProxyType):
        names = sorted(part, key=repr)
        return str([(repr(name), _key_of(part[name], above)) for name in names])
    if isinstance(part, tuple | list):
        return str([_key_of(each, above) for each in part])
    if isinstance(part, set | frozenset):
        return str(sorted(_key_of(each, above) for each in part))
    if isinstance(part, functools.partial):
        return _key_of((part.func, part.args, part.keywords), above)
    if isinstance(part, types.MethodType):
        return _key_of((part.__self__, part.__func__), above)
    if inspect.isclass(part):
        return _key_of_class(part, above)
    if isinstance(part, types.FunctionType):
        return _key_of_function(part, above)
    if isinstance(part, types.CodeType):
        return _key_of((part.co_code, part.co_names, part.co_consts), above)
    return _key_of_object(part, above)


def _key_of_class(part, above):
    name = f"{part.__module__}.{part.__qualname__}"
    if part.__module__.partition(".")[0] in _INSTALLED:
        return name
    own = {}
    for attribute, value in vars(part).items():
        if isinstance(value, property):
            value = (value.fget, value.fset)
        elif isinstance(value, staticmethod | classmethod):
            value = value.__func__
        is_plain = not attribute.startswith("__") and isinstance(value, _PLAIN)
        if is_plain or isinstance(value, types.FunctionType):
            own[attribute] = value
    bases = [base for base in part.__bases__ if base is not object]
    return f"{name} {_key_of((own, bases), above)}"


def _key_of_function(part, above):
    name = f"{part.__module__}.{part.__qualname__}"
    if part.__module__.partition(".")[0] in _INSTALLED:
        return name
    enclosed = [cell.cell_contents for cell in part.__closure__ or ()]
    inside = (part.__code__, part.__defaults__, part.__kwdefaults__, enclosed)
    return f"{name} {_key_of(inside, above)}"


def _key_of_object(part, above):
    if isinstance(part, nn.Module):
        tensors = (dict(part.named_parameters()), dict(part.named_buffers()))
        layers = [
            (name, _key_of_class(type(layer), above), _settings(layer))
            for name, layer in part.named_modules()
        ]
        return _key_of((tensors, layers), above)
    kind = _key_of_class(type(part), above)
    if isinstance(part, DatasetRows):  # whose images may be gigabytes, or files
        return f"{kind} {_key_of(part.identity(), above)}"
    if hasattr(part, "get_params") and not inspect.isclass(part):
        return f"{kind} {_key_of(part.get_params(deep=False), above)}"
    if hasattr(part, "__dict__"):
        return f"{kind} {_key_of(_settings(part), above)}"
    try:
        return f"{kind} {joblib.hash(part)}"
    except Exception as error:  # whatever its pickling raises
        raise TypeError(
            "checkpoint_dir needs settings that can be pickled, to know a run again;"
            f" a {type(part).__name__} cannot: {error}."
        ) from error


def _settings(part):
    """Attributes but those that scikit-learn's and torch's habits make book-keeping."""
    return {
        name: value
        for name, value in vars(part).items()
        if not name.startswith("_") and not name.endswith("_") and name != "training"
    }
