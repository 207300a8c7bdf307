"""The two arguments of a module that are set from the data."""

import inspect
from functools import partial


def learned_arguments(module, given, known):
    """Arguments of a module class or function that the data supply.

    Only parameters called exactly ``n_features`` or ``n_classes`` are filled in, and
    only if the user has not `given` them. `known` holds both values, or None for a
    value that the data do not determine. Raises ValueError if the module requires such
    a value.
    """
    if isinstance(module, partial):
        given = {**module.keywords, **given}
    parameters = inspect.signature(module).parameters
    wanted = {name: parameters[name] for name in known if name in parameters}
    missing = [
        name
        for name, parameter in wanted.items()
        if name not in given
        and known[name] is None
        and parameter.default is parameter.empty
    ]
    if missing:
        name = getattr(module, "__name__", repr(module))
        raise ValueError(
            f"{name} needs {' and '.join(missing)}. fit learns n_classes"
            " from y, and n_features from an X of two dimensions; otherwise pass"
            f" {', '.join(f'module__{name}=' for name in missing)}."
        )
    return {
        name: known[name]
        for name in wanted
        if name not in given and known[name] is not None
    }
