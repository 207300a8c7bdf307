"""`UncertaintyHerding` and `MaxHerding` for scikit-activeml."""

from modal_clustermargin import strategies
from modal_clustermargin.skactiveml._pool_strategy import (
    ClassifierStrategy,
    PoolStrategy,
)


class UncertaintyHerding(ClassifierStrategy):
    """Samples that cover most of the uncertainty around them.

    The strategy `modal_clustermargin.strategies.UncertaintyHerding` with
    scikit-activeml's interface. Labelled samples cover from the start.

    Parameters
    ----------
    graph, uncertainty, kernel_scale :
        As in `modal_clustermargin.strategies.UncertaintyHerding`.

    clf_embedding_flag_name, missing_label :
        As in `ClusterMargin`.

    random_state : int, RandomState instance or None, default=None
        Not used: nothing is drawn.

    Attributes
    ----------
    strategy_ : modal_clustermargin.strategies.UncertaintyHerding
        Has `graph_` and `last_query_`.

    Notes
    -----
    Utilities are greater than one for the samples that will be picked, the greatest for
    the first pick, and one half for all others.
    """

    adapted = strategies.UncertaintyHerding
    parameters = ("graph", "uncertainty", "kernel_scale")
    takes_labelled = True


class MaxHerding(PoolStrategy):
    """Samples that cover most of the pool.

    The strategy `modal_clustermargin.strategies.MaxHerding` with scikit-activeml's
    interface. It uses no classifier: pass embeddings as X.

    Parameters
    ----------
    graph, kernel_scale :
        As in `modal_clustermargin.strategies.MaxHerding`.

    missing_label, random_state :
        As in `UncertaintyHerding`.

    Notes
    -----
    Utilities are those of `UncertaintyHerding`.
    """

    adapted = strategies.MaxHerding
    parameters = ("graph", "kernel_scale")
    takes_labelled = True
