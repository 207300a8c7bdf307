"""Pools and neighbour searches on the workers of a Dask cluster."""
