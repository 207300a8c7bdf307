"""The two arguments of a module that can be learned from the data."""

import inspect
from functools import partial


def learned_arguments(module, given, known):
    """Arguments of `module` that the user left out and the data supply.

    Only a parameter called exactly ``n_features`` or ``n_classes`` is filled
    in; whatever the user gave stands.

    Parameters
    ----------
    module : callable
        The class of a module, or a function that returns one.

    given : dict
        Arguments that the user set as ``module__<name>``.

    known : dict
        ``n_features`` and ``n_classes``, or None for what the data so far do
        not tell.

    Returns
    -------
    learned : dict

    Raises
    ------
    ValueError
        If the module cannot be made without one that is neither given nor
        known.
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
