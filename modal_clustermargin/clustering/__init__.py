"""Average linkage at scale, and the clusters of a pool that shrinks.

Arrays in, arrays out: nothing here knows a classifier or a query strategy.
"""

from modal_clustermargin.clustering._average_linkage import AverageLinkage

__all__ = ["AverageLinkage"]
