"""Pools and neighbour searches on the workers of a Dask cluster.

`pools.open_pool` imports this package for dask and Zarr arrays.
"""

from modal_clustermargin.distributed._dask_pool import open_array

__all__ = ["open_array"]
