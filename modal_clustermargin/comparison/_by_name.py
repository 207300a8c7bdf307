"""Objects that settings name by their import path, ``"package.module:name"``."""

import copy
import functools
import inspect
import pkgutil

from modal_clustermargin.comparison._settings import WHO


def build_by_path(path, options, what, **if_accepted):
    """Import a class, function or instance, and make an instance from it.

    A class is called with the options, a function is wrapped in a partial, and an
    instance is copied. The options in `if_accepted` are added if the signature has
    them. `what` appears in the messages of ValueError.
    """
    try:
        found = pkgutil.resolve_name(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{WHO} cannot import the {what} {path!r} ({error}). Write it as"
            " 'package.module:name', importable from the working directory."
        ) from error
    if not hasattr(found, "__name__"):
        return _copy(found, options, what, if_accepted)
    is_class, signature = inspect.isclass(found), inspect.signature(found)
    known = signature.parameters
    options = {k: v for k, v in if_accepted.items() if k in known} | options
    try:
        signature.bind(**options) if is_class else signature.bind_partial(**options)
    except TypeError as error:
        raise ValueError(
            f"{WHO} cannot make the {what} {found.__name__}: {error}. Its options are"
            f" {', '.join(known) or 'none'}."
        ) from error
    return found(**options) if is_class else functools.partial(found, **options)


def _copy(instance, options, what, if_accepted):
    if options:
        raise ValueError(
            f"{WHO} got options for the {what} {type(instance).__name__}, which is an"
            " instance. Name its class, or set the options where it is created."
        )
    made = copy.deepcopy(instance)
    if hasattr(made, "set_params"):
        known = made.get_params(deep=False)
        made.set_params(**{k: v for k, v in if_accepted.items() if k in known})
    return made
