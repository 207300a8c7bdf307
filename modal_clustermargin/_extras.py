"""Imports on first use, and of optional dependencies."""

import sys
from importlib import import_module


def lazy_names(package, modules, extra=None):
    """``__all__``, ``__getattr__`` and ``__dir__`` of a package that imports late.

    `modules` maps the modules of the package to their public names. If a dependency is
    missing, ImportError says how to install the `extra`.
    """
    module_of = {name: module for module, names in modules.items() for name in names}

    def get(name):
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            return getattr(import_module(f"{package}.{module_of[name]}"), name)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if extra is None or missing == "modal_clustermargin":
                raise
            raise ImportError(
                f"{package} needs {missing}, which is not installed:"
                f' pip install "modal-clustermargin[{extra}]".'
            ) from error

    return sorted(module_of), get, lambda: [*vars(sys.modules[package]), *module_of]
