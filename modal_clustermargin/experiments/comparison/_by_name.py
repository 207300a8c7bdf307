"""Objects that settings name: by a short name here, or by where they are.

``"package.module:name"`` is the attribute of that name of an importable module, for
what users wrote themselves.
"""

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
    found : class or function

    options : dict

    who, what : str
        Named in messages.

    **if_taken
        Given as well, where the signature has them and the options do not.

    Returns
    -------
    made : instance of the class, or the function with its options fixed

    Raises
    ------
    ValueError
        If it does not take the options.
    """
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
        return found(**options)
    return functools.partial(found, **options) if options else found
