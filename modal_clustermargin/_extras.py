"""Imports of optional dependencies."""

from importlib import import_module


def import_with_extra(module, extra):
    """Import a module of this package whose dependencies are in an extra.

    Raises
    ------
    ImportError
        If a dependency is missing. The message says how to install it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("modal_clustermargin"):
            raise
        room = ".".join(module.split(".")[:2])
        raise ImportError(
            f"{room} needs {error.name}, which is not installed:"
            f' pip install "modal-clustermargin[{extra}]".'
        ) from error
