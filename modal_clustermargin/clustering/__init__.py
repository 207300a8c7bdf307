"""Average linkage at scale, neighbour graphs, and the clusters of a pool that shrinks.

No function here takes a classifier or a query strategy. The parts from which a
neighbour search on workers is built are in
:mod:`modal_clustermargin.clustering.neighbors`.
"""

from modal_clustermargin.clustering._average_linkage import AverageLinkage
from modal_clustermargin.clustering._nearest_among import nearest_among
from modal_clustermargin.clustering._neighbor_graph import NeighborGraph
from modal_clustermargin.clustering._pool_clusters import PoolClusters
from modal_clustermargin.clustering._rows import prepare_rows

__all__ = [
    "AverageLinkage",
    "NeighborGraph",
    "PoolClusters",
    "nearest_among",
    "prepare_rows",
]
