"""Objects that settings name by their import path, ``"package.module:name"``."""

import copy
import functools
import inspect
import pkgutil


def is_path(name):
    """Whether a name is an import path."""
    return ":" in name


def build_by_path(path, options, who, what, **if_accepted):
    """Import a class, function or instance, and make an instance from it.

    A class is called with the options, a function is wrapped in a partial, and an
    instance is copied. The options in `if_accepted` are added if the signature has
    them. `who` and `what` appear in the messages of ValueError.
    """
    try:
        found = pkgutil.resolve_name(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{who} cannot import the {what} {path!r} ({error}). Write it as"
            " 'package.module:name', importable from the working directory."
        ) from error
    if not hasattr(found, "__name__"):
        return _copy(found, options, who, what, if_accepted)
    parameters = inspect.signature(found).parameters
    options = {k: v for k, v in if_accepted.items() if k in parameters} | options
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    odd = sorted(set(options) - set(parameters))
    if odd and not takes_any:
        raise ValueError(
            f"{who} got the option {odd[0]!r} for the {what} {found.__name__}, which"
            f" takes {', '.join(parameters) or 'none'}."
        )
    if not inspect.isclass(found):
        return functools.partial(found, **options) if options else found
    try:
        inspect.signature(found).bind(**options)
    except TypeError as error:
        raise ValueError(
            f"{who} cannot make the {what} {found.__name__}: {error}. Give the argument"
            " as an option."
        ) from error
    return found(**options)


def _copy(instance, options, who, what, if_accepted):
    if options:
        raise ValueError(
            f"{who} got options for the {what} {type(instance).__name__}, which is an"
            " instance. Name its class, or set the options where it is created."
        )
    made = copy.deepcopy(instance)
    if hasattr(made, "set_params"):
        known = made.get_params(deep=False)
        made.set_params(**{k: v for k, v in if_accepted.items() if k in known})
    return made
