"""Data sets by name, for experiments: drawn here, or read from files.

`load_data` gives one of them as a pool and a test; `data_sets` says which there are
and `describe_data_sets` prints it. Nothing is downloaded unless asked for.
"""

from importlib import import_module

# What reads images needs torchvision, and is imported when it is asked for.
_HOME = {
    "DataCard": "_cards",
    "DataOption": "_cards",
    "DataSet": "_data_set",
    "data_sets": "_catalogue",
    "describe_data_sets": "_catalogue",
    "load_data": "_catalogue",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
