"""Pools and neighbour searches on the workers of a Dask cluster.

The import of this package registers dask and Zarr arrays with `pools.open_pool`.
"""

from modal_clustermargin.distributed._dask_pool import open_dask_array, open_zarr_array
from modal_clustermargin.pools import register_opener

register_opener("dask", open_dask_array)
register_opener("zarr", open_zarr_array)

__all__ = ["open_dask_array", "open_zarr_array"]
