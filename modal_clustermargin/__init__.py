"""Query strategies that choose large, diverse batches to label, for modAL.

A package imports only packages below it, and no private module of another package::

    _command         the command line
    comparison       compares strategies: settings, runs, statistics, report
    skactiveml       the strategies for scikit-activeml
    strategies       what to label next
        |
    selection        arrays in, picks out
    clustering       average linkage at scale, and the clusters of a pool
    transferability  LogME and PED: how well features suit labels
        |
    pools            rows of any kind: blocks, keys, stored features

Beside them stand::

    distributed      pools of Dask and Zarr, and neighbour searches on their workers
    estimators       networks with a scikit-learn interface (torch, skorch)
    learners         modAL's learners, for current scikit-learn and pandas
    testing          checks of a query strategy
    datasets         data sets by name
    labelling        batches of samples for people to label

`distributed` stands above `clustering` and `pools` and adds to them; `learners` uses
`pools`; `estimators`, `testing`, `datasets` and `labelling` use none of the others. All
packages may use the files beside this one.

Every package, and everything that needs torch, is imported on first use.
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
    "MaxHerding": "strategies",
    "NeighborGraph": "clustering",
    "RandomSampling": "strategies",
    "UncertaintyHerding": "strategies",
    "asvp_sampling": "strategies",
    "badge_sampling": "strategies",
    "cluster_margin_sampling": "strategies",
    "coreset_sampling": "strategies",
    "margin_sampling": "strategies",
    "max_herding_sampling": "strategies",
    "random_sampling": "strategies",
    "uncertainty_herding_sampling": "strategies",
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
