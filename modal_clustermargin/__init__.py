"""Query strategies that choose large, diverse batches to label, for modAL.

Imports point downwards only:

    strategies       what to label next            (the public face)
        |
    selection        arrays in, picks out
    clustering       average linkage at scale, the clusters of a pool
        |
    pools            rows of any kind: here, or in chunks where workers are

    estimators       networks with a ``fit`` that give ``embed`` (torch, skorch)

Nothing is imported before it is asked for.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

_HOME = {
    "ASVP": "strategies",
    "AverageLinkage": "clustering",
    "BADGE": "strategies",
    "ClusterMargin": "strategies",
    "CoreSet": "strategies",
    "MarginSampling": "strategies",
    "RandomSampling": "strategies",
    "asvp_sampling": "strategies",
    "badge_sampling": "strategies",
    "cluster_margin_sampling": "strategies",
    "coreset_sampling": "strategies",
    "margin_sampling": "strategies",
    "random_sampling": "strategies",
}

__all__ = sorted(_HOME)

try:
    __version__ = version("modal-clustermargin")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
