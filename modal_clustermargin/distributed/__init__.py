"""Pools and neighbour searches on the workers of a Dask cluster.

Importing this package lets `pools.open_pool` open dask and Zarr arrays.
"""

from modal_clustermargin.distributed._dask_pool import open_dask_array, open_zarr_array
from modal_clustermargin.pools import register_opener

register_opener("dask", open_dask_array)
register_opener("zarr", open_zarr_array)

__all__ = ["open_dask_array", "open_zarr_array"]
