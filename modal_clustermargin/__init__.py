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

Every package, and everything that needs torch, is imported on first use.
"""

from importlib.metadata import PackageNotFoundError, version

from modal_clustermargin._extras import lazy_names

__all__, __getattr__, __dir__ = lazy_names(
    __name__,
    {
        "clustering": ("AverageLinkage", "NeighborGraph"),
        "strategies": (
            *("ASVP", "BADGE", "ClusterMargin", "CoreSet", "MarginSampling"),
            *("MaxHerding", "RandomSampling", "UncertaintyHerding"),
            *("asvp_sampling", "badge_sampling", "cluster_margin_sampling"),
            *("coreset_sampling", "margin_sampling", "max_herding_sampling"),
            *("random_sampling", "uncertainty_herding_sampling"),
        ),
    },
)

try:
    __version__ = version("modal-clustermargin")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
