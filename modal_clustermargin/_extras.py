"""Imports of optional dependencies."""

from importlib import import_module


def import_with_extra(module, extra):
    """Import a module of this package; ImportError says how to install the extra."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "modal_clustermargin":
            raise
        package = ".".join(module.split(".")[:2])
        raise ImportError(
            f"{package} needs {missing}, which is not installed:"
            f' pip install "modal-clustermargin[{extra}]".'
        ) from error
