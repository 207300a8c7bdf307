"""Objects that settings name by their import path, ``"package.module:name"``."""

import copy
import functools
import inspect
import pkgutil
import traceback
from pathlib import Path

from modal_clustermargin.comparison._settings import WHO


def build_by_path(path, options, what, random_state):
    """Import a class to call, a function to wrap in a partial, or an instance to copy.

    They get `random_state` if they have that parameter.
    """
    try:
        found = pkgutil.resolve_name(path)
    except Exception as error:  # importing runs a module, which may raise any error
        raise ValueError(
            f"{WHO} cannot import the {what} {path!r} ({explained(error)}). Write it as"
            " 'package.module:name', importable from the working directory."
        ) from error
    if not hasattr(found, "__name__"):
        if options:
            raise ValueError(
                f"{WHO} got options for the {what} {type(found).__name__}, which is an"
                " instance. Name its class, or set the options where it is created."
            )
        made = copy.deepcopy(found)
        if hasattr(made, "set_params") and "random_state" in made.get_params():
            made.set_params(random_state=random_state)
        return made
    signature = inspect.signature(found)
    if "random_state" in signature.parameters:
        options = {"random_state": random_state, **options}
    is_class = inspect.isclass(found)
    try:
        signature.bind(**options) if is_class else signature.bind_partial(**options)
    except TypeError as error:
        raise ValueError(
            f"{WHO} cannot make the {what} {found.__name__}: {error}. Its options are"
            f" {', '.join(signature.parameters) or 'none'}."
        ) from error
    if not is_class:
        return functools.partial(found, **options)
    try:
        return found(**options)
    except Exception as error:
        raise ValueError(
            f"{WHO} cannot make the {what} {found.__name__}: {explained(error)}"
        ) from error


def explained(error):
    """The kind, the message and the place of an error, in one line."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    name = Path(place.filename).name
    return f"{type(error).__name__}: {error} ({name}, line {place.lineno})"
