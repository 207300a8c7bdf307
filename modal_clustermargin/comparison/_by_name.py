"""Objects that settings name: by a short name here, or by where they are.

``"package.module:name"`` is the attribute of that name of an importable module, for
what users wrote themselves.
"""

import copy
import functools
import inspect
import pkgutil


def is_path(name):
    """Whether a name says where something is."""
    return ":" in name


def resolve(name, who, what):
    """The object at ``"package.module:name"``, or ValueError.

    `who` and `what` are named in the message.
    """
    try:
        return pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{who} cannot import the {what} {name!r} ({error}). It is to be"
            " 'package.module:name', importable from where the command runs."
        ) from error


def build(found, options, who, what, **if_taken):
    """Call a class with options, or give them to a function for later.

    Parameters
    ----------
    found : class, function or instance
        An instance takes no options, and is copied.

    options : dict

    who, what : str
        Named in messages.

    **if_taken
        Given as well, where the signature has them and the options do not.

    Returns
    -------
    made : instance of the class, the function with its options fixed, or a copy

    Raises
    ------
    ValueError
        If it does not take the options.
    """
    if not hasattr(found, "__name__"):  # an instance
        return _copied(found, options, who, what, if_taken)
    taken = inspect.signature(found).parameters
    options = {k: v for k, v in if_taken.items() if k in taken} | options
    takes_any = any(each.kind is each.VAR_KEYWORD for each in taken.values())
    odd = sorted(set(options) - set(taken))
    if odd and not takes_any:
        raise ValueError(
            f"{who} got {odd[0]!r} for the {what} {found.__name__}, which takes"
            f" {', '.join(taken) or 'nothing'}."
        )
    if inspect.isclass(found):
        lacking = [
            name
            for name, each in taken.items()
            if each.default is each.empty
            and each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
            and name not in options
        ]
        if lacking:
            raise ValueError(
                f"{who} cannot make the {what} {found.__name__} without a value for"
                f" {lacking[0]!r}. Give it as an option."
            )
        return found(**options)
    return functools.partial(found, **options) if options else found


def _copied(instance, options, who, what, if_taken):
    if options:
        raise ValueError(
            f"{who} got options for the {what} {type(instance).__name__}, which is made"
            " already. Name its class, or set them where it is made."
        )
    made = copy.deepcopy(instance)
    if hasattr(made, "set_params"):
        known = made.get_params(deep=False)
        made.set_params(**{k: v for k, v in if_taken.items() if k in known})
    return made
