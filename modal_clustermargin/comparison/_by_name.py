"""Objects that settings name by their import path, ``"package.module:name"``."""

import copy
import functools
import inspect
import pkgutil

from modal_clustermargin.comparison._settings import WHO


def build_by_path(path, options, what, random_state):
    """Import a class to call, a function to wrap in a partial, or an instance to copy.

    They get `random_state` if they have that parameter.
    """
    try:
        found = pkgutil.resolve_name(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{WHO} cannot import the {what} {path!r} ({error}). Write it as"
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
    return found(**options) if is_class else functools.partial(found, **options)
